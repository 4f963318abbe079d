import type { Session } from "../session";

/** Names that a filter of a command can mean. */
export interface ServerNames {
  /** With groups, sorted. */
  readonly roles: readonly string[];
  readonly databases: readonly string[];
}

/** Takes no more than a login: both catalogues are for everybody. */
export async function readServerNames(session: Session): Promise<ServerNames> {
  const [row] = await session.query<{ roles: string[]; databases: string[] }>(
    `SELECT ARRAY(SELECT rolname::text FROM pg_catalog.pg_roles ORDER BY 1) AS roles,
      ARRAY(SELECT datname::text FROM pg_catalog.pg_database ORDER BY 1) AS databases`,
  );
  return row ?? { roles: [], databases: [] };
}
