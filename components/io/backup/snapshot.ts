import type { DatabaseError } from "pg";
import type { BackedUpTable, SnapshotFacts } from "../../core/backup/manifest";
import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier } from "../../core/identifier";
import { chunks } from "../../core/lists";
import { historyTables } from "../../core/migrations/history-layout";
import { sampleTableNames } from "../../core/operations/sample-tables";
import { problemError } from "../../core/problem";
import type { Session } from "../session";
import { untilAborted } from "../until-aborted";
import { readAlembicHeads } from "../alembic/heads";
import type { BackupShape } from "../../core/backup/shape";
import { assertReadable } from "./preflight";
import { readShape } from "./shape";

/** One moment of a database that others can look at as well, while the session that made it is there. */
export interface DatabaseSnapshot {
  /** For `pg_dump --snapshot`. */
  readonly id: string;
  readonly major: number;
  /** False: the session may not read verifiers. */
  readonly readsPasswords: boolean;
  /** Without counted rows. */
  readonly facts: SnapshotFacts;
  /** Reads what a restored one is compared with. */
  readShape(): Promise<BackupShape>;
  /** Counts the rows of every table. */
  countRows(): Promise<readonly BackedUpTable[]>;
  /** Gives up what is being counted. */
  cancel(): void;
}

/** A table before its rows are counted. */
export type Table = Omit<BackedUpTable, "rows">;

/** Tables may come and go while they are locked: so often it is tried again. */
const attempts = 5;

/**
 * Opens a snapshot and keeps it while it is used. Before it is taken all tables are locked as readers lock them, and
 * stay so: TRUNCATE and ALTER TABLE, which reach into older snapshots, wait.
 *
 * @throws ProblemError where the session cannot read all of the database, with each object
 */
export async function withSnapshot<Result>(
  target: ConnectionTarget,
  database: string,
  signal: AbortSignal,
  use: (snapshot: DatabaseSnapshot) => Promise<Result>,
): Promise<Result> {
  const options = {
    database,
    asItself: true,
    readOnly: true,
    applicationName: "pgstead backup",
  };
  return untilAborted(target, options, signal, async (session) => {
    await session.query(settings);
    await assertReadable(session, database);
    const tables = await lockTables(session, database);
    const result = await use({
      ...(await describe(session, tables)),
      cancel: () => void session.cancel().catch(() => undefined),
    });
    // A session that was lost meanwhile has held nothing: what was written by then is no backup.
    await session.query("COMMIT");
    return result;
  });
}

/** However long it takes, and whatever others set for sessions of this login. Some came with later versions. */
const settings = `
SELECT pg_catalog.set_config(s.name, v.value, false)
FROM (VALUES ('statement_timeout', '0'), ('transaction_timeout', '0'), ('idle_in_transaction_session_timeout', '0'),
             ('idle_session_timeout', '0'), ('lock_timeout', '60s'), ('row_security', 'off')) AS v (name, value)
JOIN pg_catalog.pg_settings AS s USING (name)`;

async function lockTables(session: Session, database: string): Promise<readonly Table[]> {
  for (let attempt = 1; ; attempt += 1) {
    const before = await readTables(session);
    // In this order: the snapshot is that of the first query, and a lock takes none.
    await session.query("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    try {
      for (const part of chunks(before.filter(isLocked), 500)) {
        await session.query(
          `LOCK TABLE ${part.map((table) => `ONLY ${nameOf(table)}`).join(", ")} IN ACCESS SHARE MODE`,
        );
      }
      const now = await readTables(session);
      const locked = new Set(before.map(({ oid }) => oid));
      if (now.every(({ oid }) => locked.has(oid))) return now;
    } catch (error) {
      const { code } = error as DatabaseError;
      if (code === "55P03") throw lockedOut(database, error);
      if (code !== "42P01" && code !== "3F000") throw error; // dropped meanwhile, and so is its schema
    }
    await session.query("ROLLBACK");
    if (attempt === attempts) {
      const hint = "run it again when fewer are made and dropped";
      throw problemError(database, "its tables change so fast that no snapshot of them can be taken", hint);
    }
  }
}

function lockedOut(database: string, cause: unknown): Error {
  return problemError(
    database,
    "a table is locked by others for a minute: ALTER TABLE or its like is under way",
    "run this again after it; pg_locks says who",
    { cause },
  );
}

const isLocked = ({ kind }: Table): boolean => kind !== "f";

const nameOf = ({ schema, name }: Table): string => `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`;

/**
 * The tables that a backup has rows of; members of extensions come with CREATE EXTENSION, and samples tell of this server
 * what would be wrong of another one.
 */
export async function readTables(session: Session): Promise<readonly Table[]> {
  const [row] = await session.query<{ tables: Table[] }>(
    `
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', c.oid::int8, 'schema', n.nspname, 'name', c.relname, 'kind', c.relkind)
      ORDER BY n.nspname COLLATE "C", c.relname COLLATE "C"), '[]') AS tables
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'f') AND c.relpersistence <> 't'
      AND n.nspname <> 'information_schema' AND n.nspname !~ '^pg_'
      AND NOT (n.nspname = 'pgstead' AND c.relname = ANY ($1::text[]))
      AND NOT EXISTS (
        SELECT FROM pg_catalog.pg_depend AS d
        WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.deptype = 'e')`,
    [sampleTableNames],
  );
  return row?.tables ?? [];
}

