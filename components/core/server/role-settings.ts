import { quoteIdentifier, quoteLiteral } from "../identifier";
import type { Statement } from "../statement";

/** A setting's value as PostgreSQL writes it, `64MB`, `on`; a list for those that are lists. */
export type SettingValue = string | readonly string[];
export type DesiredSettings = Readonly<Record<string, SettingValue>>;

/** A row of pg_db_role_setting: null is every role, or every database. */
export interface ActualSettings {
  readonly role: string | null;
  readonly database: string | null;
  /** `name=value`, as the server keeps it. */
  readonly settings: readonly string[];
}

/** Whose settings: of a role, of a role in one database, or of a database. */
export interface SettingsTarget {
  readonly role?: string;
  readonly database?: string;
}

/**
 * Settings whose value is a list of names, each quoted by itself (`GUC_LIST_QUOTE`): one literal would be one name.
 * Source: src/backend/utils/misc/guc_tables.c and src/bin/pg_dump/dumputils.c (`variable_is_guc_list_quote`) of 17.
 */
export const nameLists: ReadonlySet<string> = new Set([
  "local_preload_libraries",
  "search_path",
  "session_preload_libraries",
  "shared_preload_libraries",
  "temp_tablespaces",
  "unix_socket_directories",
]);

/** A statement about one setting. */
export interface SettingStatement {
  readonly name: string;
  readonly statement: Statement;
}

/** The statements that make settings what they are to be; what nobody declared is reset. */
export function diffSettings(
  target: SettingsTarget,
  desired: DesiredSettings,
  actual: readonly string[],
): SettingStatement[] {
  const found = new Map(actual.map(parseSetting));
  const wanted = new Map(
    Object.entries(desired).map(([name, value]) => [name.toLowerCase(), { name, value }]),
  );
  const extra = [...found].filter(([name]) => !wanted.has(name)).toSorted(byKey);
  return [
    ...extra.map(([name]) => ({
      name,
      statement: statement(target, `RESET ${quoteIdentifier(name)}`, "nobody declared it"),
    })),
    ...[...wanted].toSorted(byKey).flatMap(([key, { name, value }]) => {
      const has = found.get(key);
      if (has !== undefined && sameSetting(key, value, has)) return [];
      const sql = `SET ${quoteIdentifier(name)} TO ${renderSetting(name, value)}`;
      const reason = has === undefined ? "declared and not set" : hadReason(key, has);
      return [{ name, statement: statement(target, sql, reason) }];
    }),
  ];
}

/** A value as SQL, after `TO`. */
export function renderSetting(name: string, value: SettingValue): string {
  if (!nameLists.has(name.toLowerCase()))
    return literal(typeof value === "string" ? value : value.join(", "));
  const names = namesOf(value);
  return names.length === 0 ? "''" : names.map(literal).join(", ");
}

/** Whether what the server keeps is what is declared, however it is spelt. */
function sameSetting(name: string, value: SettingValue, actual: string): boolean {
  if (!nameLists.has(name)) return (typeof value === "string" ? value : value.join(", ")) === actual;
  return JSON.stringify(namesOf(value)) === JSON.stringify(parseNames(actual));
}

function namesOf(value: SettingValue): readonly string[] {
  return typeof value === "string" ? parseNames(value) : value;
}

/** `app, "My schema"` as its names; those without quotes are in small letters, as PostgreSQL reads them. */
export function parseNames(text: string): string[] {
  return [...text.matchAll(/"((?:[^"]|"")*)"|([^\s,"][^,"]*)/g)]
    .map(([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? (bare ?? "").trim().toLowerCase())
    .filter((name) => name !== "");
}

function parseSetting(text: string): [string, string] {
  const at = text.indexOf("=");
  return [text.slice(0, at).toLowerCase(), text.slice(at + 1)];
}

function hadReason(name: string, value: string): string {
  // A setting of an extension or an application may hold what is not for everybody's eyes.
  return name.includes(".") ? "the server has another value" : `the server has ${value}`;
}

function statement({ role, database }: SettingsTarget, what: string, reason: string): Statement {
  const place = database === undefined ? "" : ` IN DATABASE ${quoteIdentifier(database)}`;
  const subject =
    role === undefined
      ? `ALTER DATABASE ${quoteIdentifier(database ?? "")}`
      : `ALTER ROLE ${quoteIdentifier(role)}${place}`;
  return { sql: `${subject} ${what}`, reason, risk: "access", kind: "setting" };
}

function literal(text: string): string {
  return quoteLiteral(text).trim();
}

function byKey([a]: readonly [string, unknown], [b]: readonly [string, unknown]): number {
  return a < b ? -1 : Number(a > b);
}
