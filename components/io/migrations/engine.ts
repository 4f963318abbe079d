import type { ConnectionTarget } from "../../core/connection";
import type { MigrationStep } from "../../core/migrations/decide";
import { fileNameOf, type MigrationHistory } from "../../core/migrations/history";
import type { RunLimits } from "../../core/migrations/retry";
import type { SqlParser } from "../../core/migrations/sql-parser";
import { problemError, type Problem } from "../../core/problem";
import type { Repeatable } from "../../core/repeatables/repeatable";
import { withAdvisoryLock } from "../advisory-lock";
import { runRepeatables, type DecideRepeatables } from "../repeatables/run";
import { openCancellable, type CancellableSession } from "../session";
import type { Waiting } from "../waiting";
import { historyLock, readHistory } from "./history";
import { runOneByOne } from "./one-by-one";
import { writeTrail } from "./record";
import { cleanSession, type RunContext } from "./run-context";
import { MigrationFailure } from "./statement-failure";
import { runTransaction } from "./transaction";
import { createWatcher, type Watcher } from "./watcher";

/** A step that is done. */
export interface DoneStep {
  readonly file: string;
  /** `repeat`: a repeatable file was applied. */
  readonly direction: MigrationStep["direction"] | "repeat";
  readonly durationMs: number;
}

/** How a run ended. */
export interface RunOutcome {
  /** What is done and stays, in its order. */
  readonly done: readonly DoneStep[];
  /** Why it stopped before its end. */
  readonly failure?: Problem;
  readonly cancelled: boolean;
}

/** Applies the migrations of one database. Another engine, such as Alembic's, may stand in for ours. */
export interface MigrationEngine {
  /**
   * Runs what is decided from the history as it is once no other run can change it.
   *
   * @param decide throws for what must not run
   * @param repeating what is applied after the migrations; default nothing
   */
  run(
    decide: (history: MigrationHistory) => readonly MigrationStep[],
    repeating?: Repeating,
  ): Promise<RunOutcome>;
  /** Does something with the history while no run can change it. */
  exclusively<Result>(work: (session: CancellableSession) => Promise<Result>): Promise<Result>;
}

/** The repeatable files of a run. */
export interface Repeating {
  /** All of them, in their order. */
  readonly repeatables: readonly Repeatable[];
  /** Which of them run; default those that differ from what is applied. */
  readonly decide?: DecideRepeatables;
}

export interface EngineOptions {
  readonly database: string;
  /** The migrator's login, which belongs to the owner and may write the history. */
  readonly login: ConnectionTarget;
  /** The role that the statements run as, and that has what they make. */
  readonly owner: string;
  /** A login that sees what other sessions do; default the migrator's, which does not see everything. */
  readonly watcher?: ConnectionTarget;
  readonly limits: RunLimits;
  readonly waiting: Waiting;
  /** Bound of the wait for another run in seconds, which is told at its start; default 600. */
  readonly waitSeconds?: number;
  readonly parser: SqlParser;
  /** Looks on besides, at the session with a process number of the server's. */
  readonly lookOn?: (watcher: Watcher, pid: number) => Watcher;
}

/** Our own engine: over one connection to the server itself. */
export function createEngine(options: EngineOptions): MigrationEngine {
  const { database, login, waiting, waitSeconds = 600 } = options;
  const exclusively: MigrationEngine["exclusively"] = async (work) => {
    const session = await openCancellable(login, {
      database,
      asItself: true,
      serversSearchPath: true,
      applicationName: "pgstead migrate",
    });
    try {
      await assertDirect(session);
      return await withAdvisoryLock(session, { ...historyLock, waitSeconds }, () => work(session), waiting);
    } finally {
      await session.close();
    }
  };
  return {
    exclusively,
    async run(decide, repeating) {
      const began = { is: false };
      try {
        return await exclusively((session) => {
          began.is = true;
          return runSteps(session, options, decide, repeating);
        });
      } catch (error) {
        if (began.is || !waiting.signal.aborted) throw error;
        return { done: [], failure: cancelledProblem(undefined), cancelled: true };
      }
    },
  };
}

