import type { SettingRights } from "../../core/settings/rights";
import type { Session } from "../session";

/** @param hasGrants whether the version has pg_parameter_acl: 15 and newer */
function rightsSql(hasGrants: boolean): string {
  const granted = (privilege: string, condition = "true"): string =>
    hasGrants
      ? `ARRAY(SELECT pg_catalog.lower(p.parname) FROM pg_catalog.pg_parameter_acl AS p
           WHERE ${condition} AND pg_catalog.has_parameter_privilege(me.oid, p.parname, '${privilege}') ORDER BY 1)`
      : "'{}'::text[]";
  const mayAlter = "coalesce(pg_catalog.current_setting('allow_alter_system', true), 'on') = 'on'";
  const named = (condition: string): string =>
    `ARRAY(SELECT pg_catalog.lower(s.name) FROM pg_catalog.pg_settings AS s WHERE ${condition} ORDER BY 1)`;
  return `
SELECT me.rolname::text AS login, ${granted("ALTER SYSTEM", mayAlter)} AS alter, ${granted("SET")} AS set,
  pg_catalog.has_function_privilege(me.oid, 'pg_catalog.pg_reload_conf()', 'EXECUTE') AS reload,
  ${named("s.context IN ('superuser', 'superuser-backend')")} AS closed,
  ${named("s.name ~ '\\.'")} AS "ofLibraries"
FROM pg_catalog.pg_roles AS me
WHERE me.rolname = coalesce($1, current_user) AND NOT me.rolsuper`;
}

/**
 * What a login may do with the server's settings, in one query; undefined for a superuser, who may do everything.
 *
 * @param login default the session's own
 */
export async function readSettingRights(
  session: Session,
  { serverVersion, login }: { readonly serverVersion: number; readonly login?: string },
): Promise<SettingRights | undefined> {
  const sql = rightsSql(serverVersion >= 150_000);
  const [rights] = await session.query<SettingRights & Record<string, unknown>>(sql, [login ?? null]);
  return rights;
}
