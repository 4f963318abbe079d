import { DatabaseError } from "pg";
import { quoteIdentifier, quoteLiteral } from "../../core/identifier";
import type { MigrationStep } from "../../core/migrations/decide";
import { problemError } from "../../core/problem";
import { recordStep } from "./record";
import { sendStatement, withRetries, type RunContext } from "./run-context";
import { endFailure, type NamedFile } from "./statement-failure";

/**
 * Runs a step in one transaction with its record: it is done and written down, or neither.
 *
 * @returns its duration in milliseconds, without the attempts that others were in the way of
 */
export function runTransaction(context: RunContext, step: MigrationStep): Promise<number> {
  const { session } = context;
  return withRetries(context, async () => {
    const since = performance.now();
    await begin(context);
    try {
      for (const statement of step.migration[step.direction]) await sendStatement(context, step, statement);
      await leaveOwner(context, step);
      const durationMs = Math.round(performance.now() - since);
      await recordStep(session, step, durationMs);
      context.waiting.signal.throwIfAborted();
      await commit(context, step);
      return durationMs;
    } catch (error) {
      await session.query("ROLLBACK").catch(() => undefined); // the connection is lost: the server rolls back itself
      throw error;
    }
  });
}

/** Opens a transaction that is the owner's, with the bounds of a run. */
export async function begin({ session, owner, limits, searchPath }: RunContext): Promise<void> {
  const { lockTimeoutMs, statementTimeoutMs } = limits;
  try {
    await session.query(
      `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; SET LOCAL lock_timeout = ${lockTimeoutMs};
       SET LOCAL statement_timeout = ${statementTimeoutMs};
       SELECT pg_catalog.set_config('search_path', ${quoteLiteral(searchPath)}, true); SET LOCAL ROLE ${quoteIdentifier(owner)}`,
    );
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined); // as above
    throw describeOwner(error, owner);
  }
}

/**
 * Ends what the owner does: what is deferred runs now, while it is still him, as a trigger that ran at COMMIT would do
 * so as the login that may write the history.
 */
export async function leaveOwner({ session }: RunContext, step: NamedFile): Promise<void> {
  try {
    await session.query("SET CONSTRAINTS ALL IMMEDIATE");
    await session.query("SET LOCAL ROLE NONE; SET LOCAL search_path = pg_catalog");
  } catch (error) {
    throw endFailure(step, error);
  }
}

export async function commit({ session }: RunContext, step: NamedFile): Promise<void> {
  try {
    await session.query("COMMIT");
  } catch (error) {
    throw endFailure(step, error);
  }
}

/** What a refused SET ROLE means. */
export function describeOwner(error: unknown, owner: string): unknown {
  if (!(error instanceof DatabaseError) || !["42501", "22023", "42704"].includes(error.code ?? ""))
    return error;
  return problemError(
    `role ${owner}`,
    `migrations cannot run as the owner: ${error.message}`,
    `bring the stack up: the login has to belong to ${owner}, with SET`,
    { cause: error },
  );
}
