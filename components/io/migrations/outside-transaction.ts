import type { MigrationStep } from "../../core/migrations/decide";
import {
  continueFrom,
  isConcurrentIndex,
  tracesOf,
  type Continuation,
  type Traces,
} from "../../core/migrations/leftover";
import type { MigrationStatement } from "../../core/migrations/statements";
import { digestOf } from "./digest";
import { findTraces } from "./find-traces";
import { writeProgress } from "./record";
import { asOwner, sendStatement, withBounds, withRetries, type RunContext } from "./run-context";
import { MigrationFailure } from "./statement-failure";

/** How far a file is. */
export interface Progress {
  /** Digests of the statements that are done. */
  done: readonly string[];
  /** Whether the next one was sent before, and nobody knows how it ended. */
  uncertain: boolean;
}

/** Runs a statement that cannot be in a transaction: it is written down before it is sent, and again when it is done. */
export async function runOutside(
  context: RunContext,
  step: MigrationStep,
  statement: MigrationStatement,
  progress: Progress,
): Promise<void> {
  const { session } = context;
  const digest = digestOf(statement.text);
  const traces = tracesOf(statement.node);
  await withRetries(context, async () => {
    const go = progress.uncertain
      ? await continuation(context, step, statement, traces)
      : await firstTime(context, step, statement, traces);
    if (go.kind === "run") {
      await writeProgress(session, { done: progress.done, running: digest });
      progress.uncertain = true;
      await runOnce(context, step, statement, go).catch(async (error: unknown) => {
        await settle(context, step, statement, progress);
        throw error;
      });
      await assertMade(context, step, statement, traces);
    }
    progress.done = [...progress.done, digest];
    progress.uncertain = false;
    await writeProgress(session, { done: progress.done, running: null });
  });
}

/** How a statement goes on that was sent before. */
async function continuation(
  context: RunContext,
  step: MigrationStep,
  statement: MigrationStatement,
  traces: Traces,
): Promise<Exclude<Continuation, { kind: "ask" }>> {
  const go = continueFrom(traces, await findTraces(context, traces));
  const path = `${step.migration.path}:${statement.firstLine}`;
  if (go.kind === "ask") throw new MigrationFailure({ path, ...go }, "stopped in it before");
  if (go.because !== undefined) await context.waiting.say(`${path}: ${go.because}: going on from there`);
  return go;
}

/** An index that is there already is not this statement's, and must not be taken for it later. */
async function firstTime(
  context: RunContext,
  step: MigrationStep,
  statement: MigrationStatement,
  traces: Traces,
): Promise<Exclude<Continuation, { kind: "ask" }>> {
  if (traces.kind !== "index made") return { kind: "run", before: [] };
  const { state } = await findTraces(context, traces);
  if (state === "absent") return { kind: "run", before: [] };
  if (state === "valid" && traces.unlessThere) return { kind: "done", because: "" };
  const index = traces.index ?? "";
  const message =
    state === "invalid" ? `an invalid index ${index} is there already` : `${index} is there already`;
  const hint =
    state === "invalid"
      ? `drop it first (DROP INDEX CONCURRENTLY), as IF NOT EXISTS would take it for a good one`
      : "choose another name, or write IF NOT EXISTS where it is the same";
  const path = `${step.migration.path}:${statement.firstLine}`;
  throw new MigrationFailure({ path, message, hint }, `line ${statement.firstLine}, index is there`);
}

/**
 * What is made beside running writes waits for transactions that began before it. Nobody waits behind it, as its lock
 * (SHARE UPDATE EXCLUSIVE) stops neither readers nor writers: so it may wait for as long as they take, where a bound
 * would end hours of work with an invalid index.
 */
const unbounded = "SET lock_timeout = 0; SET statement_timeout = 0";

async function runOnce(
  context: RunContext,
  step: MigrationStep,
  statement: MigrationStatement,
  { before, instead }: Extract<Continuation, { kind: "run" }>,
): Promise<void> {
  const send = (sql: string): Promise<void> => sendStatement(context, step, statement, sql);
  await asOwner(context, async () => {
    for (const sql of before) await withBounds(context, unbounded, () => send(sql));
    const sql = instead ?? statement.text;
    if (isConcurrentIndex(statement.node)) await withBounds(context, unbounded, () => send(sql));
    else await send(sql);
  });
}

/** A build that ends well gives a valid index: what else is there was not made by it. */
async function assertMade(
  context: RunContext,
  step: MigrationStep,
  statement: MigrationStatement,
  traces: Traces,
): Promise<void> {
  if (traces.kind !== "index made") return;
  const { state } = await findTraces(context, traces);
  if (state === "valid") return;
  const path = `${step.migration.path}:${statement.firstLine}`;
  const hint = "run this again: what is invalid is dropped and made anew";
  throw new MigrationFailure(
    { path, message: `the index is ${state} after its build`, hint },
    `index ${state}`,
  );
}

/** Bounds of each statement that tidies up after a failure. */
const brief = "SET lock_timeout = 0; SET statement_timeout = '10s'";

/**
 * Takes away what a failed statement left, so that the file may be changed; what cannot be taken away now is found by
 * the next run.
 */
async function settle(
  context: RunContext,
  step: MigrationStep,
  statement: MigrationStatement,
  progress: Progress,
): Promise<void> {
  const { session, waiting } = context;
  const traces = tracesOf(statement.node);
  try {
    // The server said that it failed: what leaves no trace has been undone.
    if (traces.kind !== "unknown") {
      const go = continueFrom(traces, await findTraces(context, traces));
      if (go.kind !== "run" || go.instead !== undefined) return;
      await asOwner(context, async () => {
        for (const sql of go.before) await withBounds(context, brief, () => session.query(sql));
      });
    }
    await writeProgress(session, { done: progress.done, running: null });
    progress.uncertain = false;
  } catch (error) {
    const path = `${step.migration.path}:${statement.firstLine}`;
    await waiting.say(`${path}: what it left stays until the next run: ${(error as Error).message}`);
  }
}
