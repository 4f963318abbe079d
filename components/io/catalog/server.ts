import type { ServerCatalog } from "../../core/server-access";
import type { Session } from "../session";

/**
 * Roles and databases of a server in one read, as one JSON value. Needs a superuser, for the verifiers.
 *
 * Roles that PostgreSQL makes itself (`pg_…`) are left out, as nobody declares them.
 */
const serverCatalogSql = `
SELECT pg_catalog.json_build_object(
  'roles', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', r.rolname,
      'login', r.rolcanlogin,
      'connectionLimit', r.rolconnlimit,
      'inherit', r.rolinherit,
      'createDatabase', r.rolcreatedb,
      'createRole', r.rolcreaterole,
      'replication', r.rolreplication,
      'bypassRowLevelSecurity', r.rolbypassrls,
      'superuser', r.rolsuper,
      'validUntil', CASE WHEN pg_catalog.isfinite(r.rolvaliduntil)
                           THEN pg_catalog.to_json(extract(epoch FROM r.rolvaliduntil))
                         WHEN r.rolvaliduntil = '-infinity'
                           THEN pg_catalog.to_json('-infinity'::text) END,
      'verifier', r.rolpassword,
      'dependencies', coalesce(d.list, '[]'::json)
    )), '[]'::json)
    FROM pg_catalog.pg_authid AS r
    LEFT JOIN (
      SELECT refobjid, pg_catalog.json_agg(pg_catalog.json_build_object('database', place, 'count', count)) AS list
      FROM (
        SELECT s.refobjid, coalesce(b.datname, 'the whole server') AS place, count(*) AS count
        FROM pg_catalog.pg_shdepend AS s
        LEFT JOIN pg_catalog.pg_database AS b ON b.oid = coalesce(nullif(s.dbid, 0), CASE
          WHEN s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass THEN s.objid END)
        WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
        GROUP BY s.refobjid, coalesce(b.datname, 'the whole server')
      ) AS places
      GROUP BY refobjid
    ) AS d ON d.refobjid = r.oid
    WHERE r.rolname !~ '^pg_'
  ),
  'databases', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', b.datname,
      'owner', pg_catalog.pg_get_userbyid(b.datdba),
      'encoding', pg_catalog.pg_encoding_to_char(b.encoding),
      'lcCollate', b.datcollate,
      'lcCtype', b.datctype,
      'connectionLimit', b.datconnlimit,
      'allowConnections', b.datallowconn,
      'sizeBytes', CASE WHEN b.datname = ANY ($1::text[]) THEN pg_catalog.pg_database_size(b.oid) END
    )), '[]'::json)
    FROM pg_catalog.pg_database AS b
  )
) AS catalog`;

/** @param sized databases whose size is wanted: measuring one walks its files, so not every run asks for all */
export async function readServerCatalog(
  session: Session,
  sized: readonly string[] = [],
): Promise<ServerCatalog> {
  const [row] = await session.query<{ catalog: ServerCatalog }>(serverCatalogSql, [sized]);
  if (row === undefined) throw new Error("the catalogue read gave no row");
  return row.catalog;
}
