import { substituteOf, type Capabilities } from "./capabilities";
import { renderRule, type HbaRule } from "./hba/rule";
import { isNameList, namesOf, sameValueOf, textOf, type ActualSetting } from "./settings/catalog";
import { isSecretive } from "./settings/shown";
import { parseSettingValue } from "./settings/value";
import type { SettingValue } from "./server/role-settings";
import type { Refusal } from "./statement";

/** What is declared of a server and takes more than a login without superuser: plain values. */
export interface ServerNeeds {
  readonly settings: Readonly<Record<string, SettingValue>>;
  /** Rules of pg_hba.conf; absent: none are declared. */
  readonly rules?: readonly HbaRule[];
  readonly extensions: readonly { readonly database: string; readonly names: readonly string[] }[];
}

/** What the server has of it. */
export interface ServerOffers {
  readonly capabilities: Capabilities;
  /** Rows of pg_settings; those that the login may not see are missing. */
  readonly settings: readonly ActualSetting[];
  /** Extensions whose files the server has, and whether a login without superuser may make their default version. */
  readonly available: readonly { readonly name: string; readonly trusted: boolean }[];
  /** Extensions of each declared database that is there. */
  readonly present: Readonly<Record<string, readonly string[]>>;
}

/** A parameter that the service's own interface sets: a parameter group, database flags, server parameters. */
export interface ProviderParameter {
  readonly name: string;
  /** What to set there, in the parameter's own unit: services take numbers without one. */
  readonly value: string;
  /** Unit of `value` and `live` as pg_settings has it, such as `8kB`; empty: none. */
  readonly unit: string;
  /** The same as it is declared. */
  readonly declared: string;
  /** What the server has now; null: the login may not see it, the server does not know the name, or it may be secret. */
  readonly live: string | null;
  /** What it costs to change it. */
  readonly change: "restart" | "reload";
}

/** A way in that the service's firewall has to leave open. */
export interface ProviderRule {
  /** `all`, a network in CIDR notation, or a word of pg_hba.conf. */
  readonly address: string;
  readonly databases: readonly string[];
  readonly users: readonly string[];
  /** As pg_hba.conf would have it. */
  readonly rule: string;
}

export interface ProviderList {
  readonly parameters: readonly ProviderParameter[];
  /** Declared rules: no catalogue tells what a firewall lets through, so they are never compared. */
  readonly rules: readonly ProviderRule[];
}

/** What of a declaration is the service's to do, with the values: what the server has already, or `up` sets, is left out. */
export function listForProvider(needs: ServerNeeds, offers: ServerOffers): ProviderList {
  const live = new Map(offers.settings.map((row) => [row.name.toLowerCase(), row]));
  const granted = offers.capabilities.settings?.alter ?? [];
  const own = Object.entries(needs.settings)
    .filter(([name]) => !granted.includes(name.toLowerCase()))
    .flatMap(([name, value]) => parameter(name, value, live.get(name.toLowerCase())));
  return {
    parameters: [...own, ...allowLists(needs, offers)].toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    rules: (needs.rules ?? []).map((rule) => ({
      address: rule.address ?? "local",
      databases: rule.database,
      users: rule.user,
      rule: renderRule(rule),
    })),
  };
}

function parameter(name: string, value: SettingValue, live: ActualSetting | undefined): ProviderParameter[] {
  const declared = textOf(value);
  if (live === undefined) {
    return [{ name, value: declared, unit: "", declared, live: null, change: "reload" }];
  }
  // A service has libraries of its own beside: all of ours have to be there, and none of its is to go.
  if (isNameList(name)) {
    const [wanted, there] = [namesOf(value), namesOf(live.setting)];
    const all = [...there, ...wanted.filter((one) => !there.includes(one))];
    return all.length === there.length ? [] : [listed(live, all, declared)];
  }
  if (sameValueOf(live, name, declared, live.setting) && !live.pendingRestart) return [];
  const read = parseSettingValue(live, declared);
  const shown = isSecretive(live.name) ? null : live.setting;
  const own = "fault" in read ? declared : read.value;
  return [{ name: live.name, value: own, unit: live.unit, declared, live: shown, change: changeOf(live) }];
}

function listed(live: ActualSetting, all: readonly string[], declared: string): ProviderParameter {
  const change = changeOf(live);
  return { name: live.name, value: all.join(","), unit: "", declared, live: live.setting, change };
}

function changeOf({ context }: ActualSetting): "restart" | "reload" {
  return context === "postmaster" ? "restart" : "reload";
}

/** A service that lets only listed extensions be made says so in a setting of its own, such as `azure.extensions`. */
function allowLists(needs: ServerNeeds, { settings, present }: ServerOffers): ProviderParameter[] {
  const missing = missingExtensions(needs, present);
  return settings
    .filter(({ name, setting }) => /\.(?:allowed_)?extensions$/.test(name) && !["", "*"].includes(setting))
    .flatMap((live) => {
      const there = live.setting.split(",").map((one) => one.trim());
      const lower = new Set(there.map((one) => one.toLowerCase()));
      const wanted = missing.filter((one) => !lower.has(one));
      return wanted.length === 0 ? [] : [listed(live, [...there, ...wanted], wanted.join(","))];
    });
}

function missingExtensions({ extensions }: ServerNeeds, present: ServerOffers["present"]): string[] {
  const all = extensions.flatMap(({ database, names }) =>
    names.filter((name) => present[database]?.includes(name) !== true),
  );
  return [...new Set(all)].toSorted();
}

/** Extensions that could not be made, each by name: their official resources would end the run half-way. */
export function refuseExtensions(needs: ServerNeeds, offers: ServerOffers): Refusal[] {
  const { capabilities, available, present } = offers;
  const found = new Map(available.map(({ name, trusted }) => [name, trusted]));
  const mayAll = capabilities.superuser || substituteOf(capabilities) !== undefined;
  return needs.extensions.flatMap(({ database, names }) =>
    names
      .filter((name) => present[database]?.includes(name) !== true)
      .flatMap((name): Refusal[] => {
        const subject = `extension ${database}.${name}`;
        const trusted = found.get(name);
        if (trusted === undefined) {
          const hint =
            "install its package on the server's host, or take it out of extensions; a managed service lists what it has";
          return [{ subject, message: "the server has no files of it", hint }];
        }
        if (trusted || mayAll) return [];
        return [
          {
            subject,
            message: `it is not trusted: only a superuser makes it, and ${capabilities.login} is none`,
            hint: `have a superuser run CREATE EXTENSION "${name}" in ${database} once that is there, or take it out of extensions`,
          },
        ];
      }),
  );
}

/** One line for the preview; undefined: nothing is left to do. */
export function noteForProvider({ parameters, rules }: ProviderList): string | undefined {
  const parts = [
    ...(parameters.length === 0
      ? []
      : [
          `${parameters.length} of the declared settings are not as declared (${parameters.map(({ name }) => name).join(", ")})`,
        ]),
    ...(rules.length === 0 ? [] : [`${rules.length} rules of pg_hba are the firewall's, and not compared`]),
  ];
  if (parts.length === 0) return undefined;
  return `the service's to do: ${parts.join("; ")}: \`npm run ops -- provider-settings\` has the values`;
}
