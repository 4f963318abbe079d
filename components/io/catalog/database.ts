import type { DatabaseCatalog } from "../../core/database/model";
import type { Session } from "../session";
import { readSamplePlace } from "./samples";
import { allPrivilegesSql, explodeSql, unreachableSql } from "./acl-parts";

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
), members AS (
  -- What belongs to a schema or to an extension that is asked about ($1, $2).
  SELECT d.refclassid AS holder_class, d.refobjid AS holder, d.classid, d.objid
  FROM pg_catalog.pg_depend AS d
  WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.deptype = 'n' AND d.refobjid IN (
          SELECT oid FROM pg_catalog.pg_namespace WHERE nspname = ANY ($1::text[]))
     OR d.refclassid = 'pg_catalog.pg_extension'::pg_catalog.regclass AND d.deptype = 'e' AND d.refobjid IN (
          SELECT oid FROM pg_catalog.pg_extension WHERE extname = ANY ($2::text[]))
), dependents AS (
  -- What depends on a member, and on which relation it sits (a rule on its view, a constraint on its table). Parts of
  -- operator families, casts and the like come with the function or type that they are of.
  SELECT m.holder_class, m.holder, pg_catalog.pg_describe_object(d.classid, d.objid, d.objsubid) AS name,
         coalesce(w.ev_class, t.conrelid, a.adrelid, g.tgrelid, p.polrelid, d.objid) AS seat
  FROM members AS m
  JOIN pg_catalog.pg_depend AS d ON d.refclassid = m.classid AND d.refobjid = m.objid AND d.deptype = 'n'
  LEFT JOIN pg_catalog.pg_rewrite AS w ON d.classid = 'pg_catalog.pg_rewrite'::pg_catalog.regclass AND w.oid = d.objid
  LEFT JOIN pg_catalog.pg_constraint AS t
    ON d.classid = 'pg_catalog.pg_constraint'::pg_catalog.regclass AND t.oid = d.objid
  LEFT JOIN pg_catalog.pg_attrdef AS a ON d.classid = 'pg_catalog.pg_attrdef'::pg_catalog.regclass AND a.oid = d.objid
  LEFT JOIN pg_catalog.pg_trigger AS g ON d.classid = 'pg_catalog.pg_trigger'::pg_catalog.regclass AND g.oid = d.objid
  LEFT JOIN pg_catalog.pg_policy AS p ON d.classid = 'pg_catalog.pg_policy'::pg_catalog.regclass AND p.oid = d.objid
  WHERE d.classid IN ('pg_catalog.pg_class'::pg_catalog.regclass, 'pg_catalog.pg_proc'::pg_catalog.regclass,
                      'pg_catalog.pg_type'::pg_catalog.regclass)
     OR coalesce(w.oid, t.oid, a.oid, g.oid, p.oid) IS NOT NULL
), outsiders AS (
  -- Nor what an extension brought: that goes, or stays, with the extension.
  SELECT DISTINCT d.holder_class, d.holder, d.name
  FROM dependents AS d
  WHERE NOT EXISTS (SELECT FROM members AS m
                    WHERE m.holder_class = d.holder_class AND m.holder = d.holder AND m.objid = d.seat)
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend AS e WHERE e.objid = d.seat AND e.deptype = 'e')
), counted AS (
  SELECT schema, kind, count(*) AS count FROM contents GROUP BY schema, kind
)
SELECT pg_catalog.json_build_object(
  'schemas', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', n.nspname,
      'owner', pg_catalog.pg_get_userbyid(n.nspowner),
      'ofExtension', EXISTS (SELECT FROM pg_catalog.pg_depend AS d WHERE d.deptype = 'e' AND d.objid = n.oid
                             AND d.classid = 'pg_catalog.pg_namespace'::pg_catalog.regclass),
      'acl', ${explodeSql("coalesce(n.nspacl, pg_catalog.acldefault('n', n.nspowner))")},
      'contents', (SELECT coalesce(pg_catalog.json_agg(
                     pg_catalog.json_build_object('kind', kind, 'count', count) ORDER BY kind), '[]'::json)
                   FROM counted WHERE counted.schema = n.oid),
      'dependents', (SELECT coalesce(pg_catalog.json_agg(o.name ORDER BY o.name), '[]'::json) FROM outsiders AS o
                     WHERE o.holder_class = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND o.holder = n.oid)
    )), '[]'::json)
    FROM pg_catalog.pg_namespace AS n
    WHERE n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
  ),
  'extensions', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', e.extname, 'schema', n.nspname, 'version', e.extversion,
      'dependents', (SELECT coalesce(pg_catalog.json_agg(o.name ORDER BY o.name), '[]'::json) FROM outsiders AS o
                     WHERE o.holder_class = 'pg_catalog.pg_extension'::pg_catalog.regclass AND o.holder = e.oid)
      )), '[]'::json)
    FROM pg_catalog.pg_extension AS e JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
  ),
  'defaults', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'role', pg_catalog.pg_get_userbyid(d.defaclrole), 'schema', n.nspname, 'kind', d.defaclobjtype,
      'acl', ${explodeSql("d.defaclacl")})), '[]'::json)
    FROM pg_catalog.pg_default_acl AS d LEFT JOIN pg_catalog.pg_namespace AS n ON n.oid = d.defaclnamespace
  ),
  'all', ${allPrivilegesSql},
  'unreachable', ${unreachableSql("$3")}
) AS catalog`;

export interface DatabaseCatalogOptions {
  /** Schemas and extensions whose dependents are wanted: looking for them walks `pg_depend`. */
  readonly schemas?: readonly string[];
  readonly extensions?: readonly string[];
  /** The managing login: what it cannot do is told where it reads itself. */
  readonly manager?: string;
  /** True: the tables of samples are looked at as well. */
  readonly samples?: boolean;
}

export async function readDatabaseCatalog(
  session: Session,
  { schemas = [], extensions = [], manager = "", samples = false }: DatabaseCatalogOptions = {},
): Promise<DatabaseCatalog> {
  const [row] = await session.query<{ catalog: DatabaseCatalog }>(databaseCatalogSql, [
    schemas,
    extensions,
    manager,
  ]);
  if (row === undefined) throw new Error("the catalogue read gave no row");
  return samples ? { ...row.catalog, samples: await readSamplePlace(session) } : row.catalog;
}

/** @param maintenance a session in the maintenance database */
export async function databaseExists(maintenance: Session, name: string): Promise<boolean> {
  const rows = await maintenance.query("SELECT FROM pg_catalog.pg_database WHERE datname = $1", [name]);
  return rows.length > 0;
}
