import type { AclItem } from "../../core/privileges/acl";
import type { AclKind, PrivilegesDeclaration } from "../../core/privileges/declaration";
import type { ActualObject, ObjectsCatalog } from "../../core/privileges/objects";
import type { Session } from "../session";
import { allPrivilegesSql, explodeSql, unreachableSql } from "./acl-parts";

/**
 * Everything in declared schemas ($1) with its owner and privileges, and the languages and large objects ($2) that are
 * asked for, in one read as one JSON value. An ACL that was never changed is PostgreSQL's default for its owner.
 *
 * Thousands of objects share few ACLs: each one is told once, as a text and then in its parts. Members of extensions are
 * the extension's; what belongs to a relation (its row type, its toast table) goes with it.
 */
const objectsSql = `
WITH member AS (
  SELECT d.classid, d.objid FROM pg_catalog.pg_depend AS d WHERE d.deptype = 'e'
), place AS (
  SELECT n.oid, n.nspname AS schema FROM pg_catalog.pg_namespace AS n WHERE n.nspname = ANY ($1::text[])
), object AS (
  SELECT CASE c.relkind WHEN 'S' THEN 'S' ELSE 'r' END AS kind,
    CASE c.relkind WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW'
                   WHEN 'f' THEN 'FOREIGN TABLE' ELSE 'TABLE' END AS alter,
    p.schema, c.relname::text AS name, NULL::text AS args, NULL::text AS identity, c.relowner AS owner,
    coalesce(c.relacl, pg_catalog.acldefault(
      (CASE c.relkind WHEN 'S' THEN 's' ELSE 'r' END)::"char", c.relowner))::text AS acl,
    c.relkind = 'S' AND EXISTS (
      SELECT FROM pg_catalog.pg_depend AS d
      WHERE d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.objid = c.oid AND d.objsubid = 0
        AND d.refclassid = 'pg_catalog.pg_class'::pg_catalog.regclass AND d.deptype IN ('a', 'i')) AS linked,
    c.oid AS relation, c.oid
  FROM pg_catalog.pg_class AS c JOIN place AS p ON p.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
    AND NOT EXISTS (SELECT FROM member AS m
                    WHERE m.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND m.objid = c.oid)
  UNION ALL
  SELECT 'f', 'ROUTINE', p.schema, f.proname, pg_catalog.oidvectortypes(f.proargtypes),
    CASE WHEN f.prokind = 'p' THEN pg_catalog.pg_get_function_identity_arguments(f.oid) END, f.proowner,
    coalesce(f.proacl, pg_catalog.acldefault('f', f.proowner))::text, false, NULL, f.oid
  FROM pg_catalog.pg_proc AS f JOIN place AS p ON p.oid = f.pronamespace
  WHERE NOT EXISTS (SELECT FROM member AS m
                    WHERE m.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass AND m.objid = f.oid)
  UNION ALL
  SELECT 'T', 'TYPE', p.schema, t.typname, NULL, NULL, t.typowner,
    coalesce(t.typacl, pg_catalog.acldefault('T', t.typowner))::text, false, NULL, t.oid
  FROM pg_catalog.pg_type AS t JOIN place AS p ON p.oid = t.typnamespace
  LEFT JOIN pg_catalog.pg_class AS c ON c.oid = t.typrelid
  WHERE t.typtype IN ('b', 'c', 'd', 'e', 'r') AND (t.typrelid = 0 OR c.relkind = 'c')
    -- The array type of another type goes with it.
    AND NOT EXISTS (SELECT FROM pg_catalog.pg_type AS e WHERE e.typarray = t.oid)
    AND NOT EXISTS (SELECT FROM member AS m
                    WHERE m.classid = 'pg_catalog.pg_type'::pg_catalog.regclass AND m.objid = t.oid)
  UNION ALL
  SELECT 'l', 'LANGUAGE', '', l.lanname, NULL, NULL, l.lanowner,
    coalesce(l.lanacl, pg_catalog.acldefault('l', l.lanowner))::text, false, NULL, l.oid
  FROM pg_catalog.pg_language AS l WHERE l.lanispl
  UNION ALL
  SELECT 'L', 'LARGE OBJECT', '', o.oid::text, NULL, NULL, o.lomowner,
    coalesce(o.lomacl, pg_catalog.acldefault('L', o.lomowner))::text, false, NULL, o.oid
  FROM pg_catalog.pg_largeobject_metadata AS o WHERE o.oid::text = ANY ($2::text[])
), attribute AS (
  SELECT a.attrelid AS relation, a.attname::text AS name, a.attacl::text AS acl
  FROM pg_catalog.pg_attribute AS a JOIN object AS o ON o.relation = a.attrelid
  WHERE (a.attacl IS NOT NULL OR a.attname = ANY ($3::text[])) AND a.attnum > 0 AND NOT a.attisdropped
), acls AS (
  SELECT acl, (row_number() OVER () - 1)::int AS number
  FROM (SELECT acl FROM object UNION SELECT acl FROM attribute WHERE acl IS NOT NULL) AS every
), attributes AS (
  SELECT a.relation, pg_catalog.json_agg(pg_catalog.json_build_array(a.name, l.number)) AS list
  FROM attribute AS a LEFT JOIN acls AS l USING (acl) GROUP BY a.relation
)
SELECT pg_catalog.json_build_object(
  'acls', (
    SELECT coalesce(pg_catalog.json_agg(${explodeSql("nullif(l.acl, '{}')::pg_catalog._aclitem")} ORDER BY l.number), '[]'::json)
    FROM acls AS l
  ),
  'owned', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'id', x.class::text || x.oid, 'schema', p.schema, 'sql', i.identity, 'owner', pg_catalog.pg_get_userbyid(x.owner),
      'alter', CASE i.type WHEN 'statistics object' THEN 'STATISTICS' ELSE pg_catalog.upper(i.type) END)), '[]'::json)
    FROM (
      SELECT 'pg_catalog.pg_collation'::pg_catalog.regclass AS class, oid, collnamespace AS schema, collowner AS owner
        FROM pg_catalog.pg_collation
      UNION ALL SELECT 'pg_catalog.pg_conversion'::pg_catalog.regclass, oid, connamespace, conowner
        FROM pg_catalog.pg_conversion
      UNION ALL SELECT 'pg_catalog.pg_operator'::pg_catalog.regclass, oid, oprnamespace, oprowner
        FROM pg_catalog.pg_operator
      UNION ALL SELECT 'pg_catalog.pg_opclass'::pg_catalog.regclass, oid, opcnamespace, opcowner
        FROM pg_catalog.pg_opclass
      UNION ALL SELECT 'pg_catalog.pg_opfamily'::pg_catalog.regclass, oid, opfnamespace, opfowner
        FROM pg_catalog.pg_opfamily
      UNION ALL SELECT 'pg_catalog.pg_statistic_ext'::pg_catalog.regclass, oid, stxnamespace, stxowner
        FROM pg_catalog.pg_statistic_ext
      UNION ALL SELECT 'pg_catalog.pg_ts_config'::pg_catalog.regclass, oid, cfgnamespace, cfgowner
        FROM pg_catalog.pg_ts_config
      UNION ALL SELECT 'pg_catalog.pg_ts_dict'::pg_catalog.regclass, oid, dictnamespace, dictowner
        FROM pg_catalog.pg_ts_dict
    ) AS x JOIN place AS p ON p.oid = x.schema
    CROSS JOIN LATERAL pg_catalog.pg_identify_object(x.class, x.oid, 0) AS i
    WHERE NOT EXISTS (SELECT FROM member AS m WHERE m.classid = x.class AND m.objid = x.oid)
  ),
  'objects', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(
      o.oid::text, o.kind, o.alter, o.schema, o.name, o.args, o.identity, pg_catalog.pg_get_userbyid(o.owner), l.number, o.linked,
      s.list)), '[]'::json)
    FROM object AS o JOIN acls AS l USING (acl) LEFT JOIN attributes AS s USING (relation)
  ),
  'all', ${allPrivilegesSql},
  'blind', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_array(r.rolname, p.schema)), '[]'::json)
    FROM (SELECT DISTINCT x.grantor FROM acls AS l,
            pg_catalog.aclexplode(nullif(l.acl, '{}')::pg_catalog._aclitem) AS x) AS g
    JOIN pg_catalog.pg_roles AS r ON r.oid = g.grantor
    JOIN place AS p ON NOT pg_catalog.has_schema_privilege(r.oid, p.oid, 'USAGE')
  ),
  'unreachable', ${unreachableSql("$4")}
) AS catalog`;

