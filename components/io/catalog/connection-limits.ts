import type { LoginLimit } from "../../core/pool";
import type { Session } from "../session";

/** What bounds the number of connections: the server, its databases and its roles. */
export interface ConnectionLimits {
  readonly maxConnections: number;
  /** Kept for superusers (`superuser_reserved_connections`). */
  readonly superuserReserved: number;
  /** Kept for members of pg_use_reserved_connections (`reserved_connections`, 16 and newer). */
  readonly reserved: number;
  /** Databases with a `CONNECTION LIMIT`; −1 is no limit. */
  readonly databases: readonly { readonly name: string; readonly connectionLimit: number }[];
  /** Roles that log in, without superusers: those have connections of their own. */
  readonly logins: readonly LoginLimit[];
}

const connectionLimitsSql = `
SELECT pg_catalog.json_build_object(
  'maxConnections', pg_catalog.current_setting('max_connections')::int,
  'superuserReserved', pg_catalog.current_setting('superuser_reserved_connections')::int,
  'reserved', coalesce(pg_catalog.current_setting('reserved_connections', true)::int, 0),
  'databases', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', b.datname, 'connectionLimit', b.datconnlimit)), '[]'::json)
    FROM pg_catalog.pg_database AS b
  ),
  'logins', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'role', r.rolname, 'connectionLimit', r.rolconnlimit) ORDER BY r.rolname), '[]'::json)
    FROM pg_catalog.pg_roles AS r
    WHERE r.rolcanlogin AND NOT r.rolsuper
  )
) AS limits`;

export async function readConnectionLimits(session: Session): Promise<ConnectionLimits> {
  const [row] = await session.query<{ limits: ConnectionLimits }>(connectionLimitsSql);
  if (row === undefined) throw new Error("the read of the limits gave no row");
  return row.limits;
}
