import type { Finding } from "../finding";
import { nameMatcher } from "./name-pattern";
import type { ActualSettings } from "../server/role-settings";
import { isAutoFile, sameValueOf, type ActualSetting, type SettingsCatalog } from "../settings/catalog";
import { knownExtensionSettings } from "../settings/known";
import { isKeptByOthers } from "../settings/owners";
import { compareSettings, type DesiredSettingsOfServer } from "../settings/plan";
import { isSecretive, shownValue } from "../settings/shown";
import type { Statement } from "../statement";

/** Who wants a value: the declaration, a formula of tuning, another part of pgstead, whoever made the server, or nobody. */
export type SettingOwner =
  "declared" | "tuning" | "pgstead" | "initdb" | "server" | "administrator" | "command line" | "nobody";

/** One setting, and why it is as it is. */
export interface SettingReport {
  readonly name: string;
  /** With its unit; `…` where it may hold a secret. */
  readonly value: string;
  /** Value without any configuration (`boot_val`). */
  readonly default: string;
  /** As pg_settings has it, such as `configuration file`; of the file: which, and its line. */
  readonly source: string;
  readonly owner: SettingOwner;
  /** Why, in the words of the preview. */
  readonly reason: string;
  /** What a change takes: `restart`, `reload`, `new session` or nothing (`session`), or `never`. */
  readonly change: "restart" | "reload" | "new session" | "session" | "never";
  readonly pendingRestart: boolean;
  /** True where it is not as declared, or nobody declared it. */
  readonly deviates: boolean;
}

/** A setting of a role or a database (`pg_db_role_setting`), which counts for their sessions instead. */
export interface SettingOverride {
  readonly role: string | null;
  readonly database: string | null;
  readonly name: string;
  readonly value: string;
}

export interface SettingsAnswer {
  readonly settings: readonly SettingReport[];
  readonly overrides: readonly SettingOverride[];
  readonly findings: readonly Finding[];
}

export interface SettingsQuestion {
  readonly catalog: SettingsCatalog;
  /** Undefined: nothing is declared of the settings, and they are not looked after. */
  readonly desired?: DesiredSettingsOfServer;
  readonly overrides: readonly ActualSettings[];
  /** What would make settings of roles and databases what they are declared to be. */
  readonly overrideChanges: readonly Statement[];
  /** Shows settings that have their default as well. */
  readonly all: boolean;
  /** Names with `*` for any text; undefined: every name. */
  readonly name?: string;
  /** The command that brings the server to what is declared. */
  readonly mend: string;
}

/** What differs from PostgreSQL's defaults, who wants it, and what nobody does. */
export function explainSettings(question: SettingsQuestion): SettingsAnswer {
  const { catalog, desired, all, name } = question;
  const compared = desired === undefined ? undefined : compareSettings(desired, catalog);
  const differing = new Map((compared?.differences ?? []).map((change) => [change.name, change]));
  const isShown = nameMatcher(name ?? "*");
  const settings = catalog.settings
    .filter((row) => isShown(row.name))
    .filter((row) => all || isOfInterest(row, differing, compared?.declared))
    .map((row) => {
      const change = differing.get(row.name.toLowerCase());
      const found = { ...ownerOf(row, question, compared?.declared), deviates: change !== undefined };
      const nobodys = change?.statement?.sql.startsWith("ALTER SYSTEM RESET") === true;
      return report(row, catalog, nobodys ? { ...found, owner: "nobody", reason: "changed by hand" } : found);
    });
  const overrides = question.overrides.flatMap(readOverrides).filter((one) => isShown(one.name));
  return { settings, overrides, findings: findingsOf(question, settings, differing, isShown) };
}

/** A session has some values of its own, which say nothing of the server. */
function serverValue(row: ActualSetting): string {
  const ofSession = ["client", "session", "user", "database", "database user", "interactive"];
  return ofSession.includes(row.source) ? row.boot : row.setting;
}

function isOfInterest(
  row: ActualSetting,
  differing: ReadonlyMap<string, unknown>,
  declared: ReadonlyMap<string, unknown> | undefined,
): boolean {
  const name = row.name.toLowerCase();
  if (row.pendingRestart || differing.has(name) || declared?.has(name) === true) return true;
  if (row.context === "internal" || row.source === "override") return false;
  return !sameValueOf(row, row.name, serverValue(row), row.boot);
}

interface Owned {
  readonly owner: SettingOwner;
  readonly reason: string;
}

/** What initdb and the first start of a server that is made here write into postgresql.conf. */
const born =
  /^(?:max_connections|shared_buffers|dynamic_shared_memory_type|m(?:ax|in)_wal_size|log_timezone|datestyle|timezone|lc_.+|default_text_search_config|shared_preload_libraries|logging_collector|log_filename|log_truncate_on_rotation|log_rotation_(?:age|size)|log_line_prefix|password_encryption|autovacuum_worker_slots|unix_socket_directories)$/;

function ownerOf(
  row: ActualSetting,
  { desired, catalog }: SettingsQuestion,
  declared: ReadonlyMap<string, unknown> | undefined,
): Owned {
  const name = row.name.toLowerCase();
  if (desired !== undefined && declared?.has(name) === true) {
    const formula = desired.reasons[row.name] ?? desired.reasons[name];
    return formula === undefined
      ? { owner: "declared", reason: "pgstead:server.settings" }
      : { owner: "tuning", reason: formula };
  }
  if (row.source === "command line" || row.source === "environment variable") {
    return { owner: "command line", reason: "who starts the server sets it there, which outranks all files" };
  }
  const file = entryOf(row, catalog)?.file ?? row.file;
  if (file === undefined || row.context === "internal") return { owner: "server", reason: "" };
  return ofFile(name, file, desired);
}

