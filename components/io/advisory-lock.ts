import type { DatabaseError } from "pg";
import { problemError } from "../core/problem";
import type { Session } from "./session";
import { startWaiting, type Waiting } from "./waiting";

/** A lock of a session that runs of this program take from each other; advisory locks are per database. */
export interface AdvisoryLock {
  /** A number, as text. */
  readonly key: string;
  /** What another one does who holds it, such as `another run changes this server`. */
  readonly what: string;
  /** Bound of the wait for another run, then an error that names who holds it. */
  readonly waitSeconds: number;
}

/** Holds a lock while `work` runs. */
export async function withAdvisoryLock<Result>(
  session: Session,
  lock: AdvisoryLock,
  work: () => Promise<Result>,
  waiting: Waiting,
): Promise<Result> {
  await takeLock(session, lock, waiting);
  try {
    return await work();
  } finally {
    // Where the connection is lost the server has let go of the lock, and what lost it is the error to show.
    await session.query(`SELECT pg_catalog.pg_advisory_unlock(${lock.key})`).catch(() => undefined);
  }
}

/** Asks again every second, so that a run that is cancelled does not wait on. */
async function takeLock(session: Session, lock: AdvisoryLock, waiting: Waiting): Promise<void> {
  const { key, waitSeconds } = lock;
  const deadline = Date.now() + waitSeconds * 1000;
  const wait = startWaiting(waiting);
  // In one transaction, so that the bound is gone after it, whatever its end; the lock stays with the session.
  const take = `SET LOCAL lock_timeout = ${Math.min(1000, waitSeconds * 1000)}; SELECT pg_catalog.pg_advisory_lock(${key})`;
  for (;;) {
    try {
      await session.query(`BEGIN; ${take}; COMMIT`);
      return;
    } catch (error) {
      if ((error as DatabaseError).code !== "55P03") throw error;
      await session.query("ROLLBACK");
      if (Date.now() >= deadline) throw lockFailure(await lockHolders(session, key), lock);
      await wait(`waiting up to ${waitSeconds} s for another run: ${await lockHolders(session, key)}`);
    }
  }
}

async function lockHolders(session: Session, key: string): Promise<string> {
  const holders = await session.query<{ pid: number; application_name: string }>(
    `SELECT a.pid, a.application_name FROM pg_catalog.pg_locks AS l JOIN pg_catalog.pg_stat_activity AS a USING (pid)
     WHERE l.locktype = 'advisory' AND l.granted AND l.database = (
         SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())
       AND (l.classid::bigint << 32 | l.objid::bigint) = ${key}`,
  );
  const names = holders.map(({ pid, application_name }) => `${application_name} (session ${pid})`);
  return names.join(", ") || "a session that has just ended";
}

function lockFailure(holders: string, { what, waitSeconds }: AdvisoryLock): Error {
  return problemError(
    "lock",
    `${what}: ${holders}; waited ${waitSeconds} s`,
    "wait for it, or end it with pg_terminate_backend, then run this again.",
  );
}
