import { DatabaseError } from "pg";
import type { ConnectionTarget } from "../core/connection";
import { quoteIdentifier } from "../core/identifier";
import type { MaintenanceStep } from "../core/operations/maintenance";
import { createWatcher, waitsFor, type Watcher } from "./migrations/watcher";
import type { CancellableSession } from "./session";
import { untilAborted } from "./until-aborted";
import type { Waiting } from "./waiting";

/** How a statement ended. */
export interface MaintenanceOutcome {
  readonly step: MaintenanceStep;
  readonly durationMs: number;
  /** Why it failed; absent: it is done. */
  readonly failure?: string;
}

export interface MaintenanceRun {
  readonly login: ConnectionTarget;
  readonly database: string;
  readonly steps: readonly MaintenanceStep[];
  readonly waiting: Waiting;
}

/**
 * Runs one statement after the other on one connection; one that fails does not keep the next from being run. A second
 * connection, which is opened when a statement takes a while, says how far it is and who is in its way.
 *
 * @param ended is told of each
 * @throws what a connection throws that is lost; the signal's reason
 */
export async function runMaintenance(
  { login, database, steps, waiting }: MaintenanceRun,
  ended: (outcome: MaintenanceOutcome) => void,
): Promise<void> {
  const options = { database, asItself: true, applicationName: "pgstead ops" };
  await untilAborted(login, options, waiting.signal, async (session) => {
    const { pid } = session;
    const { say } = waiting;
    const watching = { target: login, database, pid, say, applicationName: "pgstead ops (watching)" };
    for (const step of steps) {
      waiting.signal.throwIfAborted();
      const watcher = createWatcher({ ...watching, lockTimeoutMs: step.lockTimeoutMs });
      try {
        ended(await runStep(session, watcher, step, waiting.signal));
      } finally {
        await watcher.close();
      }
    }
  });
}

async function runStep(
  session: CancellableSession,
  watcher: Watcher,
  step: MaintenanceStep,
  signal: AbortSignal,
): Promise<MaintenanceOutcome> {
  const since = Date.now();
  const role = step.runAs === null ? "NONE" : quoteIdentifier(step.runAs);
  try {
    await session.query(`SET ROLE ${role}`);
    await session.query(`SET lock_timeout = ${step.lockTimeoutMs}`);
    await watcher.during(step.subject, session.query(step.sql));
    return { step, durationMs: Date.now() - since };
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof DatabaseError) || isEndOfSession(error)) throw error;
    return { step, durationMs: Date.now() - since, failure: explain(error, watcher, step) };
  }
}

/** Class 57P: the server ends the session. */
function isEndOfSession({ code }: DatabaseError): boolean {
  return code?.startsWith("57P") === true;
}

function explain(error: DatabaseError, watcher: Watcher, { lockTimeoutMs }: MaintenanceStep): string {
  if (error.code !== "55P03") return error.message;
  const blockers = watcher.blockers();
  const who = blockers.length === 0 ? "" : `: it ${waitsFor(blockers)}`;
  return `the lock was not to be had within ${lockTimeoutMs / 1000} s${who}`;
}
