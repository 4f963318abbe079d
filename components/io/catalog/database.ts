import type { DatabaseCatalog } from "../../core/database-access";
import type { Session } from "../session";

/**
 * Schemas and extensions of a database in one read, as one JSON value.
 *
 * What a schema holds is what depends on it in `pg_depend`, as that is what keeps DROP SCHEMA from working. Members of
 * extensions, sequences of a column, and array and row types come with what they belong to and are not counted.
 */
const databaseCatalogSql = `
WITH contents AS (
  SELECT d.refobjid AS schema, CASE
      WHEN d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass THEN CASE c.relkind
        WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
        WHEN 'f' THEN 'foreign table' ELSE 'table' END
      WHEN d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass THEN 'type'
      WHEN d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass THEN
        CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END
      ELSE (pg_catalog.pg_identify_object(d.classid, d.objid, 0)).type END AS kind
  FROM pg_catalog.pg_depend AS d
  LEFT JOIN pg_catalog.pg_class AS c ON d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND c.oid = d.objid
  LEFT JOIN pg_catalog.pg_proc AS p ON d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND p.oid = d.objid
  WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.deptype = 'n'
    AND d.classid <> 'pg_catalog.pg_extension'::pg_catalog.regclass
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS o WHERE o.classid = d.classid AND o.objid = d.objid
                    AND (o.deptype IN ('e', 'i') OR o.deptype = 'a' AND c.relkind = 'S'))
), counted AS (
  SELECT schema, kind, count(*) AS count FROM contents GROUP BY schema, kind
)
SELECT pg_catalog.json_build_object(
  'schemas', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', n.nspname,
      'owner', pg_catalog.pg_get_userbyid(n.nspowner),
      'contents', (SELECT coalesce(pg_catalog.json_agg(
                     pg_catalog.json_build_object('kind', kind, 'count', count) ORDER BY kind), '[]'::json)
                   FROM counted WHERE counted.schema = n.oid)
    )), '[]'::json)
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  ),
  'extensions', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', e.extname, 'schema', n.nspname, 'version', e.extversion)), '[]'::json)
    FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
  )
) AS catalog`;

export async function readDatabaseCatalog(session: Session): Promise<DatabaseCatalog> {
  const [row] = await session.query<{ catalog: DatabaseCatalog }>(databaseCatalogSql);
  if (row === undefined) throw new Error("the catalogue read gave no row");
  return row.catalog;
}
