import type { BloatCatalog, ExactMeasure } from "../../core/operations/bloat-facts";
import type { Session } from "../session";
import { isoSql, relationSizeSql, userSchemaSql } from "./relation-size";
import { readVersion } from "./indexes";

/** Statistics of each column of a relation, in the order of the columns; those of dropped ones take no room. */
const columnsSql = (relation: string, name: string): string => `
(SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('length', a.attlen, 'align', a.attalign,
   'width', CASE WHEN st.null_frac = 1 THEN 0 ELSE st.avg_width END, 'nullShare', coalesce(st.null_frac, 0)) ORDER BY a.attnum), '[]'::json)
 FROM pg_catalog.pg_attribute AS a
 LEFT JOIN pg_catalog.pg_stats AS st ON st.schemaname = n.nspname AND st.tablename = ${name}
   AND st.attname = a.attname AND NOT st.inherited
 WHERE a.attrelid = ${relation} AND a.attnum > 0 AND NOT a.attisdropped)`;

/** A number among a relation's own settings. */
const optionSql = (name: string): string =>
  `(SELECT o.option_value FROM pg_catalog.pg_options_to_table(c.reloptions) AS o WHERE o.option_name = '${name}')`;

const relationsSql = `
WITH ${relationSizeSql}`;

/** Of a key column the table's statistics are its own; of an expression those of the index. */
const indexColumnsSql = `
(SELECT pg_catalog.json_agg(pg_catalog.json_build_object('length', ia.attlen, 'align', ia.attalign,
   'width', CASE WHEN st.null_frac = 1 THEN 0 ELSE st.avg_width END, 'nullShare', coalesce(st.null_frac, 0)) ORDER BY ia.attnum)
 FROM pg_catalog.pg_attribute AS ia
 LEFT JOIN pg_catalog.pg_attribute AS ta ON ta.attrelid = x.indrelid AND ta.attnum = x.indkey[ia.attnum - 1] AND ta.attnum > 0
 LEFT JOIN pg_catalog.pg_stats AS st ON st.schemaname = n.nspname AND NOT st.inherited
   AND st.tablename = CASE WHEN ta.attname IS NULL THEN c.relname ELSE t.relname END
   AND st.attname = coalesce(ta.attname, ia.attname)
 WHERE ia.attrelid = c.oid AND ia.attnum > 0)`;

const tablesSql = `
(SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
   'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'sizeBytes', s.bytes, 'rows', c.reltuples::bigint,
   'fillfactor', coalesce(${optionSql("fillfactor")}::int, 100),
   'columns', ${columnsSql("c.oid", "c.relname")},
   'deadRows', coalesce(u.n_dead_tup, 0), 'liveRows', coalesce(u.n_live_tup, 0),
   'lastVacuum', ${isoSql("u.last_vacuum")}, 'lastAutovacuum', ${isoSql("u.last_autovacuum")},
   'lastAnalyze', ${isoSql("u.last_analyze")}, 'lastAutoanalyze', ${isoSql("u.last_autoanalyze")},
   'autovacuumEnabled', ${optionSql("autovacuum_enabled")}::boolean,
   'vacuumThreshold', ${optionSql("autovacuum_vacuum_threshold")}::float8,
   'vacuumScaleFactor', ${optionSql("autovacuum_vacuum_scale_factor")}::float8,
   'vacuumMaxThreshold', ${optionSql("autovacuum_vacuum_max_threshold")}::float8
 )), '[]'::json)
 FROM pg_catalog.pg_class AS c
 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 JOIN relation_size AS s ON s.oid = c.oid
 LEFT JOIN pg_catalog.pg_stat_all_tables AS u ON u.relid = c.oid
 WHERE c.relkind IN ('r', 'm') AND ${userSchemaSql("n.nspname")} AND s.bytes >= $1)`;

const indexesSql = `
(SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
   'oid', c.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'table', n.nspname || '.' || t.relname,
   'sizeBytes', s.bytes, 'rows', c.reltuples::bigint,
   'fillfactor', coalesce(${optionSql("fillfactor")}::int, 90), 'columns', ${indexColumnsSql},
   'concurrently', NOT x.indisexclusion, 'valid', x.indisvalid
 )), '[]'::json)
 FROM pg_catalog.pg_class AS c
 JOIN pg_catalog.pg_index AS x ON x.indexrelid = c.oid
 JOIN pg_catalog.pg_class AS t ON t.oid = x.indrelid
 JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
 JOIN pg_catalog.pg_am AS a ON a.oid = c.relam
 JOIN relation_size AS s ON s.oid = c.oid
 WHERE c.relkind = 'i' AND a.amname = 'btree' AND ${userSchemaSql("n.nspname")} AND s.bytes >= $1)`;

/**
 * Who may see rows that are dead for everybody else: transactions of this database, prepared ones, slots and standbys.
 * Our own session, and VACUUM, which ignores itself, are none.
 */
