import type { ActualSetting, FileEntry } from "../settings/catalog";

/** What of a live server decides what statements make of a schema: a scratch server has the same. */
export interface ServerModel {
  readonly locale: DatabaseLocale;
  /** Values by name in lower case, as the server's files have them. */
  readonly settings: Readonly<Record<string, string>>;
}

/** How the live database sorts and writes text. */
export interface DatabaseLocale {
  readonly encoding: string;
  /** As pg_database has it: `b` builtin, `c` libc, `i` ICU. */
  readonly provider: string;
  /** Of the providers builtin and ICU; null with libc. */
  readonly locale: string | null;
  /** ICU's own rules. */
  readonly rules: string | null;
  readonly collate: string;
  readonly ctype: string;
}

/** Settings that decide what a statement makes, or whether it runs, in lower case; those of libraries count as well. */
const telling: ReadonlySet<string> = new Set([
  "shared_preload_libraries",
  "session_preload_libraries",
  "wal_level",
  "createrole_self_grant",
  "default_table_access_method",
  "default_text_search_config",
  "default_toast_compression",
  "check_function_bodies",
  "password_encryption",
  "search_path",
  // How values are read that a definition keeps: bounds of partitions, defaults.
  "array_nulls",
  "backslash_quote",
  "bytea_output",
  "datestyle",
  "intervalstyle",
  "timezone",
  "timezone_abbreviations",
  "extra_float_digits",
  "lc_monetary",
  "lc_numeric",
  "lc_time",
  "standard_conforming_strings",
  "transform_null_equals",
  "xmlbinary",
  "xmloption",
]);

/** The settings of a live server that its scratch servers have. */
export function tellingSettings(
  settings: readonly Pick<ActualSetting, "name" | "setting" | "pendingRestart">[],
  entries: readonly Pick<FileEntry, "name" | "value" | "error">[],
): Readonly<Record<string, string>> {
  // What waits for a restart does not hold yet.
  const waiting = new Map(
    settings
      .filter(({ pendingRestart }) => pendingRestart)
      .map(({ name, setting }) => [lower(name), setting]),
  );
  // The last one of a name counts, however it is written.
  const values = new Map(
    entries
      .filter(({ error }) => error === undefined)
      .map(({ name, value }) => [lower(name), waiting.get(lower(name)) ?? value] as const),
  );
  const wanted = [...values].filter(([name]) => telling.has(name) || name.includes("."));
  return Object.fromEntries(wanted.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

const lower = (name: string): string => name.toLowerCase();

/** Arguments of `initdb` that give every database of a scratch server the live one's locale. */
export function localeArguments({
  encoding,
  provider,
  locale,
  rules,
  collate,
  ctype,
}: DatabaseLocale): string[] {
  const name = locale ?? "";
  const own: Readonly<Record<string, readonly string[]>> = {
    b: ["--locale-provider=builtin", `--builtin-locale=${name}`],
    i: ["--locale-provider=icu", `--icu-locale=${name}`, ...(rules === null ? [] : [`--icu-rules=${rules}`])],
  };
  return [
    `--encoding=${encoding}`,
    `--lc-collate=${collate}`,
    `--lc-ctype=${ctype}`,
    ...(own[provider] ?? ["--locale-provider=libc"]),
  ];
}

/** Lines of a postgresql.conf, which takes no value over several lines. */
export function renderSettings(settings: Readonly<Record<string, string>>): string[] {
  return Object.entries(settings).map(([name, value]) => `${name} = '${escapeValue(value)}'`);
}

function escapeValue(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("'", "''").replaceAll("\n", "\\n").replaceAll("\r", "\\r");
}
