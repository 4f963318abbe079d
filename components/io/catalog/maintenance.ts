import type { MaintenanceCatalog } from "../../core/operations/maintenance-facts";
import type { Session } from "../session";
import { readVersion } from "./indexes";
import { relationSizeSql, userSchemaSql } from "./relation-size";

/** The owner of a table enters pg_toast by its table alone, and no index there by its name. */
const indexesSql = `indexes AS MATERIALIZED (
  SELECT x.indexrelid AS oid, t.oid AS "table", x.indisvalid, x.indisexclusion, coalesce(s.bytes, 0) AS bytes
  FROM pg_catalog.pg_index AS x
  JOIN tables AS t ON x.indrelid IN (
    t.oid, CASE WHEN pg_catalog.has_schema_privilege('pg_toast', 'USAGE') THEN t.reltoastrelid END)
  LEFT JOIN relation_size AS s ON s.oid = x.indexrelid
)`;

/**
 * Tables and indexes with their sizes, and as whom the login may work on them, in one read: its owner may, from 17 on who
 * has MAINTAIN, and who may become the owner. A name is looked up before its rights are: without USAGE on the schema
 * nobody may, the owner neither.
 */
function maintenanceSql(version: number): string {
  const maintain = version >= 170_000 ? "OR pg_catalog.has_table_privilege(c.oid, 'MAINTAIN')" : "";
  const become = version >= 160_000 ? "SET" : "MEMBER";
  return `
WITH ${relationSizeSql}, tables AS MATERIALIZED (
  SELECT c.oid, n.nspname, c.relname, c.relkind, c.reltoastrelid, c.relowner, i.inhparent,
    pg_catalog.has_schema_privilege(n.oid, 'USAGE') AS reached,
    CASE WHEN pg_catalog.has_schema_privilege(n.oid, 'USAGE')
           AND (pg_catalog.pg_has_role(c.relowner, 'USAGE') ${maintain}) THEN 'self'
         WHEN pg_catalog.pg_has_role(c.relowner, '${become}')
           AND pg_catalog.has_schema_privilege(c.relowner, n.oid, 'USAGE') THEN 'owner' ELSE 'none' END AS access
  FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhrelid = c.oid AND c.relispartition
  WHERE c.relkind IN ('r', 'm', 'p') AND c.relpersistence <> 't' AND ${userSchemaSql("n.nspname")}
), ${indexesSql}
SELECT pg_catalog.json_build_object(
  'database', pg_catalog.current_database(),
  'inRecovery', pg_catalog.pg_is_in_recovery(),
  'entersToast', pg_catalog.has_schema_privilege('pg_toast', 'USAGE'),
  'ownsDatabase', (SELECT pg_catalog.pg_has_role(d.datdba, 'USAGE') FROM pg_catalog.pg_database AS d
    WHERE d.datname = pg_catalog.current_database()),
  'tables', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', t.oid::bigint, 'schema', t.nspname, 'name', t.relname, 'kind', t.relkind, 'parent', t.inhparent::bigint,
      'sizeBytes', coalesce(s.bytes, 0) + coalesce(o.bytes, 0),
      'indexBytes', (SELECT coalesce(sum(i.bytes), 0)::bigint FROM indexes AS i WHERE i."table" = t.oid),
      'owner', pg_catalog.pg_get_userbyid(t.relowner), 'reached', t.reached, 'access', t.access
    ) ORDER BY t.nspname, t.relname), '[]'::json)
    FROM tables AS t
    LEFT JOIN relation_size AS s ON s.oid = t.oid
    LEFT JOIN relation_size AS o ON o.oid = t.reltoastrelid
  ),
  'indexes', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', i.oid::bigint, 'schema', n.nspname, 'name', c.relname, 'table', i."table"::bigint,
      'partitioned', c.relkind = 'I',
      'parent', (SELECT h.inhparent::bigint FROM pg_catalog.pg_inherits AS h WHERE h.inhrelid = c.oid),
      'sizeBytes', i.bytes, 'valid', i.indisvalid, 'exclusion', i.indisexclusion,
      'buildingPid', (SELECT min(p.pid) FROM pg_catalog.pg_stat_progress_create_index AS p WHERE p.index_relid = i.oid)
    ) ORDER BY n.nspname, c.relname), '[]'::json)
    FROM indexes AS i
    JOIN pg_catalog.pg_class AS c ON c.oid = i.oid
    JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
  )
) AS catalog`;
}

export async function readMaintenance(session: Session): Promise<MaintenanceCatalog> {
  const [row] = await session.query<{ catalog: MaintenanceCatalog }>(
    maintenanceSql(await readVersion(session)),
  );
  if (row === undefined) throw new Error("the read of tables gave no row");
  return row.catalog;
}