async function describe(
  session: Session,
  tables: readonly Table[],
): Promise<Omit<DatabaseSnapshot, "cancel">> {
  const [row] = await session.query<{ facts: ReadFacts }>(factsSql);
  if (row === undefined) throw new Error("the read of a snapshot gave no row");
  const { id, versionNumber, readsPasswords, hasHistory, ...facts } = row.facts;
  return {
    id,
    major: Math.floor(versionNumber / 10_000),
    readsPasswords,
    facts: {
      ...facts,
      roles: await readRoles(session, readsPasswords),
      migrationHead: hasHistory ? await readHead(session) : null,
      alembic: await readAlembicHeads(session),
      tables: tables.map((table) => ({ ...table, rows: null })),
    },
    readShape: () => readShape(session),
    countRows: () => countRows(session, tables),
  };
}

interface ReadFacts extends Omit<SnapshotFacts, "tables" | "roles" | "migrationHead" | "alembic"> {
  readonly id: string;
  readonly versionNumber: number;
  readonly readsPasswords: boolean;
  readonly hasHistory: boolean;
}

/** Columns that came with later versions are read by name: null before. */
const factsSql = `
SELECT pg_catalog.json_build_object(
  'id', pg_catalog.pg_export_snapshot(),
  'versionNumber', pg_catalog.current_setting('server_version_num')::int,
  'readsPasswords', may.verifiers,
  'hasHistory', coalesce(pg_catalog.has_table_privilege(h.oid, 'SELECT'), false)
    AND pg_catalog.has_schema_privilege(h.relnamespace, 'USAGE'),
  'takenAt', pg_catalog.to_char(pg_catalog.transaction_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'),
  'serverVersion', pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1),
  'systemIdentifier', CASE WHEN pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE')
    THEN (SELECT s.system_identifier::text FROM pg_catalog.pg_control_system() AS s) END,
  'lsn', CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
              ELSE pg_catalog.pg_current_wal_lsn() END,
  'role', current_user,
  'encoding', pg_catalog.pg_encoding_to_char(d.encoding),
  'locale', pg_catalog.json_build_object(
    'provider', CASE j.row ->> 'datlocprovider' WHEN 'i' THEN 'icu' WHEN 'b' THEN 'builtin' ELSE 'libc' END,
    'collate', d.datcollate, 'ctype', d.datctype,
    'name', coalesce(j.row ->> 'datlocale', j.row ->> 'daticulocale')),
  'extensions', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', e.extname, 'version', e.extversion)
      ORDER BY e.extname COLLATE "C"), '[]') FROM pg_catalog.pg_extension AS e)
) AS facts
FROM pg_catalog.pg_database AS d
CROSS JOIN LATERAL (SELECT pg_catalog.to_jsonb(d) AS row) AS j
CROSS JOIN (SELECT pg_catalog.has_table_privilege('pg_catalog.pg_authid', 'SELECT') AS verifiers) AS may
LEFT JOIN (
  SELECT c.oid, c.relnamespace FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  WHERE n.nspname = 'pgstead' AND c.relname = 'migration') AS h ON true
WHERE d.datname = pg_catalog.current_database()`;

/** All but PostgreSQL's own. */
function readRoles(session: Session, readsPasswords: boolean): Promise<SnapshotFacts["roles"]> {
  const [from, has] = readsPasswords ? ["pg_authid", "rolpassword IS NOT NULL"] : ["pg_roles", "NULL::bool"];
  return session.query<SnapshotFacts["roles"][number] & Record<string, unknown>>(
    `SELECT rolname::text AS name, ${has} AS "hasPassword" FROM pg_catalog.${from}
     WHERE rolname !~ '^pg_' ORDER BY rolname COLLATE "C"`,
  );
}

async function readHead(session: Session): Promise<SnapshotFacts["migrationHead"]> {
  const [head] = await session.query<{ version: string; name: string }>(
    `SELECT version::text AS version, name FROM ${historyTables.applied} ORDER BY version::bigint DESC LIMIT 1`,
  );
  return head ?? null;
}

/** Counts the rows of tables, exactly. */
export async function countRows(
  session: Session,
  tables: readonly Table[],
): Promise<readonly BackedUpTable[]> {
  const counted = new Map<number, string>();
  for (const part of chunks(
    tables.filter(({ kind }) => kind === "r"),
    20,
  )) {
    const counts = part.map(
      (table) =>
        `SELECT ${table.oid}::int8::text AS oid, pg_catalog.count(*)::text AS rows FROM ONLY ${nameOf(table)}`,
    );
    for (const { oid, rows } of await session.query<{ oid: string; rows: string }>(
      counts.join(" UNION ALL "),
    )) {
      counted.set(Number(oid), rows);
    }
  }
  return tables.map((table) => ({ ...table, rows: counted.get(table.oid) ?? null }));
}