const holdersSql = `
(SELECT coalesce(pg_catalog.json_agg(pg_catalog.to_json(h) ORDER BY h."ageTransactions" DESC), '[]'::json) FROM (
  SELECT CASE WHEN a.backend_type = 'walsender' THEN 'standby' ELSE 'transaction' END AS kind, a.pid::text AS name,
    pg_catalog.concat_ws(' of ', nullif(a.application_name, ''), a.usename) AS who,
    pg_catalog.age(a.backend_xmin) AS "ageTransactions",
    extract(epoch FROM pg_catalog.now() - coalesce(a.xact_start, a.backend_start))::bigint AS "ageSeconds"
  FROM pg_catalog.pg_stat_activity AS a
  WHERE a.backend_xmin IS NOT NULL AND a.pid <> pg_catalog.pg_backend_pid() AND a.backend_type <> 'autovacuum worker'
    AND (a.datname = pg_catalog.current_database() OR a.backend_type = 'walsender')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_stat_progress_vacuum AS v WHERE v.pid = a.pid)
  UNION ALL
  SELECT 'prepared transaction', p.gid, p.owner, pg_catalog.age(p.transaction),
    extract(epoch FROM pg_catalog.now() - p.prepared)::bigint
  FROM pg_catalog.pg_prepared_xacts AS p WHERE p.database = pg_catalog.current_database()
  UNION ALL
  SELECT 'replication slot', r.slot_name, '', pg_catalog.age(r.xmin), NULL
  FROM pg_catalog.pg_replication_slots AS r WHERE r.xmin IS NOT NULL
) AS h)`;

const autovacuumSql = (version: number): string => `
pg_catalog.json_build_object(
  'on', pg_catalog.current_setting('autovacuum')::boolean AND pg_catalog.current_setting('track_counts')::boolean,
  'threshold', pg_catalog.current_setting('autovacuum_vacuum_threshold')::float8,
  'scaleFactor', pg_catalog.current_setting('autovacuum_vacuum_scale_factor')::float8,
  'maxThreshold', ${version >= 180_000 ? "pg_catalog.current_setting('autovacuum_vacuum_max_threshold')::float8" : "NULL::float8"},
  'workers', pg_catalog.current_setting('autovacuum_max_workers')::int,
  'workersAtWork', (SELECT count(*) FROM pg_catalog.pg_stat_activity WHERE backend_type = 'autovacuum worker'))`;

/**
 * All that bloat is estimated from, in one read. `pg_stats` shows a login the columns that it may read: of others nothing
 * can be told, so that this is asked as one that may read all (pg_read_all_data, or the administrator).
 *
 * @param leastBytes smaller tables and indexes are left out
 */
export async function readBloat(session: Session, leastBytes: number): Promise<BloatCatalog> {
  const version = await readVersion(session);
  const sql = `${relationsSql}
SELECT pg_catalog.json_build_object(
  'database', pg_catalog.current_database(), 'at', ${isoSql("pg_catalog.now()")},
  'blockBytes', pg_catalog.current_setting('block_size')::int,
  'autovacuum', ${autovacuumSql(version)},
  'tables', ${tablesSql},
  'indexes', ${indexesSql},
  'holders', ${holdersSql}
) AS catalog`;
  const [row] = await session.query<{ catalog: BloatCatalog }>(sql, [leastBytes]);
  if (row === undefined) throw new Error("the bloat read gave no row");
  return row.catalog;
}

/** Where pgstattuple is; undefined: the database has it not. */
export async function findStatTuple(session: Session): Promise<string | undefined> {
  const [row] = await session.query<{ schema: string }>(
    `SELECT pg_catalog.quote_ident(n.nspname) AS schema FROM pg_catalog.pg_extension AS e
     JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace WHERE e.extname = 'pgstattuple'`,
  );
  return row?.schema;
}

/** Reads the pages of a table that are not known to be all visible, and says what is empty and dead. */
export async function measureTable(session: Session, schema: string, oid: number): Promise<ExactMeasure> {
  const [row] = await session.query<{ free: number }>(
    `SELECT (approx_free_space + dead_tuple_len)::float8 AS free FROM ${schema}.pgstattuple_approx($1::bigint::pg_catalog.oid::pg_catalog.regclass)`,
    [oid],
  );
  return { oid, freeBytes: Math.round(row?.free ?? 0) };
}

/** Reads a whole B-tree index, and says what is empty of it beyond its fillfactor. */
export async function measureIndex(
  session: Session,
  schema: string,
  {
    oid,
    fillfactor,
    sizeBytes,
  }: { readonly oid: number; readonly fillfactor: number; readonly sizeBytes: number },
): Promise<ExactMeasure> {
  const [row] = await session.query<{ density: number }>(
    `SELECT avg_leaf_density AS density FROM ${schema}.pgstatindex($1::bigint::pg_catalog.oid::pg_catalog.regclass)`,
    [oid],
  );
  const density = row?.density ?? Number.NaN; // of an index without leaves
  const empty = Number.isNaN(density) ? 0 : Math.max(0, 1 - density / fillfactor);
  return { oid, freeBytes: Math.round(sizeBytes * empty) };
}
