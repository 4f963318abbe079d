import { DatabaseError } from "pg";
import type { DatabaseSpace, FileSum, ServerSpace } from "../../core/operations/disk";
import type { Session } from "../session";
import { relationSizeSql, userSchemaSql } from "./relation-size";

/** What only pg_monitor (or a superuser) may run. */
const mayRun = (signature: string): string =>
  `pg_catalog.has_function_privilege('pg_catalog.${signature}', 'EXECUTE')`;

/**
 * What the files of a server take, in one read. What a login may not measure is null: pg_monitor may all of it.
 *
 * Measuring a database walks its files: some milliseconds for each thousand tables.
 */
const serverSpaceSql = `
WITH may AS MATERIALIZED (
  SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS measure
)
SELECT pg_catalog.json_build_object(
  'databases', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', b.datname, 'sizeBytes',
      CASE WHEN may.measure OR pg_catalog.has_database_privilege(b.oid, 'CONNECT')
        THEN pg_catalog.pg_database_size(b.oid) END) ORDER BY b.datname)
    FROM pg_catalog.pg_database AS b
  ),
  'tablespaces', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', t.spcname,
      'location', pg_catalog.pg_tablespace_location(t.oid), 'sizeBytes',
      CASE WHEN may.measure OR pg_catalog.has_tablespace_privilege(t.oid, 'CREATE')
        THEN pg_catalog.pg_tablespace_size(t.oid) END) ORDER BY t.oid)
    FROM pg_catalog.pg_tablespace AS t
  ),
  'dataDirectory', (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'data_directory'),
  'logDirectory', (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'log_directory'
                   AND pg_catalog.current_setting('logging_collector') = 'on'),
  'mayList', ${mayRun("pg_ls_waldir()")} AND ${mayRun("pg_ls_tmpdir(oid)")} AND ${mayRun("pg_ls_logdir()")},
  'writesLog', pg_catalog.current_setting('logging_collector') = 'on'
) AS space
FROM may`;

const filesSql = `
SELECT
  (SELECT pg_catalog.json_build_object('files', count(*), 'sizeBytes', coalesce(sum(size), 0)::bigint,
     'maxWalBytes', pg_catalog.pg_size_bytes(pg_catalog.current_setting('max_wal_size')),
     'keepBytes', pg_catalog.pg_size_bytes(pg_catalog.current_setting('wal_keep_size')))
   FROM pg_catalog.pg_ls_waldir()) AS wal,
  (SELECT pg_catalog.json_build_object('files', count(*), 'sizeBytes', coalesce(sum(f.size), 0)::bigint)
   FROM pg_catalog.pg_tablespace AS t, LATERAL pg_catalog.pg_ls_tmpdir(t.oid) AS f
   WHERE t.spcname <> 'pg_global') AS temporary`;

const logSql = `
SELECT count(*)::int AS files, coalesce(sum(size), 0)::float8 AS "sizeBytes" FROM pg_catalog.pg_ls_logdir()`;

interface ServerRow extends Omit<ServerSpace, "wal" | "temporary" | "log"> {
  readonly mayList: boolean;
  readonly writesLog: boolean;
}

export async function readServerSpace(session: Session): Promise<ServerSpace> {
  const [row] = await session.query<{ space: ServerRow }>(serverSpaceSql);
  if (row === undefined) throw new Error("the read of sizes gave no row");
  const { mayList, writesLog, ...space } = row.space;
  if (!mayList) return { ...space, wal: null, temporary: null, log: null };
  const [files] = await session.query<Pick<ServerSpace, "wal" | "temporary">>(filesSql);
  return {
    ...space,
    wal: files?.wal ?? null,
    temporary: files?.temporary ?? null,
    log: writesLog ? await readLog(session) : null,
  };
}

/** The directory of the log is made with the first line. */
async function readLog(session: Session): Promise<FileSum | null> {
  try {
    const [row] = await session.query<FileSum & Record<string, unknown>>(logSql);
    return row ?? null;
  } catch (error) {
    if (error instanceof DatabaseError && error.code === "58P01") return null;
    throw error;
  }
}

/** What the relations of a database take. `$1`: how many of the largest tables are told. */
const databaseSpaceSql = `
WITH ${relationSizeSql}, indexed AS (
  SELECT x.indrelid AS oid, sum(s.bytes) AS bytes
  FROM pg_catalog.pg_index AS x JOIN relation_size AS s ON s.oid = x.indexrelid GROUP BY 1
), relation AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.relkind, s.bytes AS own, coalesce(i.bytes, 0) AS indexes,
    coalesce(ts.bytes, 0) + coalesce(ti.bytes, 0) AS toast
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  JOIN relation_size AS s ON s.oid = c.oid
  LEFT JOIN indexed AS i ON i.oid = c.oid
  LEFT JOIN relation_size AS ts ON ts.oid = c.reltoastrelid
  LEFT JOIN indexed AS ti ON ti.oid = c.reltoastrelid
  WHERE c.relkind IN ('r', 'm', 'S') AND ${userSchemaSql("n.nspname")}
)
SELECT pg_catalog.json_build_object(
  'database', pg_catalog.current_database(),
  'schemas', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', g.nspname, 'tables', g.tables,
      'sizeBytes', g.bytes) ORDER BY g.bytes DESC, g.nspname), '[]'::json)
    FROM (SELECT nspname, count(*) FILTER (WHERE relkind <> 'S') AS tables, sum(own + indexes + toast)::bigint AS bytes
          FROM relation GROUP BY nspname) AS g
  ),
  'tables', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'database', pg_catalog.current_database(), 'table', l.nspname || '.' || l.relname,
      'tableBytes', l.own, 'indexBytes', l.indexes, 'toastBytes', l.toast, 'sizeBytes', l.own + l.indexes + l.toast
    ) ORDER BY l.own + l.indexes + l.toast DESC, l.nspname, l.relname), '[]'::json)
    FROM (SELECT * FROM relation WHERE relkind <> 'S' ORDER BY own + indexes + toast DESC, nspname, relname LIMIT $1) AS l
  )
) AS space`;

/** @param top how many of the largest tables are told */
export async function readDatabaseSpace(session: Session, top: number): Promise<DatabaseSpace> {
  const [row] = await session.query<{ space: DatabaseSpace }>(databaseSpaceSql, [top]);
  if (row === undefined) throw new Error("the read of sizes gave no row");
  return row.space;
}
