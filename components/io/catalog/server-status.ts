import type { ServerStatus } from "../../core/status";
import type { Session } from "../session";

/**
 * The server with its databases and roles in one read, as one JSON value. Needs no superuser: what a login may not see
 * is null.
 *
 * Measuring a database walks its files: some milliseconds for each thousand tables.
 */
const serverStatusSql = `
WITH session AS MATERIALIZED (
  SELECT datid, usesysid FROM pg_catalog.pg_stat_activity
  WHERE backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid()
), setting AS MATERIALIZED (
  SELECT name, setting FROM pg_catalog.pg_settings
  WHERE name IN ('data_directory', 'max_connections', 'superuser_reserved_connections', 'reserved_connections')
)
SELECT pg_catalog.json_build_object(
  'version', pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1),
  'uptimeSeconds', extract(epoch FROM pg_catalog.now() - pg_catalog.pg_postmaster_start_time())::bigint,
  'dataDirectory', (SELECT setting FROM setting WHERE name = 'data_directory'),
  'inRecovery', pg_catalog.pg_is_in_recovery(),
  'maxConnections', (SELECT setting::int FROM setting WHERE name = 'max_connections'),
  'reservedConnections', (SELECT sum(setting::int) FROM setting WHERE name LIKE '%reserved_connections'),
  'connections', (SELECT count(*) FROM session),
  'databases', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', b.datname,
      'owner', pg_catalog.pg_get_userbyid(b.datdba),
      'sizeBytes', CASE WHEN NOT $1 THEN NULL WHEN pg_catalog.has_database_privilege(b.oid, 'CONNECT')
                          OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
                        THEN pg_catalog.pg_database_size(b.oid) END,
      'connections', (SELECT count(*) FROM session WHERE datid = b.oid),
      'connectionLimit', b.datconnlimit,
      'allowConnections', b.datallowconn
    ) ORDER BY b.datname), '[]'::json)
    FROM pg_catalog.pg_database AS b
    WHERE NOT b.datistemplate
  ),
  'roles', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', r.rolname,
      'login', r.rolcanlogin,
      'superuser', r.rolsuper,
      'connectionLimit', r.rolconnlimit,
      'connections', (SELECT count(*) FROM session WHERE usesysid = r.oid),
      'validUntil', CASE WHEN pg_catalog.isfinite(r.rolvaliduntil) THEN pg_catalog.to_char(
                      r.rolvaliduntil AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') END,
      'expired', coalesce(r.rolvaliduntil <= pg_catalog.now(), false)
    ) ORDER BY r.rolname), '[]'::json)
    FROM pg_catalog.pg_roles AS r
    WHERE r.rolname !~ '^pg_'
  )
) AS status`;

/** @param how measure: false leaves the sizes of databases null, for a look that is often repeated */
export async function readServerStatus(
  session: Session,
  { measure = true }: { readonly measure?: boolean } = {},
): Promise<ServerStatus> {
  const [row] = await session.query<{ status: ServerStatus }>(serverStatusSql, [measure]);
  if (row === undefined) throw new Error("the status read gave no row");
  return row.status;
}
