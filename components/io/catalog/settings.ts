import { DatabaseError } from "pg";
import { quoteLiteral } from "../../core/identifier";
import type { SettingValue } from "../../core/server/role-settings";
import {
  autoFile,
  isAutoFile,
  type ActualSetting,
  type FileEntry,
  type SettingsCatalog,
} from "../../core/settings/catalog";
import { settingNeeds, type SettingNeeds } from "../../core/settings/needs";
import { provenFile } from "../settings-proof";
import { readSettingRights } from "./setting-rights";
import type { Session } from "../session";

const settingsSql = `
SELECT name, setting, coalesce(unit, '') AS unit, context, vartype, coalesce(min_val, '') AS least,
  coalesce(max_val, '') AS greatest, coalesce(boot_val, '') AS boot, coalesce(enumvals, '{}') AS words,
  source, sourcefile AS file, pending_restart AS "pendingRestart"
FROM pg_catalog.pg_settings ORDER BY name`;

/** Superusers only: the files as the next reload would read them. */
const entriesSql = `
SELECT coalesce(name, '') AS name, coalesce(setting, '') AS value, coalesce(sourcefile, '') AS file,
  coalesce(sourceline, 0) AS line, error
FROM pg_catalog.pg_file_settings ORDER BY seqno`;

const readsFilesSql = `pg_catalog.has_table_privilege('pg_catalog.pg_file_settings', 'SELECT')
    AND pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE')`;

/** Nobody has made a database, nor a table in the maintenance database: there is nothing that anybody works with. */
const stateSql = `
SELECT
  NOT EXISTS (SELECT FROM pg_catalog.pg_database WHERE datname NOT IN ('postgres', 'template0', 'template1'))
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid >= 16384) AS "isUnused",
  (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_replication_slots) AS slots,
  (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_replication_slots WHERE slot_type = 'logical') AS logical,
  pg_catalog.current_setting('server_version_num')::int AS "serverVersion",
  ${readsFilesSql} AS "readsFiles"`;

/** Of the file the server knows the second only. */
const loadedSql = `
SELECT
  coalesce((pg_catalog.pg_stat_file('postgresql.auto.conf', true)).modification > pg_catalog.pg_conf_load_time(), false)
    AS "isUnloaded",
  (pg_catalog.pg_stat_file('${provenFile}', true)).size IS NOT NULL AS "hasProof"`;

interface StateRow {
  readonly isUnused: boolean;
  readonly slots: number;
  readonly logical: number;
  readonly serverVersion: number;
  readonly readsFiles: boolean;
}

type OpenAnother = <Result>(use: (session: Session) => Promise<Result>) => Promise<Result>;

/**
 * How the live server is set, and what it lacks for what is declared. Reads only.
 *
 * @param openAnother opens a session to load declared libraries in; absent: they are not looked for
 * @param login managing login that is no superuser: what it may set is read as well
 */
export async function readSettingsCatalog(
  session: Session,
  declared: Readonly<Record<string, SettingValue>>,
  openAnother?: OpenAnother,
  login?: string,
): Promise<SettingsCatalog> {
  const [state] = await session.query<StateRow & Record<string, unknown>>(stateSql);
  if (state === undefined) throw new Error("the server answers with nothing");
  const settings = await readSettings(session);
  const { isUnused, slots, logical, readsFiles, serverVersion } = state;
  const rights = login === undefined ? undefined : await readSettingRights(session, { serverVersion, login });
  const [loaded] = readsFiles
    ? await session.query<{ isUnloaded: boolean; hasProof: boolean }>(loadedSql)
    : [];
  return {
    settings,
    entries: readsFiles ? await readFileEntries(session) : entriesOf(settings),
    isUnloaded: loaded?.isUnloaded ?? false,
    hasProof: loaded?.hasProof ?? false,
    isUnused,
    missing: await readMissing(settingNeeds(declared, settings), session, openAnother),
    slots: { total: slots, logical },
    ...(rights === undefined ? {} : { rights }),
  };
}

/** Every setting that the server knows, with its live value. */
export async function readSettings(session: Session): Promise<ActualSetting[]> {
  type Row = Omit<ActualSetting, "file"> & { readonly file: string | null };
  const rows = await session.query<Row & Record<string, unknown>>(settingsSql);
  return rows.map((row) => ({ ...row, file: row.file ?? undefined }));
}

/** Every line of the configuration files, as the next reload would read it. */
export async function readFileEntries(session: Session): Promise<FileEntry[]> {
  type Row = Omit<FileEntry, "error"> & { readonly error: string | null };
  const rows = await session.query<Row & Record<string, unknown>>(entriesSql);
  return rows.map((row) => ({ ...row, error: row.error ?? undefined }));
}

/** The lines of the configuration files, or, for who may not read those, what was loaded from them. */
export async function readEntries(session: Session): Promise<FileEntry[]> {
  return (await mayReadFiles(session)) ? readFileEntries(session) : entriesOf(await readSettings(session));
}

/** Whether the login may read the configuration files themselves. */
export async function mayReadFiles(session: Session): Promise<boolean> {
  const [row] = await session.query<{ readsFiles: boolean }>(`SELECT ${readsFilesSql} AS "readsFiles"`);
  return row?.readsFiles === true;
}

/** Who does not see the files' names (`pg_read_all_settings`) takes what comes from a file for ALTER SYSTEM's. */
function entriesOf(settings: readonly ActualSetting[]): FileEntry[] {
  const seesFiles = settings.some(({ file }) => file !== undefined);
  return settings
    .filter(({ source, file = "" }) => (seesFiles ? isAutoFile(file) : source === "configuration file"))
    .map(({ name, setting }) => ({ name, value: setting, file: autoFile, line: 0, error: undefined }));
}

async function readMissing(
  { libraries, files }: SettingNeeds,
  session: Session,
  openAnother: OpenAnother | undefined,
): Promise<SettingsCatalog["missing"]> {
  const missing: { setting: string; name: string }[] = [];
  for (const { setting, path } of files) {
    if (!(await isThere(session, path))) missing.push({ setting, name: path });
  }
  if (libraries.length === 0 || openAnother === undefined) return missing;
  // A library may change the session that loads it: that one is thrown away.
  await openAnother(async (other) => {
    for (const { setting, name, path } of libraries) {
      if (!(await canBeLoaded(other, path))) missing.push({ setting, name });
    }
  });
  return missing;
}

async function isThere(session: Session, path: string): Promise<boolean> {
  try {
    const sql = "SELECT (pg_catalog.pg_stat_file($1, true)).size IS NOT NULL AS there";
    const [row] = await session.query<{ there: boolean }>(sql, [path]);
    return row?.there === true;
  } catch (error) {
    // A directory above that the server's account may not enter; or a login that may not ask.
    if (error instanceof DatabaseError) return error.code === "42501" && error.message.includes("function");
    throw error;
  }
}

/** Everything but a file that is not there is another matter: most libraries load at the start of the server only. */
async function canBeLoaded(session: Session, path: string): Promise<boolean> {
  try {
    await session.query(`LOAD ${quoteLiteral(path)}`);
    return true;
  } catch (error) {
    if (error instanceof DatabaseError) return error.code !== "58P01";
    throw error;
  }
}