function ofFile(name: string, file: string, desired: DesiredSettingsOfServer | undefined): Owned {
  if (/(?:^|[\\/])(?:pgstead|container)\.conf$/.test(file)) {
    return { owner: "pgstead", reason: "set where the server runs: clients and containers count on it" };
  }
  if (isKeptByOthers(name))
    return { owner: "pgstead", reason: "archiving, recovery and replication keep it" };
  if (desired?.made === undefined)
    return { owner: "administrator", reason: "written by whoever keeps the server" };
  if (isAutoFile(file)) return { owner: "nobody", reason: "changed by hand" };
  return born.test(name)
    ? { owner: "initdb", reason: "written when the server was made" }
    : { owner: "nobody", reason: "changed by hand" };
}

/** The last line of a name counts. */
function entryOf(row: ActualSetting, { entries }: SettingsCatalog) {
  return entries.findLast(
    ({ name, error }) => error === undefined && name.toLowerCase() === row.name.toLowerCase(),
  );
}

const changes: Readonly<Record<string, SettingReport["change"]>> = {
  postmaster: "restart",
  sighup: "reload",
  backend: "new session",
  "superuser-backend": "new session",
  internal: "never",
};

function report(
  row: ActualSetting,
  catalog: SettingsCatalog,
  more: Owned & { readonly deviates: boolean },
): SettingReport {
  const isHidden = isSecretive(row.name.toLowerCase()) && !knownExtensionSettings.has(row.name.toLowerCase());
  const entry = entryOf(row, catalog);
  const live = { ...row, setting: serverValue(row) };
  const ofFile = row.source === "configuration file" && entry !== undefined;
  return {
    name: row.name,
    value: isHidden ? "…" : shownValue(live),
    default: shownValue({ ...row, setting: row.boot }),
    source: ofFile ? `${baseName(entry.file)}:${entry.line}` : row.source,
    ...more,
    change: changes[row.context] ?? "session",
    pendingRestart: row.pendingRestart,
  };
}

function baseName(file: string): string {
  return file.split(/[\\/]/).at(-1) ?? file;
}

function readOverrides({ role, database, settings }: ActualSettings): SettingOverride[] {
  return settings.map((text) => {
    const at = text.indexOf("=");
    const name = text.slice(0, at);
    const isHidden = isSecretive(name.toLowerCase()) && !knownExtensionSettings.has(name.toLowerCase());
    return { role, database, name, value: isHidden ? "…" : text.slice(at + 1) };
  });
}

function findingsOf(
  { catalog, overrideChanges, mend }: SettingsQuestion,
  settings: readonly SettingReport[],
  differing: ReadonlyMap<string, { readonly statement?: Statement; readonly waits?: string }>,
  isShown: (name: string) => boolean,
): Finding[] {
  return [
    ...settings.flatMap((setting) => {
      const change = differing.get(setting.name.toLowerCase());
      return settingFindings(setting, change, mend);
    }),
    // Declared, and the server does not know it yet: its library is loaded by the next start.
    ...[...differing]
      .filter(([name]) => isShown(name) && settings.every((setting) => setting.name.toLowerCase() !== name))
      .map(([name, { statement }]) =>
        finding(name, statement?.reason ?? "is not in force", `\`${mend}\` mends it`),
      ),
    ...overrideChanges.map(({ sql, reason }) => ({
      subject: "settings of roles and databases",
      message: `${sql}: ${reason}`,
      hint: `\`${mend}\` does it; declare what is to stay`,
    })),
    ...catalog.entries
      .filter(({ error, name }) => error !== undefined && isShown(name) && !isOnlyPending(error))
      .map(({ name, file, line, error = "" }) =>
        finding(
          name,
          `${baseName(file)}, line ${line}: ${error}`,
          "mend the line: the server does not take the file",
        ),
      ),
  ];
}

/** The server says so of what waits for a restart as well, which is told by itself. */
function isOnlyPending(error: string): boolean {
  return /cannot be changed without restarting the server|setting could not be applied/.test(error);
}

function settingFindings(
  setting: SettingReport,
  change: { readonly statement?: Statement; readonly waits?: string } | undefined,
  mend: string,
): Finding[] {
  const { name, owner, pendingRestart } = setting;
  if (
    pendingRestart ||
    (change !== undefined && change.statement === undefined && change.waits === "restart")
  ) {
    return [
      finding(
        name,
        "is written and waits for a restart",
        `\`${mend}\` restarts where pgstead:server.restart allows it`,
      ),
    ];
  }
  if (owner === "nobody") {
    const hint = `\`${mend}\` takes it back; what is to stay belongs into pgstead:server.settings`;
    return [finding(name, `was changed by hand to ${setting.value}, and nobody declares it`, hint)];
  }
  if (change === undefined) return [];
  const message =
    change.statement === undefined
      ? "is written and not loaded"
      : `is not as declared: ${change.statement.reason}`;
  return [finding(name, message, `\`${mend}\` mends it`)];
}

function finding(name: string, message: string, hint: string): Finding {
  return { subject: `setting ${name}`, message, hint };
}
