import type { AlembicSetup } from "../../core/migrations/alembic/application";
import { setTimeout } from "node:timers/promises";
import type { RevisionState } from "../../core/migrations/alembic/decide-revisions";
import type { RevisionStep } from "../../core/migrations/alembic/revision-step";
import { fileNameOf } from "../../core/migrations/history";
import type { RunLimits } from "../../core/migrations/retry";
import { withAdvisoryLock } from "../advisory-lock";
import { assertDirect, cancelledProblem, type DoneStep, type RunOutcome } from "../migrations/engine";
import { historyLock } from "../migrations/history";
import { writeTrail } from "../migrations/record";
import { withRetries } from "../migrations/run-context";
import { MigrationFailure } from "../migrations/statement-failure";
import { createWatcher, type Watcher, type WatcherOptions } from "../migrations/watcher";
import { openCancellable, type CancellableSession } from "../session";
import type { Waiting } from "../waiting";
import { openBridge, type Bridge, type BridgeEvents } from "./bridge";
import { fenceKey, withBridgeConnection, withProof, type BridgeLogin } from "./bridge-connection";
import { ApplicationError } from "./bridge-failure";
import { readRevisionState } from "./look";
import { revisionFailure } from "./revision-failure";

export interface AlembicOptions extends BridgeLogin {
  readonly setup: AlembicSetup;
  /** A login that sees what other sessions do. */
  readonly watcher: WatcherOptions["target"];
  readonly limits: RunLimits;
  readonly waiting: Waiting;
  /** Bound of the wait for another run in seconds, which is told at its start; default 600. */
  readonly waitSeconds?: number;
  /** Wants to know which locks revisions hold. */
  readonly onLocks?: BridgeEvents["onLocks"];
}

/** What may be done while no other run changes the database. */
export interface ExclusiveWork {
  readonly session: CancellableSession;
  readonly bridge: Bridge;
  readonly state: RevisionState;
}

/**
 * Does something with the application's Alembic while no run of ours changes the database, and no session that an
 * Alembic of ours left behind.
 */
export async function exclusivelyWithAlembic<Result>(
  options: AlembicOptions,
  work: (exclusive: ExclusiveWork) => Promise<Result>,
): Promise<Result> {
  const { database, login, waiting, waitSeconds = 600, setup, limits } = options;
  const session = await openCancellable(login, {
    database,
    asItself: true,
    applicationName: "pgstead migrate",
  });
  try {
    await assertDirect(session);
    // It keeps the lock while it has nothing to say.
    await session.query("SET idle_session_timeout = 0");
    return await withAdvisoryLock(
      session,
      { ...historyLock, waitSeconds },
      async () => {
        const what = "an Alembic that a killed run left behind is at work still";
        await withAdvisoryLock(
          session,
          { key: fenceKey, what, waitSeconds },
          () => Promise.resolve(),
          waiting,
        );
        return withProof(session, (proof) =>
          withBridgeConnection(options, proof, limits, async (connection) => {
            const bridge = await openBridge(setup, connection);
            try {
              return await work({ session, bridge, state: await readRevisionState(bridge, session) });
            } finally {
              bridge.close();
            }
          }),
        );
      },
      waiting,
    );
  } finally {
    await session.close();
  }
}

/**
 * Runs what is decided from the state as it is once no other run can change it, revision by revision.
 *
 * @param decide throws for what must not run
 */
export async function runRevisions(
  options: AlembicOptions,
  decide: (state: RevisionState) => readonly RevisionStep[],
): Promise<RunOutcome> {
  const began = { is: false };
  try {
    return await exclusivelyWithAlembic(options, async (exclusive) => {
      began.is = true;
      const steps = decide(exclusive.state);
      const done: DoneStep[] = [];
      try {
        for (const step of steps) {
          const durationMs = await runRevision(options, exclusive, step);
          const { migration, direction } = step;
          done.push({ file: fileNameOf(migration), direction, durationMs });
          await options.waiting.say(
            `${direction === "up" ? "applied" : "took back"} ${migration.path} (${durationMs} ms)`,
          );
        }
        return { done, cancelled: false };
      } catch (error) {
        if (options.waiting.signal.aborted)
          return { done, failure: cancelledProblem(steps[done.length]), cancelled: true };
        if (error instanceof MigrationFailure) return { done, failure: error.problem, cancelled: false };
        throw error;
      }
    });
  } catch (error) {
    if (began.is || !options.waiting.signal.aborted) throw error;
    return { done: [], failure: cancelledProblem(undefined), cancelled: true };
  }
}

