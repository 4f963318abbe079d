import type { LimitFacts } from "./health-facts";

/** A session of a client as the server shows it. Ages are by the server's clock. */
export interface ServerSession {
  readonly pid: number;
  /** Moment at which it began, as PostgreSQL writes it: with the pid it names one session, also after others had the pid. */
  readonly backendStart: string;
  /** `client backend`, `walsender`, `autovacuum worker`, …; empty: the login may not see it. */
  readonly backendType: string;
  /** Empty: it belongs to no role, as the server's own processes do. */
  readonly user: string;
  readonly superuser: boolean;
  readonly database: string;
  readonly application: string;
  /** Address of the client; empty: by a socket, or none. */
  readonly address: string;
  /** `active`, `idle`, `idle in transaction`, …; empty: the login may not see it. */
  readonly state: string;
  readonly sessionSeconds: number;
  /** Null: it has no transaction open. */
  readonly transactionSeconds: number | null;
  /** Since the state changed: how long a statement runs, or how long it has been idle. */
  readonly stateSeconds: number | null;
  /** What it waits for, `Lock: relation`; null: nothing. */
  readonly wait: string | null;
  /** First word of its statement or last one, such as `UPDATE`; null: none, or the login may not see it. */
  readonly statement: string | null;
  /** Text of its statement or last one, at most 1000 characters; absent: not asked for. */
  readonly query?: string | null;
}

/** How many sessions there are of something. */
export interface SessionCount {
  readonly name: string;
  readonly sessions: number;
  /** Those of them that run a statement. */
  readonly active: number;
}

/** Counts by a word of the sessions, the most first. */
export function countSessions(
  sessions: readonly ServerSession[],
  wordOf: (session: ServerSession) => string,
): SessionCount[] {
  const counts = new Map<string, { sessions: number; active: number }>();
  for (const session of sessions) {
    const name = wordOf(session);
    const count = counts.get(name) ?? { sessions: 0, active: 0 };
    count.sessions += 1;
    if (session.state === "active") count.active += 1;
    counts.set(name, count);
  }
  return [...counts]
    .map(([name, count]) => ({ name, ...count }))
    .toSorted((a, b) => b.sessions - a.sessions || (a.name < b.name ? -1 : 1));
}

/** What a login or a database may have, and how near it is to that. */
export interface LimitUse extends LimitFacts {
  readonly percent: number;
}

/** Sessions that pgstead itself opened: nobody ends those by a list. */
export function isOwn({ application }: Pick<ServerSession, "application">): boolean {
  return application === "pgstead" || application.startsWith("pgstead ");
}

/** `shop_app on shop (worker 3, 10.0.0.7)`, for people. */
export function describeSession({
  user,
  database,
  application,
  address,
  backendType,
}: ServerSession): string {
  const details = [application, address].filter((detail) => detail !== "").join(", ");
  const who = user === "" ? backendType : user;
  return `${who}${database === "" ? "" : ` on ${database}`}${details === "" ? "" : ` (${details})`}`;
}
