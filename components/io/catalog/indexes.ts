import type { IndexCatalog } from "../../core/operations/index-facts";
import type { Session } from "../session";
import { isOfExtensionSql, isoSql, relationSizeSql, userSchemaSql } from "./relation-size";

/**
 * Tables, indexes and foreign keys of a database, with their use, in one read. Any login may; what a login may not see of
 * the activity of others (standbys) needs pg_monitor. `$1`: schemas that are not looked at.
 *
 * A deleted or updated row is not taken out of an index at once; a HOT update does not touch it.
 */
function indexesSql(version: number): string {
  return `
${partsSql}
SELECT pg_catalog.json_build_object(
  'database', pg_catalog.current_database(),
  'statistics', ${statisticsSql},
  'tables', ${tablesSql},
  'indexes', ${indexListSql(version)},
  'foreignKeys', ${foreignKeysSql}
) AS catalog`;
}

const partsSql = `
WITH RECURSIVE ${relationSizeSql}, tables AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltuples, i.inhparent
  FROM pg_catalog.pg_class AS c
  JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid AND c.relispartition
  WHERE c.relkind IN ('r', 'm', 'p') AND ${userSchemaSql("n.nspname")} AND n.nspname <> ALL ($1) AND NOT ${isOfExtensionSql("c.oid")}
  UNION ALL
  -- Of TOAST tables only what a REINDEX CONCURRENTLY has left.
  SELECT t.oid, n.nspname, t.relname, t.relkind, t.reltuples, NULL
  FROM pg_catalog.pg_class AS t
  JOIN pg_catalog.pg_namespace AS n ON n.oid = t.relnamespace
  WHERE t.relkind = 't' AND EXISTS (SELECT FROM pg_catalog.pg_index AS x WHERE x.indrelid = t.oid AND NOT x.indisvalid)
), building AS MATERIALIZED (
  SELECT index_relid, min(pid) AS pid FROM pg_catalog.pg_stat_progress_create_index
  WHERE datname = pg_catalog.current_database() GROUP BY 1
), referenced AS MATERIALIZED (
  SELECT DISTINCT conindid FROM pg_catalog.pg_constraint WHERE contype = 'f'
), tree AS (
  SELECT x.indexrelid AS root, x.indexrelid AS node FROM pg_catalog.pg_index AS x JOIN tables AS t ON t.oid = x.indrelid
  UNION ALL
  SELECT tree.root, i.inhrelid FROM tree JOIN pg_catalog.pg_inherits AS i ON i.inhparent = tree.node
), used AS MATERIALIZED (
  SELECT tree.root AS oid, coalesce(sum(s.bytes), 0)::bigint AS bytes, coalesce(sum(u.idx_scan), 0)::bigint AS scans
  FROM tree
  LEFT JOIN relation_size AS s ON s.oid = tree.node
  LEFT JOIN pg_catalog.pg_stat_all_indexes AS u ON u.indexrelid = tree.node
  GROUP BY 1
)`;

/**
 * From 15 on a database has no moment of its own until somebody resets it, and its counters outlast a restart, but no
 * crash: that resets all others as well, so that the one that was reset first says when all of them were.
 */
const lostSql = `least((SELECT stats_reset FROM pg_catalog.pg_stat_bgwriter),
            (SELECT stats_reset FROM pg_catalog.pg_stat_archiver), (SELECT stats_reset FROM pg_catalog.pg_stat_wal))`;

const statisticsSql = `
(
    SELECT pg_catalog.json_build_object(
      'since', ${isoSql("s.since")},
      'ageSeconds', extract(epoch FROM pg_catalog.now() - s.since)::bigint,
      'inRecovery', pg_catalog.pg_is_in_recovery(),
      'standbys', (SELECT count(*) FROM pg_catalog.pg_stat_replication WHERE application_name <> 'pg_basebackup'))
    FROM (SELECT coalesce(stats_reset, ${lostSql}, pg_catalog.pg_postmaster_start_time()) AS since
          FROM pg_catalog.pg_stat_database WHERE datname = pg_catalog.current_database()) AS s
  )`;

const tablesSql = `
(
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', t.oid::bigint, 'schema', t.nspname, 'name', t.relname, 'kind', t.relkind, 'parent', t.inhparent::bigint,
      'sizeBytes', coalesce(s.bytes, 0), 'analyzed', t.reltuples >= 0,
      'writes', coalesce(u.n_tup_ins + u.n_tup_upd - u.n_tup_hot_upd, 0)
    ) ORDER BY t.nspname, t.relname), '[]'::json)
    FROM tables AS t
    LEFT JOIN relation_size AS s ON s.oid = t.oid
    LEFT JOIN pg_catalog.pg_stat_all_tables AS u ON u.relid = t.oid
  )`;

