import { setTimeout } from "node:timers/promises";
import { DatabaseError } from "pg";
import { quoteIdentifier } from "../../core/identifier";
import { mayPass, pauseAfter, type RunLimits } from "../../core/migrations/retry";
import type { MigrationStatement } from "../../core/migrations/statements";
import type { CancellableSession } from "../session";
import type { Waiting } from "../waiting";
import { MigrationFailure, statementFailure, type NamedFile } from "./statement-failure";
import { waitsFor, type Watcher } from "./watcher";

/** What the steps of a run share. */
export interface RunContext {
  /** Holds the lock of the run; it works as the login itself wherever it does not say otherwise. */
  readonly session: CancellableSession;
  /** The role that the statements of migrations run as. */
  readonly owner: string;
  readonly limits: RunLimits;
  readonly waiting: Waiting;
  readonly watcher: Watcher;
  /** The search path that the server gives the login, as it shows it. */
  readonly searchPath: string;
}

/** Sends a statement of a file: watched, and cancelled on the server when the run is. */
export async function sendStatement(
  context: RunContext,
  step: NamedFile,
  statement: MigrationStatement,
  sql = statement.text,
): Promise<void> {
  try {
    await sendCancellable(context, `${step.migration.path}:${statement.firstLine}`, sql);
  } catch (error) {
    throw statementFailure(step, statement, error);
  }
}

async function sendCancellable(
  { session, waiting, watcher }: RunContext,
  label: string,
  sql: string,
): Promise<void> {
  const { signal } = waiting;
  signal.throwIfAborted();
  let cancelled = Promise.resolve();
  const cancel = (): void => {
    cancelled = session.cancel();
  };
  signal.addEventListener("abort", cancel, { once: true });
  try {
    await watcher.during(label, session.query(sql));
  } finally {
    signal.removeEventListener("abort", cancel);
    // A cancel that is on its way must not meet the next statement.
    await cancelled;
  }
}

/**
 * Tries again what others are in the way of, with a line for each attempt; at the end it says who they are.
 *
 * @param attempt gets true where it is not the first one
 */
export async function withRetries<Result>(
  { limits, waiting, watcher }: RunContext,
  attempt: (again: boolean) => Promise<Result>,
): Promise<Result> {
  const { attempts, retryForMs } = limits;
  const since = Date.now();
  for (let count = 1; ; count += 1) {
    try {
      return await attempt(count > 1);
    } catch (error) {
      if (!(error instanceof MigrationFailure) || !mayPass(error.code) || waiting.signal.aborted) throw error;
      const blockers = watcher.blockers();
      const why = blockers.length > 0 ? waitsFor(blockers) : error.problem.message.split(";")[0];
      const pause = pauseAfter(count, Math.random());
      const spent = Date.now() - since;
      if (count >= attempts || spent + pause > retryForMs) throw gaveUp(error, count, spent, why ?? "");
      await waiting.say(
        `${error.problem.path}: ${why ?? ""}; rolled back, tries again in ${(pause / 1000).toFixed(1)} s (attempt ${count} of ${attempts})`,
      );
      await setTimeout(pause, undefined, { signal: waiting.signal });
    }
  }
}

function gaveUp(error: MigrationFailure, count: number, spentMs: number, why: string): MigrationFailure {
  const { path, message } = error.problem;
  const tried = `gave up after ${count} ${count === 1 ? "attempt" : "attempts"} in ${(spentMs / 1000).toFixed(1)} s`;
  const hint = "let that session finish, or end it with pg_terminate_backend; or choose a quieter time";
  return new MigrationFailure(
    { path, message: `${tried}: ${why}; ${message}`, hint },
    `${error.note}; ${tried}`,
    { cause: error.cause },
  );
}

/** Works as the owner outside of a transaction. */
export async function asOwner<Result>(
  { session, owner }: RunContext,
  work: () => Promise<Result>,
): Promise<Result> {
  await session.query(`SET ROLE ${quoteIdentifier(owner)}`);
  try {
    return await work();
  } finally {
    await session.query("SET ROLE NONE").catch(() => undefined); // the connection is lost, and with it the role
  }
}

/** Gives the session other bounds while something runs, and then those that it had. */
export async function withBounds<Result>(
  { session }: RunContext,
  bounds: string,
  work: () => Promise<Result>,
): Promise<Result> {
  const had = await session.query<{ bound: string }>(
    `SELECT pg_catalog.format('SET %s = %L', name, setting) AS bound FROM pg_catalog.pg_settings
     WHERE name IN ('lock_timeout', 'statement_timeout')`,
  );
  await session.query(bounds);
  try {
    return await work();
  } finally {
    // Where the connection is lost its bounds are as well, and what lost it is on its way.
    await session.query(had.map(({ bound }) => bound).join("; ")).catch(() => undefined);
  }
}

/** Brings the session to where every file begins: what another one may have left goes; the lock of the run stays, as it would not with DISCARD ALL. */
export async function cleanSession(session: CancellableSession): Promise<void> {
  await session.query(
    `SET SESSION AUTHORIZATION DEFAULT; RESET ALL; CLOSE ALL; DEALLOCATE ALL; UNLISTEN *; DISCARD PLANS; DISCARD TEMP;
     DISCARD SEQUENCES; SET ROLE NONE; SET search_path = pg_catalog`,
  );
  await endWithClient(session);
}

/** Longest time that a statement runs on after the run that sent it was killed, in seconds. */
const orphanSeconds = 5;

/** Without this a statement runs to its end, however long that is, after its client is gone. */
async function endWithClient(session: CancellableSession): Promise<void> {
  try {
    await session.query(`SET client_connection_check_interval = '${orphanSeconds}s'`);
  } catch (error) {
    // Servers on systems that cannot tell do without: their statements run on, and keep the lock until they end.
    if (!(error instanceof DatabaseError) || error.code !== "22023") throw error;
  }
}
