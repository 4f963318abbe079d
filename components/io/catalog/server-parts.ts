/**
 * Parts of the catalogue read of a server, each a query that gives one JSON value.
 *
 * Roles that PostgreSQL makes itself (`pg_…`) are names only, as nobody declares them.
 */
export function rolesSql(readVerifiers: boolean): string {
  return `
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
      ${readVerifiers ? "'verifier', r.rolpassword," : ""}
      'dependencies', coalesce(d.list, '[]'::json)
    )), '[]'::json)
    FROM ${readVerifiers ? "pg_catalog.pg_authid" : "pg_catalog.pg_roles"} AS r
    LEFT JOIN (${dependenciesSql}) AS d ON d.refobjid = r.oid
    WHERE r.rolname !~ '^pg_'`;
}

/**
 * What keeps roles from being dropped. Default privileges and user mappings belong to a role and go with it (DROP OWNED
 * takes them, REASSIGN OWNED does not): they count as privileges. Grants of memberships are read by themselves.
 */
const dependenciesSql = `
  SELECT refobjid, pg_catalog.json_agg(pg_catalog.json_build_object(
    'database', place, 'shared', shared, 'how', how, 'kind', kind, 'count', count)) AS list
  FROM (
    SELECT s.refobjid, b.datname AS place, s.dbid = 0 AS shared, count(*) AS count,
      CASE WHEN s.deptype IN ('a', 'i')
             OR s.classid IN ('pg_catalog.pg_default_acl'::pg_catalog.regclass,
                              'pg_catalog.pg_user_mapping'::pg_catalog.regclass) THEN 'privilege'
           WHEN s.deptype = 'o' THEN 'owns'
           WHEN s.deptype = 'r' THEN 'policy'
           ELSE 'other' END AS how,
      CASE s.classid WHEN 'pg_catalog.pg_class'::pg_catalog.regclass THEN 'relation'
                     WHEN 'pg_catalog.pg_proc'::pg_catalog.regclass THEN 'function'
                     WHEN 'pg_catalog.pg_namespace'::pg_catalog.regclass THEN 'schema'
                     WHEN 'pg_catalog.pg_largeobject'::pg_catalog.regclass THEN 'large object'
                     WHEN 'pg_catalog.pg_foreign_server'::pg_catalog.regclass THEN 'foreign server'
        ELSE pg_catalog.replace(pg_catalog.substr(c.relname, 4), '_', ' ') END AS kind
    FROM pg_catalog.pg_shdepend AS s
    JOIN pg_catalog.pg_class AS c ON c.oid = s.classid
    LEFT JOIN pg_catalog.pg_database AS b ON b.oid = coalesce(nullif(s.dbid, 0), CASE
      WHEN s.classid = 'pg_catalog.pg_database'::pg_catalog.regclass THEN s.objid END)
    WHERE s.refclassid = 'pg_catalog.pg_authid'::pg_catalog.regclass
      AND s.classid <> 'pg_catalog.pg_auth_members'::pg_catalog.regclass
    GROUP BY 1, 2, 3, 5, 6
  ) AS places
  GROUP BY refobjid`;

export const predefinedSql = `
    SELECT coalesce(pg_catalog.json_agg(r.rolname), '[]'::json)
    FROM pg_catalog.pg_roles AS r WHERE r.rolname ~ '^pg_'`;

/** An ACL that was never changed is null, and means the default one: PUBLIC may connect. */
export const databasesSql = `
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', b.datname,
      'owner', pg_catalog.pg_get_userbyid(b.datdba),
      'encoding', pg_catalog.pg_encoding_to_char(b.encoding),
      'lcCollate', b.datcollate,
      'lcCtype', b.datctype,
      'connectionLimit', b.datconnlimit,
      'allowConnections', b.datallowconn,
      'sizeBytes', CASE WHEN b.datname = ANY ($1::text[]) THEN pg_catalog.pg_database_size(b.oid) END,
      'acl', (
        SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
          'grantee', CASE WHEN a.grantee <> 0 THEN pg_catalog.pg_get_userbyid(a.grantee) END,
          'grantor', pg_catalog.pg_get_userbyid(a.grantor),
          'privilege', a.privilege_type,
          'grantable', a.is_grantable)), '[]'::json)
        FROM pg_catalog.aclexplode(coalesce(b.datacl, pg_catalog.acldefault('d', b.datdba))) AS a
      )
    )), '[]'::json)
    FROM pg_catalog.pg_database AS b`;

/** INHERIT and SET are columns from 16 on: a row as JSON has them, or not. */
export const membershipsSql = `
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'role', pg_catalog.pg_get_userbyid(m.roleid),
      'member', pg_catalog.pg_get_userbyid(m.member),
      'grantor', pg_catalog.pg_get_userbyid(m.grantor),
      'admin', m.admin_option,
      'inherit', (pg_catalog.to_jsonb(m) ->> 'inherit_option')::boolean,
      'set', (pg_catalog.to_jsonb(m) ->> 'set_option')::boolean
    )), '[]'::json)
    FROM pg_catalog.pg_auth_members AS m`;

export const settingsSql = `
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'role', CASE WHEN s.setrole <> 0 THEN pg_catalog.pg_get_userbyid(s.setrole) END,
      'database', b.datname,
      'settings', s.setconfig
    )), '[]'::json)
    FROM pg_catalog.pg_db_role_setting AS s
    LEFT JOIN pg_catalog.pg_database AS b ON b.oid = s.setdatabase`;
