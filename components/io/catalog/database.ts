import type { DatabaseCatalog } from "../../core/database-access";
import type { Session } from "../session";

/**
 * Schemas and extensions of a database in one read, as one JSON value.
 *
 * What a schema holds: relations, routines and stand-alone types that belong to no extension. Indexes, sequences of a
 * column, TOAST tables and row types come with their table and are not counted.
 */
const databaseCatalogSql = `
WITH contents AS (
  SELECT c.relnamespace AS schema, CASE c.relkind
      WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view' WHEN 'S' THEN 'sequence'
      WHEN 'f' THEN 'foreign table' WHEN 'c' THEN 'type' ELSE 'table' END AS kind
  FROM pg_catalog.pg_class AS c
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S', 'f', 'c')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND d.objid = c.oid AND d.deptype IN ('e', 'a', 'i'))
  UNION ALL
  SELECT p.pronamespace, CASE p.prokind WHEN 'p' THEN 'procedure' ELSE 'function' END
  FROM pg_catalog.pg_proc AS p
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                    AND d.objid = p.oid AND d.deptype IN ('e', 'i'))
  UNION ALL
  SELECT t.typnamespace, 'type'
  FROM pg_catalog.pg_type AS t
  WHERE t.typtype IN ('e', 'd', 'r')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass
                    AND d.objid = t.oid AND d.deptype IN ('e', 'i'))
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
