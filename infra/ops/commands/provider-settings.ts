import { superuserCapabilities, type Capabilities } from "../../../components/core/capabilities";
import type { Finding } from "../../../components/core/finding";
import {
  listForProvider,
  type ProviderParameter,
  type ProviderRule,
} from "../../../components/core/provider-settings";
import { readCapabilities } from "../../../components/io/capabilities";
import { readOffers } from "../../../components/io/server-offers";
import { maintenanceDatabase } from "../../../components/io/session";
import { needsOf } from "../../plan";
import type { Colors } from "../colors";
import type { OpsCommand } from "../command";
import type { Report } from "../report";
import { renderTable } from "../table";
import { openWatcher } from "../watcher";

/** What the managing login may do, as the server says; nothing is believed from a name or a brand. */
export type Right = Exclude<
  keyof Capabilities,
  "login" | "serverVersion" | "inRecovery" | "memberOf" | "adminOf" | "settings"
>;

/** What `provider-settings` tells, as JSON. */
export interface ProviderSettingsData {
  readonly place: string;
  readonly login: string;
  readonly rights: Readonly<Record<Right, boolean>>;
  /** Roles that the login works as. */
  readonly memberOf: readonly string[];
  /** Settings that it was granted, which `up` sets by itself: `alter` with ALTER SYSTEM, `set` for roles and databases. */
  readonly granted: Readonly<Record<"alter" | "set", readonly string[]>>;
  /** What is not as declared, with what to set it to: empty once all is applied. */
  readonly parameters: readonly ProviderParameter[];
  /** Declared rules of pg_hba.conf, for a firewall; they are not compared. */
  readonly rules: readonly ProviderRule[];
}

/** Lists what is declared and only the service's own interface can set. */
export const providerSettingsCommand: OpsCommand<object, ProviderSettingsData> = {
  name: "provider-settings",
  summary: "list what a managed service's own interface has to set, with the exact values",
  declare: (command) => {
    command.addHelpText("after", help);
  },
  async run(context) {
    const { stack, config, outputs, progress } = context;
    const watcher = await openWatcher(context);
    const { administrator } = await outputs();
    const needs = needsOf(config);
    const offers = await progress(
      `asking the server at ${watcher.place}`,
      watcher.asAdministrator(maintenanceDatabase, async (session) => {
        const capabilities = await readCapabilities(session);
        return readOffers(administrator, session, { needs, capabilities, statementTimeoutMs: 10_000 });
      }),
    );
    const { capabilities } = offers;
    const list = listForProvider(needs, offers);
    const data = {
      place: watcher.place,
      login: capabilities.login,
      rights: rightsOf(capabilities),
      memberOf: capabilities.memberOf,
      granted: { alter: capabilities.settings?.alter ?? [], set: capabilities.settings?.set ?? [] },
      ...list,
    };
    return { command: "provider-settings", stack, data, findings: list.parameters.map(toFinding) };
  },
  render: (report, _args, colors) => ({ output: renderList(report, colors) }),
};

const help = `
Settings take their numbers in the parameter's own unit, as parameter groups and database flags have them: 4GB of
shared_buffers are 524288, in units of 8kB. What the server has already is left out; with nothing left the exit code
is 0. Libraries and lists of allowed extensions keep what the service has in them. Rules of pg_hba.conf are told for the
firewall, and not compared: no catalogue knows it.

JSON: data.parameters [{ name, value, unit, declared, live, change }]; data.rules [{ address, databases, users, rule }];
data.rights { superuser, createRole, alterSystem, … }, data.memberOf, data.granted { alter, set }: settings that the login
was granted (GRANT … ON PARAMETER), which \`up\` sets by itself.

Examples:
  npm run ops -- provider-settings --stack prod
  npm run ops -- provider-settings --stack prod --json | jq -r '.data.parameters[] | "\\(.name)=\\(.value)"'`;

const words = Object.keys(superuserCapabilities("")).filter(
  (name) => !["login", "serverVersion", "inRecovery", "memberOf", "adminOf", "settings"].includes(name),
) as Right[];

function rightsOf(capabilities: Capabilities): Record<Right, boolean> {
  return Object.fromEntries(words.map((name) => [name, capabilities[name]])) as Record<Right, boolean>;
}

function toFinding({ name, value, unit, declared, live, change }: ProviderParameter): Finding {
  const own = unit === "" ? "" : ` (in units of ${unit}; declared ${declared})`;
  return {
    subject: `setting ${name}`,
    message: `it is ${live ?? "not to be seen"}, and is to be ${value}${own}`,
    hint: `set ${name} to ${value} where the service has its parameters; it takes a ${change}`,
  };
}

function renderList({ stack, data }: Report<ProviderSettingsData>, colors: Colors): string {
  const { parameters, rules, rights, granted, login, place } = data;
  const has = [
    ...words.filter((name) => rights[name]),
    ...(granted.alter.length === 0 ? [] : [`ALTER SYSTEM of ${granted.alter.join(", ")}`]),
    ...(granted.set.length === 0 ? [] : [`SET of ${granted.set.join(", ")}`]),
  ];
  const columns = (names: readonly string[]): { heading: string }[] => names.map((heading) => ({ heading }));
  const sections = [
    `stack ${stack}: ${login} at ${place} may: ${has.join(", ") || "nothing beyond its own"}`,
    ...(parameters.length === 0
      ? ["every declared setting is as declared"]
      : [
          renderTable(
            "To set where the service has its parameters",
            columns(["name", "value", "unit", "declared", "now", "takes"]),
            parameters.map(({ name, value, unit, declared, live, change }) => [
              name,
              value,
              unit,
              declared,
              live ?? "not to be seen",
              change,
            ]),
            colors,
          ),
        ]),
    ...(rules.length === 0
      ? []
      : [
          renderTable(
            "To let through (firewall), not compared",
            columns(["address", "databases", "users", "as pg_hba.conf has it"]),
            rules.map(({ address, databases, users, rule }) => [
              address,
              databases.join(","),
              users.join(","),
              rule,
            ]),
            colors,
          ),
        ]),
  ];
  return `${sections.join("\n\n")}\n`;
}
