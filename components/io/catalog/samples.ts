import { sampleTableNames, type SamplePlace } from "../../core/operations/sample-tables";
import type { Session } from "../session";

/** What of the tables of samples this session's database has, and who may look at them, in one read. */
export async function readSamplePlace(session: Session): Promise<SamplePlace> {
  const [row] = await session.query<{ place: Omit<SamplePlace, "layout"> & { layout: number | null } }>(
    `WITH own AS (
       SELECT c.oid, c.relname, c.relowner, c.relacl FROM pg_catalog.pg_class AS c
       JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
       WHERE n.nspname = 'pgstead' AND c.relkind = 'r' AND c.relname = ANY ($1::text[])
     ), grants AS (
       SELECT own.relname, a.grantee, a.privilege_type FROM own,
         pg_catalog.aclexplode(coalesce(own.relacl, pg_catalog.acldefault('r', own.relowner))) AS a
       WHERE a.grantee <> own.relowner
     ), monitor AS (SELECT oid FROM pg_catalog.pg_roles WHERE rolname = 'pg_monitor')
     SELECT pg_catalog.json_build_object(
       'hasSchema', n.oid IS NOT NULL,
       'layout', (SELECT CASE WHEN (SELECT count(*) FROM own) = pg_catalog.cardinality($1::text[]) THEN pg_catalog.substring(pg_catalog.obj_description(oid, 'pg_class'), '^layout (\\d{1,6})$')::int END
                  FROM own WHERE relname = 'sample'),
       'mayCreate', CASE WHEN n.oid IS NULL
         THEN pg_catalog.has_database_privilege(pg_catalog.current_database(), 'CREATE')
         ELSE pg_catalog.has_schema_privilege(n.oid, 'CREATE') END,
       'others', (SELECT coalesce(pg_catalog.json_agg(DISTINCT pg_catalog.jsonb_build_object('table', relname, 'grantee',
                    CASE grantee WHEN 0 THEN 'PUBLIC' ELSE pg_catalog.pg_get_userbyid(grantee)::text END)), '[]'::json)
                  FROM grants WHERE grantee NOT IN (SELECT oid FROM monitor)),
       'hidden', (SELECT coalesce(pg_catalog.json_agg(relname ORDER BY relname), '[]'::json) FROM own
                  WHERE NOT EXISTS (SELECT FROM grants AS g JOIN monitor ON monitor.oid = g.grantee
                                    WHERE g.relname = own.relname AND g.privilege_type = 'SELECT')),
       'defaults', (SELECT coalesce(pg_catalog.json_agg(DISTINCT pg_catalog.pg_get_userbyid(a.grantee)), '[]'::json)
                    FROM pg_catalog.pg_default_acl AS d, pg_catalog.aclexplode(d.defaclacl) AS a
                    WHERE d.defaclobjtype = 'r' AND d.defaclnamespace IN (0, coalesce(n.oid, 0))
                      AND pg_catalog.pg_get_userbyid(d.defaclrole) = current_user
                      AND a.grantee NOT IN (0, d.defaclrole) AND a.grantee NOT IN (SELECT oid FROM monitor))
     ) AS place
     FROM (VALUES (1)) AS one LEFT JOIN pg_catalog.pg_namespace AS n ON n.nspname = 'pgstead'`,
    [sampleTableNames],
  );
  if (row === undefined) throw new Error("the read of the samples' tables gave no row");
  const { layout, ...place } = row.place;
  return { ...place, layout: layout ?? undefined };
}
