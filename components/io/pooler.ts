import { renderPlace, type ConnectionTarget } from "../core/connection";
import { problemError } from "../core/problem";
import { openCancellable, type SessionOptions } from "./session";

/**
 * Refuses a pooler in between that takes away what a session has: locks, settings and roles of one run would be left
 * with a session of somebody else.
 *
 * It is told by behaviour. Whoever is not the server itself makes up the process number with which a session starts;
 * only then is looked further: whether the settings of the start packet arrived, and whether two open sessions share
 * one process, or one has two. One that hands on settings and keeps a process for a session is let through.
 *
 * @throws ProblemError where a session is not one
 */
export async function refusePooler(target: ConnectionTarget, options: SessionOptions): Promise<void> {
  const first = await openCancellable(target, options);
  try {
    const [start] = await first.query<{ pid: number; path: string }>(
      "SELECT pg_catalog.pg_backend_pid() AS pid, pg_catalog.current_setting('search_path') AS path",
    );
    if (start === undefined || start.pid === first.pid) return;
    // What an open session was given at its start is gone, or never came.
    if (start.path !== "pg_catalog") {
      throw isPooled(target, "it leaves out the settings with which a session starts");
    }
    const second = await openCancellable(target, options);
    try {
      const pids: number[] = [start.pid];
      for (const session of [second, first, second, first]) {
        const [row] = await session.query<{ pid: number }>("SELECT pg_catalog.pg_backend_pid() AS pid");
        pids.push(row?.pid ?? 0);
      }
      const [own, other] = [new Set([pids[0], pids[2], pids[4]]), new Set([pids[1], pids[3]])];
      const isShared = [...own].some((pid) => other.has(pid));
      if (isShared || own.size > 1 || other.size > 1) {
        throw isPooled(target, "it gives each transaction another session of the server");
      }
    } finally {
      await second.close();
    }
  } finally {
    await first.close();
  }
}

function isPooled(target: ConnectionTarget, why: string): Error {
  return problemError(
    `server ${renderPlace(target)}`,
    `a connection pooler such as PgBouncer is in between: ${why}`,
    "give the server's own host and port: locks, roles and settings of a session need the server itself. Applications may go on through the pooler.",
  );
}