async function runSteps(
  session: CancellableSession,
  {
    database,
    login,
    owner,
    watcher: watching,
    limits,
    waiting,
    parser,
    lookOn = (one) => one,
  }: EngineOptions,
  decide: (history: MigrationHistory) => readonly MigrationStep[],
  repeating: Repeating | undefined,
): Promise<RunOutcome> {
  const [path] = await session.query<{ path: string }>(
    "SELECT pg_catalog.current_setting('search_path') AS path",
  );
  await cleanSession(session);
  const steps = decide(await readHistory(session));
  const { lockTimeoutMs } = limits;
  const { pid } = session;
  const target = watching ?? login;
  const watcher = lookOn(createWatcher({ target, database, pid, lockTimeoutMs, say: waiting.say }), pid);
  const context = { session, owner, limits, waiting, watcher, searchPath: path?.path ?? "" };
  const done: DoneStep[] = [];
  try {
    for (const step of steps) {
      const durationMs = await runStep(context, step, parser);
      const { migration, direction } = step;
      done.push({ file: fileNameOf(migration), direction, durationMs });
      await waiting.say(
        `${direction === "up" ? "applied" : "took back"} ${migration.path} (${durationMs} ms)`,
      );
    }
    if (repeating !== undefined) done.push(...(await repeat(context, repeating)));
    return { done, cancelled: false };
  } catch (error) {
    if (waiting.signal.aborted)
      return { done, failure: cancelledProblem(steps[done.length]), cancelled: true };
    if (error instanceof MigrationFailure) return { done, failure: error.problem, cancelled: false };
    throw error;
  } finally {
    await watcher.close();
  }
}

async function repeat(context: RunContext, { repeatables, decide }: Repeating): Promise<DoneStep[]> {
  const done = await runRepeatables(context, repeatables, decide);
  for (const { path, durationMs } of done) await context.waiting.say(`applied ${path} (${durationMs} ms)`);
  return done.map(({ file, durationMs }) => ({ file, direction: "repeat", durationMs }));
}

async function runStep(context: RunContext, step: MigrationStep, parser: SqlParser): Promise<number> {
  const { session, waiting } = context;
  const { migration, direction } = step;
  try {
    waiting.signal.throwIfAborted();
    if (!migration.transactional) return await runOneByOne(context, step, parser);
    const durationMs = await runTransaction(context, step);
    await cleanSession(session);
    return durationMs;
  } catch (error) {
    const outcome = waiting.signal.aborted ? "cancelled" : "failed";
    const note = error instanceof MigrationFailure ? error.note : "the run was ended";
    await writeTrail(session, migration, { action: direction, outcome, note }).catch(
      async (lost: unknown) => {
        await waiting.say(`the trail has no word of this failure: ${(lost as Error).message}`);
      },
    );
    throw error;
  }
}

/** What is told of a run that was cancelled in a step, or before its first one. */
export function cancelledProblem(step: MigrationStep | undefined): Problem {
  const hint = "run this again to go on";
  if (step === undefined) return { path: "", message: "was cancelled", hint };
  const { path, transactional } = step.migration;
  const message = transactional
    ? "was cancelled: the running statement was ended, and all of the file rolled back"
    : "was cancelled: the running statement was ended, what ran before it stays";
  return { path, message, hint };
}

/**
 * A pooler such as PgBouncer gives each transaction another session, and with it neither the lock nor the settings; the
 * process that it names at the start is not the server's.
 */
export async function assertDirect(session: Pick<CancellableSession, "query" | "pid">): Promise<void> {
  const [row] = await session.query<{ pid: number }>("SELECT pg_catalog.pg_backend_pid() AS pid");
  if (row?.pid === session.pid) return;
  throw problemError(
    "connection",
    "a pooler such as PgBouncer is between here and the server: it keeps neither locks nor settings of a session",
    "give migrations the server's own host and port.",
  );
}
