import { setTimeout as pause } from "node:timers/promises";
import type { EndingOutcome, EndingWay } from "../core/operations/ending";
import type { ServerSession } from "../core/operations/sessions";
import type { Session } from "./session";

/** A session that hears of its end rolls back and goes: one that has not within this time is stuck in something. */
const boundMs = 5_000;

type Known = Pick<ServerSession, "pid" | "backendStart">;

/**
 * Ends one session, or its statement, and waits until that is so, at most 5 s. The pid alone names nobody: the statement
 * that ends it looks for the moment at which the session began as well.
 *
 * Needs pg_signal_backend and pg_read_all_stats, and a superuser for a session of one (42501).
 */
export async function endSession(session: Session, way: EndingWay, known: Known): Promise<EndingOutcome> {
  await assertSees(session);
  return way === "terminate" ? terminate(session, known) : cancel(session, known);
}

/** A login that does not see when a session began cannot tell it from another one, and would take it for gone. */
export class SessionsHiddenError extends Error {
  readonly code = "42501";
}

async function assertSees(session: Session): Promise<void> {
  const [row] = await session.query<{ sees: boolean; who: string }>(
    "SELECT pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE') AS sees, current_user::text AS who",
  );
  if (row?.sees !== true)
    throw new SessionsHiddenError(`${row?.who ?? "this login"} does not see the sessions of others`);
}

async function terminate(session: Session, { pid, backendStart }: Known): Promise<EndingOutcome> {
  const [row] = await session.query<{ done: boolean }>(
    `SELECT pg_catalog.pg_terminate_backend(pid, $3::bigint) AS done FROM pg_catalog.pg_stat_activity
     WHERE pid = $1::int AND backend_start = $2::pg_catalog.timestamptz`,
    [pid, backendStart, boundMs],
  );
  if (row === undefined) return "gone";
  return row.done ? "ended" : "remains";
}

async function cancel(session: Session, { pid, backendStart }: Known): Promise<EndingOutcome> {
  const [row] = await session.query<{ started: string }>(
    `SELECT query_start::text AS started, pg_catalog.pg_cancel_backend(pid) FROM pg_catalog.pg_stat_activity
     WHERE pid = $1::int AND backend_start = $2::pg_catalog.timestamptz AND state = 'active'`,
    [pid, backendStart],
  );
  if (row === undefined) return "gone";
  const isOver = async (): Promise<boolean> => {
    const running = await session.query(
      `SELECT FROM pg_catalog.pg_stat_activity WHERE pid = $1::int AND backend_start = $2::pg_catalog.timestamptz
       AND state = 'active' AND query_start = $3::pg_catalog.timestamptz`,
      [pid, backendStart, row.started],
    );
    return running.length === 0;
  };
  return (await within(isOver)) ? "ended" : "remains";
}

/**
 * Ends the sessions of a list that are idle for so long still, in one statement: who began to work meanwhile is not
 * among them. Then waits until they are gone, at most 5 s.
 *
 * @param states what counts as idle
 */
export async function endIdleSessions(
  session: Session,
  known: readonly Known[],
  idle: { readonly minutes: number; readonly states: readonly string[] },
): Promise<ReadonlyMap<number, EndingOutcome>> {
  await assertSees(session);
  const list = JSON.stringify(known.map(({ pid, backendStart }) => ({ pid, since: backendStart })));
  const ended = await session.query<{ pid: number }>(
    `SELECT a.pid, pg_catalog.pg_terminate_backend(a.pid)
     FROM pg_catalog.pg_stat_activity AS a
     JOIN pg_catalog.json_to_recordset($1::json) AS k (pid int, since timestamptz) ON k.pid = a.pid AND k.since = a.backend_start
     WHERE a.state = ANY ($2::text[])
       AND a.state_change <= pg_catalog.clock_timestamp() - pg_catalog.make_interval(secs => $3::float8)`,
    [list, idle.states, idle.minutes * 60],
  );
  let left: readonly number[] = ended.map(({ pid }) => pid);
  const areGone = async (): Promise<boolean> => {
    const rows = await session.query<{ pid: number }>(
      `SELECT a.pid FROM pg_catalog.pg_stat_activity AS a
       JOIN pg_catalog.json_to_recordset($1::json) AS k (pid int, since timestamptz) ON k.pid = a.pid AND k.since = a.backend_start
       WHERE a.pid = ANY ($2::int[])`,
      [list, ended.map(({ pid }) => pid)],
    );
    left = rows.map(({ pid }) => pid);
    return left.length === 0;
  };
  if (ended.length > 0) await within(areGone);
  const outcome = (pid: number): EndingOutcome => {
    if (left.includes(pid)) return "remains";
    return ended.some((row) => row.pid === pid) ? "ended" : "gone";
  };
  return new Map(known.map(({ pid }) => [pid, outcome(pid)]));
}

async function within(isSo: () => Promise<boolean>): Promise<boolean> {
  const deadline = Date.now() + boundMs;
  while (!(await isSo())) {
    if (Date.now() > deadline) return false;
    await pause(50);
  }
  return true;
}
