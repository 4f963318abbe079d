/** An ACL as a JSON list of its items; PUBLIC is the empty name. */
export function explodeSql(acl: string): string {
  return `(
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'grantee', CASE WHEN x.grantee = 0 THEN '' ELSE pg_catalog.pg_get_userbyid(x.grantee) END,
      'grantor', pg_catalog.pg_get_userbyid(x.grantor),
      'privilege', x.privilege_type,
      'grantable', x.is_grantable)), '[]'::json)
    FROM pg_catalog.aclexplode(${acl}) AS x)`;
}

/**
 * Roles that a managing login ($n) neither works as nor may become a member of: none for a superuser, and none where
 * another login reads for it. Before 16 CREATEROLE gives every membership but that of a superuser.
 */
export function unreachableSql(manager: string): string {
  return `(
    SELECT coalesce(pg_catalog.json_agg(r.rolname), '[]'::json)
    FROM pg_catalog.pg_roles AS r CROSS JOIN pg_catalog.pg_roles AS me
    WHERE me.rolname = current_user AND me.rolname = ${manager}
      AND NOT pg_catalog.pg_has_role(me.oid, r.oid, 'USAGE')
      AND NOT pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER WITH ADMIN OPTION')
      AND (r.rolsuper OR NOT me.rolcreaterole OR pg_catalog.current_setting('server_version_num')::int >= 160000))`;
}

/** All privileges of each kind of object, as this version has them: what the owner of a new one gets. */
export const allPrivilegesSql = `(
    SELECT pg_catalog.json_object_agg(k.kind, (
      SELECT pg_catalog.json_agg(x.privilege_type)
      FROM pg_catalog.aclexplode(pg_catalog.acldefault(k.code::"char", 10)) AS x WHERE x.grantee = 10))
    -- A sequence is \`S\` in pg_default_acl and \`s\` for acldefault.
    FROM (VALUES ('r', 'r'), ('S', 's'), ('f', 'f'), ('T', 'T'), ('n', 'n'), ('l', 'l'), ('L', 'L')) AS k (kind, code)
  )`;
