/**
 * Sizes of relations for a WITH clause: `relation_size (oid, bytes)`, all forks of each.
 *
 * The functions that measure a relation open it, and so wait for whoever has it locked whole: of such a one the pages are
 * counted that its last VACUUM or ANALYZE has seen. Costs four looks at the file system for each relation.
 */
export const relationSizeSql = `
locked AS MATERIALIZED (
  SELECT DISTINCT l.relation FROM pg_catalog.pg_locks AS l
  WHERE l.locktype = 'relation' AND l.mode = 'AccessExclusiveLock'
    AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database())
), relation_size AS MATERIALIZED (
  SELECT c.oid, coalesce(CASE WHEN c.oid IN (SELECT relation FROM locked)
    THEN greatest(c.relpages, 0)::bigint * pg_catalog.current_setting('block_size')::int
    ELSE pg_catalog.pg_relation_size(c.oid, 'main') + pg_catalog.pg_relation_size(c.oid, 'fsm')
       + pg_catalog.pg_relation_size(c.oid, 'vm') + pg_catalog.pg_relation_size(c.oid, 'init') END, 0) AS bytes
  FROM pg_catalog.pg_class AS c
  WHERE c.relkind IN ('r', 'm', 't', 'i', 'S')
)`;

/** True for a schema of users: neither the server's own, nor one for temporary tables. */
export function userSchemaSql(schema: string): string {
  return `${schema} !~ '^pg_' AND ${schema} <> 'information_schema'`;
}

/** True for an object of an extension, which is the extension's business. */
export function isOfExtensionSql(oid: string): string {
  return `EXISTS (SELECT FROM pg_catalog.pg_depend AS dep WHERE dep.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
    AND dep.objid = ${oid} AND dep.deptype = 'e')`;
}

/** A moment in ISO 8601 and UTC. */
export function isoSql(moment: string): string {
  return `pg_catalog.to_char(${moment} AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')`;
}
