import type { Session } from "../session";

/** Sessions of a login, which stay whatever becomes of its password. */
export interface LoginSessions {
  readonly login: string;
  readonly sessions: number;
  /** Names of the programs (`application_name`), sorted; those without a name are left out. */
  readonly applications: readonly string[];
}

/**
 * The sessions of logins, in their order; a login without any has none.
 *
 * @param before sessions that began later are left out: a moment of the server's clock
 */
export async function readLoginSessions(
  session: Session,
  logins: readonly string[],
  before?: string,
): Promise<readonly LoginSessions[]> {
  const rows = await session.query<{ login: string; sessions: number; applications: string[] }>(
    `SELECT usename::text AS login, count(*)::int AS sessions,
            array_agg(DISTINCT application_name ORDER BY application_name)
              FILTER (WHERE application_name <> '') AS applications
       FROM pg_catalog.pg_stat_activity
      WHERE usename = ANY ($1) AND pid <> pg_catalog.pg_backend_pid()
        AND ($2::timestamptz IS NULL OR backend_start < $2)
      GROUP BY usename`,
    [logins, before ?? null],
  );
  return logins.map((login) => {
    const { sessions = 0, applications } = rows.find((row) => row.login === login) ?? {};
    return { login, sessions, applications: applications ?? [] };
  });
}

/** The server's clock. */
export async function readServerTime(session: Session): Promise<string> {
  const [row] = await session.query<{ now: string }>("SELECT pg_catalog.clock_timestamp()::text AS now");
  return row?.now ?? "";
}