async function runRevision(
  options: AlembicOptions,
  { session, bridge }: ExclusiveWork,
  step: RevisionStep,
): Promise<number> {
  const { limits, waiting, owner } = options;
  const { migration, direction: action } = step;
  const watching: { last?: Watcher } = {};
  const watcher: Watcher = {
    during: (_label, work) => work,
    blockers: () => watching.last?.blockers() ?? [],
    close: () => Promise.resolve(),
  };
  const context = { session, owner, limits, waiting, watcher, searchPath: "" };
  await writeTrail(session, migration, { action, outcome: "begun" });
  try {
    const durationMs = await withRetries(context, async () => {
      waiting.signal.throwIfAborted();
      const since = performance.now();
      await migrate(options, session, bridge, step, watching);
      return Math.round(performance.now() - since);
    });
    await writeTrail(session, migration, { action, outcome: "done", durationMs });
    return durationMs;
  } catch (error) {
    const outcome = waiting.signal.aborted ? "cancelled" : "failed";
    const note = error instanceof MigrationFailure ? error.note : "the run was ended";
    await writeTrail(session, migration, { action, outcome, note }).catch(async (lost: unknown) => {
      await waiting.say(`the trail has no word of this failure: ${(lost as Error).message}`);
    });
    throw error;
  }
}

/** Has Alembic run one revision: watched, and cancelled on the server when the run is. */
async function migrate(
  { database, watcher: target, limits: { lockTimeoutMs }, waiting, onLocks }: AlembicOptions,
  session: CancellableSession,
  bridge: Bridge,
  step: RevisionStep,
  watching: { last?: Watcher },
): Promise<void> {
  const { migration, direction } = step;
  const over = new AbortController();
  const backend: { pid?: number } = {};
  let watched = Promise.resolve();
  const wanted = { revision: migration.version, direction, shown: step.sent };
  const request = onLocks === undefined ? wanted : { ...wanted, locks: true as const };
  const onConnect = (pid: number): void => {
    backend.pid = pid;
    const watcher = createWatcher({ target, database, pid, lockTimeoutMs, say: waiting.say });
    watching.last = watcher;
    // What fails is told below.
    watched = watcher
      .during(migration.path, answer)
      .catch(() => undefined)
      .then(() => watcher.close());
  };
  const answer = bridge.ask("migrate", request, { onConnect, ...(onLocks === undefined ? {} : { onLocks }) });
  const cancel = (): void => {
    void cancelOnServer(session, backend, bridge, over.signal);
  };
  waiting.signal.addEventListener("abort", cancel, { once: true });
  const telling = tellPatience(migration.path, waiting, over.signal);
  try {
    await answer;
  } catch (error) {
    throw error instanceof ApplicationError ? revisionFailure(step, error) : error;
  } finally {
    waiting.signal.removeEventListener("abort", cancel);
    over.abort();
    await telling;
    await watched;
  }
}

/** Time that a cancelled statement has to end in, before its process is ended. */
const patienceMs = 10_000;

async function cancelOnServer(
  session: CancellableSession,
  { pid }: { readonly pid?: number },
  bridge: Bridge,
  over: AbortSignal,
): Promise<void> {
  const tell = (sql: string): Promise<unknown> => session.query(sql, [pid]).catch(() => undefined); // it has ended, or the connection is lost: then it ends by itself
  if (pid !== undefined) {
    await tell("SELECT pg_catalog.pg_cancel_backend($1)");
    await setTimeout(patienceMs, undefined, { signal: over }).catch(() => undefined); // it has ended
  }
  if (over.aborted) return;
  bridge.close();
  if (pid !== undefined) await tell("SELECT pg_catalog.pg_terminate_backend($1)");
}

/** Says now and then that something still runs. */
async function tellPatience(path: string, { say }: Waiting, over: AbortSignal): Promise<void> {
  const since = Date.now();
  for (let pause = 2_000; ; pause = 10_000) {
    await setTimeout(pause, undefined, { signal: over }).catch(() => undefined);
    if (over.aborted) return;
    await say(`${path}: runs for ${Math.round((Date.now() - since) / 1000)} s`);
  }
}
