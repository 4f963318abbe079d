import type { Capabilities } from "../core/capabilities";
import { readSettingRights } from "./catalog/setting-rights";
import type { Session } from "./session";

/**
 * Asks for privileges, not for names of services: what a login may do differs from one managed service to the next.
 *
 * Every function that is asked about is there from PostgreSQL 14 on.
 */
const capabilitiesSql = `
SELECT pg_catalog.json_build_object(
  'login', me.rolname,
  'serverVersion', pg_catalog.current_setting('server_version_num')::int,
  'superuser', me.rolsuper,
  'createRole', me.rolsuper OR me.rolcreaterole,
  'createDatabase', me.rolsuper OR me.rolcreatedb,
  'readVerifiers', pg_catalog.has_column_privilege('pg_catalog.pg_authid', 'rolpassword', 'SELECT'),
  'alterSystem', me.rolsuper AND coalesce(pg_catalog.current_setting('allow_alter_system', true), 'on') = 'on',
  'readSettings', pg_catalog.pg_has_role(me.oid, 'pg_read_all_settings', 'USAGE'),
  'readStatistics', pg_catalog.pg_has_role(me.oid, 'pg_read_all_stats', 'USAGE'),
  'signalBackends', pg_catalog.pg_has_role(me.oid, 'pg_signal_backend', 'USAGE'),
  'readHbaRules', pg_catalog.has_table_privilege('pg_catalog.pg_hba_file_rules', 'SELECT')
    AND pg_catalog.has_function_privilege('pg_catalog.pg_hba_file_rules()', 'EXECUTE'),
  'eventTriggers', me.rolsuper,
  'replication', me.rolsuper OR me.rolreplication,
  'bypassRowLevelSecurity', me.rolsuper OR me.rolbypassrls,
  'writeHba', me.rolsuper,
  'silenceLog', me.rolsuper,
  'readSystemIdentifier', pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE'),
  'inRecovery', pg_catalog.pg_is_in_recovery(),
  'memberOf', (
    SELECT coalesce(pg_catalog.json_agg(r.rolname ORDER BY r.rolname), '[]'::json)
    FROM pg_catalog.pg_roles AS r
    WHERE NOT me.rolsuper AND r.oid <> me.oid AND pg_catalog.pg_has_role(me.oid, r.oid, 'USAGE')
      -- Before 16 nobody knows the word, and every member may.
      AND CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000
               THEN pg_catalog.pg_has_role(me.oid, r.oid, 'SET') ELSE true END
  ),
  'adminOf', (
    SELECT coalesce(pg_catalog.json_agg(r.rolname ORDER BY r.rolname), '[]'::json)
    FROM pg_catalog.pg_roles AS r
    WHERE NOT me.rolsuper AND r.oid <> me.oid
      AND pg_catalog.pg_has_role(me.oid, r.oid, 'MEMBER WITH ADMIN OPTION')
  )
) AS capabilities
FROM pg_catalog.pg_roles AS me
WHERE me.rolname = current_user`;

/** What the login of this session may do. */
export async function readCapabilities(session: Session): Promise<Capabilities> {
  const [row] = await session.query<{ capabilities: Capabilities }>(capabilitiesSql);
  if (row === undefined) throw new Error("pg_roles has no row of the session's own role");
  const { capabilities } = row;
  const settings = capabilities.superuser
    ? undefined
    : await readSettingRights(session, { serverVersion: capabilities.serverVersion });
  return settings === undefined ? capabilities : { ...capabilities, settings };
}
