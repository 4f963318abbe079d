import type { ServerSession } from "../../core/operations/sessions";
import type { Session } from "../session";

const seconds = (since: string): string =>
  `greatest(0, round(extract(epoch FROM pg_catalog.clock_timestamp() - ${since})))::float8`;

/** White space and comments in front of a statement: tools write where it comes from there. */
const leading = String.raw`^(\s|--[^\n]*\n|/\*.*?\*/)+`;

/**
 * A session as JSON, from `a`, a row of pg_stat_activity. Of a statement only its first word leaves the server, as its
 * text has the values that somebody wrote into it; `$1`: true for the text.
 */
export const sessionJson = `pg_catalog.jsonb_build_object(
    'pid', a.pid, 'backendStart', a.backend_start::text, 'backendType', coalesce(a.backend_type, ''),
    'user', coalesce(a.usename, ''),
    'superuser', coalesce((SELECT r.rolsuper FROM pg_catalog.pg_roles AS r WHERE r.oid = a.usesysid), false),
    'database', coalesce(a.datname, ''), 'application', coalesce(a.application_name, ''),
    'address', coalesce(pg_catalog.host(a.client_addr), ''), 'state', coalesce(a.state, ''),
    'sessionSeconds', coalesce(${seconds("a.backend_start")}, 0),
    'transactionSeconds', CASE WHEN a.xact_start IS NOT NULL THEN ${seconds("a.xact_start")} END,
    'stateSeconds', CASE WHEN a.state_change IS NOT NULL THEN ${seconds("a.state_change")} END,
    'wait', a.wait_event_type || ': ' || a.wait_event,
    'statement', upper(pg_catalog.substring(
      pg_catalog.regexp_replace(pg_catalog.left(a.query, 1000), '${leading}', ''), '^[A-Za-z]{1,20}'))
  ) || CASE WHEN $1::boolean THEN pg_catalog.jsonb_build_object('query', pg_catalog.left(a.query, 1000)) ELSE '{}' END`;

const sessionsSql = `
SELECT coalesce(pg_catalog.jsonb_agg(${sessionJson} ORDER BY a.backend_start, a.pid), '[]'::jsonb) AS sessions
FROM pg_catalog.pg_stat_activity AS a
WHERE a.backend_type = 'client backend' AND a.pid <> pg_catalog.pg_backend_pid()`;

/**
 * All sessions of clients but the one that asks, the oldest first. Needs pg_monitor for those of others.
 *
 * @param what queries: with the text of their statements
 */
export async function readSessions(
  session: Session,
  { queries = false }: { readonly queries?: boolean } = {},
): Promise<ServerSession[]> {
  const [row] = await session.query<{ sessions: ServerSession[] }>(sessionsSql, [queries]);
  return row?.sessions ?? [];
}

/** One session of any kind, by its pid; undefined: there is none. */
export async function readSession(session: Session, pid: number): Promise<ServerSession | undefined> {
  const [row] = await session.query<{ session: ServerSession }>(
    `SELECT ${sessionJson} AS session FROM pg_catalog.pg_stat_activity AS a WHERE a.pid = $2::int`,
    [false, pid],
  );
  return row?.session;
}