const indexListSql = (version: number): string => `
(
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', c.oid::bigint, 'schema', t.nspname, 'name', c.relname, 'table', t.oid::bigint,
      'partitioned', c.relkind = 'I', 'parent', (SELECT i.inhparent::bigint FROM pg_catalog.pg_inherits AS i WHERE i.inhrelid = c.oid),
      'method', a.amname, 'sizeBytes', u.bytes, 'scans', u.scans,
      'valid', x.indisvalid, 'buildingPid', (SELECT b.pid FROM building AS b WHERE b.index_relid = c.oid),
      'unique', x.indisunique, 'immediate', x.indimmediate,
      'nullsNotDistinct', ${version >= 150_000 ? "x.indnullsnotdistinct" : "false"},
      'replicaIdentity', x.indisreplident,
      'constraint', (SELECT o.conname FROM pg_catalog.pg_constraint AS o
                     WHERE o.conindid = c.oid AND o.contype IN ('p', 'u', 'x') LIMIT 1),
      'referenced', c.oid IN (SELECT conindid FROM referenced),
      'columns', (SELECT pg_catalog.json_agg(f.attname ORDER BY k.place)
                  FROM pg_catalog.unnest(x.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (number, place)
                  LEFT JOIN pg_catalog.pg_attribute AS f ON f.attrelid = x.indrelid AND f.attnum = k.number AND k.number > 0
                  WHERE k.place <= x.indnkeyatts),
      'keys', (SELECT pg_catalog.json_agg(pg_catalog.format('%s/%s/%s/%s', pg_catalog.pg_get_indexdef(c.oid, p, false),
                        x.indclass[p - 1], x.indcollation[p - 1], x.indoption[p - 1]) ORDER BY p)
               FROM pg_catalog.generate_series(1, x.indnkeyatts) AS p),
      'included', (SELECT coalesce(pg_catalog.json_agg(f.attname ORDER BY f.attname), '[]'::json)
                   FROM pg_catalog.unnest(x.indkey::pg_catalog.int2[]) WITH ORDINALITY AS k (number, place)
                   JOIN pg_catalog.pg_attribute AS f ON f.attrelid = x.indrelid AND f.attnum = k.number
                   WHERE k.place > x.indnkeyatts),
      'predicate', pg_catalog.pg_get_expr(x.indpred, x.indrelid),
      'body', pg_catalog.substr(pg_catalog.pg_get_indexdef(c.oid), 1 + pg_catalog.length(pg_catalog.format(
        'CREATE %sINDEX %I ON %s%I.%I ', CASE WHEN x.indisunique THEN 'UNIQUE ' END, c.relname,
        CASE WHEN c.relkind = 'I' THEN 'ONLY ' END, t.nspname, t.relname)))
    ) ORDER BY t.nspname, c.relname), '[]'::json)
    FROM pg_catalog.pg_index AS x
    JOIN tables AS t ON t.oid = x.indrelid
    JOIN pg_catalog.pg_class AS c ON c.oid = x.indexrelid
    JOIN pg_catalog.pg_am AS a ON a.oid = c.relam
    JOIN used AS u ON u.oid = c.oid
  )`;

const foreignKeysSql = `
(
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', o.conname, 'table', o.conrelid::bigint,
      'referenced', pg_catalog.json_build_object('schema', rn.nspname, 'name', rc.relname),
      'columns', (SELECT pg_catalog.json_agg(pg_catalog.json_build_object(
                    'name', f.attname, 'printed', pg_catalog.quote_ident(f.attname)) ORDER BY k.place)
                  FROM pg_catalog.unnest(o.conkey) WITH ORDINALITY AS k (number, place)
                  JOIN pg_catalog.pg_attribute AS f ON f.attrelid = o.conrelid AND f.attnum = k.number)
    ) ORDER BY t.nspname, t.relname, o.conname), '[]'::json)
    FROM pg_catalog.pg_constraint AS o
    JOIN tables AS t ON t.oid = o.conrelid
    JOIN pg_catalog.pg_class AS rc ON rc.oid = o.confrelid
    JOIN pg_catalog.pg_namespace AS rn ON rn.oid = rc.relnamespace
    -- That of a partition is its parent's, and so is the one that a partition of the referenced table has.
    WHERE o.contype = 'f' AND o.conparentid = 0
  )`;

/** @param without schemas that somebody else looks after */
export async function readIndexes(session: Session, without: readonly string[]): Promise<IndexCatalog> {
  const version = await readVersion(session);
  const [row] = await session.query<{ catalog: IndexCatalog }>(indexesSql(version), [without]);
  if (row === undefined) throw new Error("the index read gave no row");
  return row.catalog;
}

/** Such as 170010. */
export async function readVersion(session: Session): Promise<number> {
  const [row] = await session.query<{ version: number }>(
    "SELECT pg_catalog.current_setting('server_version_num')::int AS version",
  );
  return row?.version ?? 0;
}
