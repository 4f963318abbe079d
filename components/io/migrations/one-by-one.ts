import { quoteIdentifier, quoteLiteral } from "../../core/identifier";
import type { MigrationStep } from "../../core/migrations/decide";
import { isSessionSetting } from "../../core/migrations/leftover";
import { outsideTransaction } from "../../core/migrations/transaction-block";
import type { SqlParser } from "../../core/migrations/sql-parser";
import type { MigrationStatement } from "../../core/migrations/statements";
import { digestOf } from "./digest";
import { runOutside, type Progress } from "./outside-transaction";
import { beginProgress, endProgress, recordStep, writeProgress } from "./record";
import { asOwner, cleanSession, sendStatement, withRetries, type RunContext } from "./run-context";
import { commit, describeOwner, leaveOwner } from "./transaction";

/**
 * Runs a file without a transaction, statement by statement, with a record of how far it is: a run that is killed at any
 * moment is gone on with by the next one.
 *
 * @returns its duration in milliseconds, from where this run went on
 */
export async function runOneByOne(
  context: RunContext,
  step: MigrationStep,
  parser: SqlParser,
): Promise<number> {
  const { session } = context;
  const since = performance.now();
  const statements = step.migration[step.direction];
  const progress: Progress = {
    done: statements.slice(0, step.resume?.done ?? 0).map(({ text }) => digestOf(text)),
    uncertain: step.resume?.running === true,
  };
  try {
    await prepare(context, step);
    for (const statement of statements.slice(progress.done.length)) {
      if (outsideTransaction(statement, parser) === undefined)
        await runInside(context, step, statement, progress);
      else await runOutside(context, step, statement, progress);
    }
    const durationMs = Math.round(performance.now() - since);
    await session.query("BEGIN; SET LOCAL search_path = pg_catalog");
    await recordStep(session, step, durationMs);
    await endProgress(session);
    await commit(context, step);
    return durationMs;
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined); // the connection is lost: the server rolls back itself
    throw error;
  } finally {
    await cleanSession(session).catch(() => undefined); // as above; what went wrong is on its way
  }
}

/** Gives the session what the file may count on: the bounds of the run, and what it set itself before it stopped. */
async function prepare(context: RunContext, step: MigrationStep): Promise<void> {
  const { session, limits, searchPath, owner } = context;
  if (step.resume === undefined) await beginProgress(session, step);
  await session.query(
    `SET lock_timeout = ${limits.lockTimeoutMs}; SET statement_timeout = ${limits.statementTimeoutMs};
     SELECT pg_catalog.set_config('search_path', ${quoteLiteral(searchPath)}, false)`,
  );
  const before = step.migration[step.direction].slice(0, step.resume?.done ?? 0);
  for (const statement of before.filter(({ node }) => isSessionSetting(node))) {
    await asOwner(context, () => sendStatement(context, step, statement));
  }
  await asOwner(context, () => Promise.resolve()).catch((error: unknown) => {
    throw describeOwner(error, owner);
  });
}

/** A statement that can be in a transaction commits together with the word that it is done. */
async function runInside(
  context: RunContext,
  step: MigrationStep,
  statement: MigrationStatement,
  progress: Progress,
): Promise<void> {
  const { session, owner } = context;
  const done = [...progress.done, digestOf(statement.text)];
  await withRetries(context, async () => {
    await session.query(`BEGIN; SET LOCAL ROLE ${quoteIdentifier(owner)}`);
    try {
      await sendStatement(context, step, statement);
      await leaveOwnerOf(context, step, statement);
      await writeProgress(session, { done, running: null });
      await commit(context, step);
    } catch (error) {
      await session.query("ROLLBACK").catch(() => undefined); // the connection is lost: the server rolls back itself
      throw error;
    }
  });
  progress.done = done;
  progress.uncertain = false;
}

/** What a file sets for its session has to stay: the search path is left alone then. */
async function leaveOwnerOf(
  context: RunContext,
  step: MigrationStep,
  { node }: MigrationStatement,
): Promise<void> {
  if (isSessionSetting(node)) await context.session.query("SET LOCAL ROLE NONE");
  else await leaveOwner(context, step);
}
