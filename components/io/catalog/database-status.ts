import type { DatabaseStatus } from "../../core/status";
import type { Session } from "../session";

/**
 * Schemas and extensions of a database in one read, as one JSON value. Members of extensions are not counted.
 *
 * A table that is dropped meanwhile has no size (NULL) and fails nothing.
 */
const databaseStatusSql = `
WITH relation AS (
  SELECT c.relnamespace AS schema,
    count(*) FILTER (WHERE c.relkind IN ('r', 'p', 'f')) AS tables,
    count(*) FILTER (WHERE c.relkind IN ('v', 'm')) AS views,
    sum(CASE WHEN $1 AND c.relkind IN ('r', 'm', 'S') THEN pg_catalog.pg_total_relation_size(c.oid) END) AS size
  FROM pg_catalog.pg_class AS c
  WHERE c.relkind IN ('r', 'p', 'f', 'v', 'm', 'S')
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass
                    AND d.objid = c.oid AND d.deptype = 'e')
  GROUP BY c.relnamespace
), routine AS (
  SELECT p.pronamespace AS schema, count(*) AS functions
  FROM pg_catalog.pg_proc AS p
  WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass
                    AND d.objid = p.oid AND d.deptype = 'e')
  GROUP BY p.pronamespace
)
SELECT pg_catalog.json_build_object(
  'database', pg_catalog.current_database(),
  'extensions', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', e.extname, 'version', e.extversion, 'schema', n.nspname, 'defaultVersion', a.default_version
    ) ORDER BY e.extname), '[]'::json)
    FROM pg_catalog.pg_extension AS e
    JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
    LEFT JOIN pg_catalog.pg_available_extensions AS a ON a.name = e.extname
  ),
  'schemas', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', n.nspname,
      'owner', pg_catalog.pg_get_userbyid(n.nspowner),
      'tables', coalesce(r.tables, 0),
      'views', coalesce(r.views, 0),
      'functions', coalesce(f.functions, 0),
      'sizeBytes', coalesce(r.size, 0)
    ) ORDER BY n.nspname), '[]'::json)
    FROM pg_catalog.pg_namespace AS n
    LEFT JOIN relation AS r ON r.schema = n.oid
    LEFT JOIN routine AS f ON f.schema = n.oid
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  )
) AS status`;

/** @param how measure: false leaves the sizes of schemas 0, for a look that is often repeated */
export async function readDatabaseStatus(
  session: Session,
  { measure = true }: { readonly measure?: boolean } = {},
): Promise<DatabaseStatus> {
  const [row] = await session.query<{ status: DatabaseStatus }>(databaseStatusSql, [measure]);
  if (row === undefined) throw new Error("the status read gave no row");
  return row.status;
}