type Row = readonly [
  oid: string,
  kind: AclKind,
  alter: string,
  schema: string,
  name: string,
  args: string | null,
  identity: string | null,
  owner: string,
  acl: number,
  linked: boolean,
  columns: readonly (readonly [string, number | null])[] | null,
];

interface ReadCatalog {
  readonly acls: readonly (readonly AclItem[])[];
  readonly objects: readonly Row[];
  readonly owned: ObjectsCatalog["owned"];
  readonly all: ObjectsCatalog["all"];
  readonly unreachable: readonly string[];
  readonly blind: ObjectsCatalog["blind"];
}

/**
 * Of large objects only those that grants name, in this run or the last one: there may be millions.
 *
 * @param before what the last run declared
 */
export async function readObjectsCatalog(
  session: Session,
  declaration: PrivilegesDeclaration,
  before?: PrivilegesDeclaration,
): Promise<ObjectsCatalog> {
  const schemas = declaration.schemas.map(({ name }) => name);
  const grants = declaration.roles.flatMap(({ grants = [] }) => grants);
  const named = [declaration, before].flatMap((one) => one?.roles ?? []).flatMap((role) => role.grants ?? []);
  const largeObjects = named.flatMap(({ on }) => on.largeObject ?? []);
  const [row] = await session.query<{ catalog: ReadCatalog }>(objectsSql, [
    schemas,
    largeObjects,
    grants.flatMap(({ columns = [] }) => columns),
    declaration.manager,
  ]);
  if (row === undefined) throw new Error("the catalogue read gave no row");
  return { ...row.catalog, objects: row.catalog.objects.map(objectOf) };
}

function objectOf([
  oid,
  kind,
  alter,
  schema,
  name,
  args,
  identity,
  owner,
  acl,
  linked,
  columns,
]: Row): ActualObject {
  return {
    id: `${kind}${oid}`,
    kind,
    alter,
    schema,
    name,
    owner,
    acl,
    ...(args === null ? {} : { args }),
    ...(identity === null ? {} : { identity }),
    ...(columns === null ? {} : { columns }),
    ...(linked ? { linked } : {}),
  };
}
