import type { DatabaseError } from "pg";
import type { ConnectionTarget } from "../../core/connection";
import { quoteIdentifier } from "../../core/identifier";
import { problemError } from "../../core/problem";
import { withSession, type Session } from "../session";

/** Two databases, of which one takes the name of the other. */
export interface Swap {
  readonly login: ConnectionTarget;
  /** The name that is kept. */
  readonly database: string;
  /** Whose content has that name afterwards. */
  readonly beside: string;
  /** What the other one is called afterwards, which takes no connections; undefined: there is none. */
  readonly kept: string | undefined;
  /** How many connections the new one allows; -1: no limit; undefined: as it has it. */
  readonly connectionLimit: number | undefined;
  readonly signal: AbortSignal;
}

/** Sessions of the database may need that long to end, and the server waits five seconds for them. */
const attempts = 6;

/**
 * Gives a database the content of another one, in one moment: both are renamed in one transaction. While the first one is
 * renamed the server lets nobody new into it, and its sessions are ended; who connects waits for the end, and is in the new
 * one from then on. Killed anywhere, one of the two is there under the name.
 *
 * @throws ProblemError where its sessions do not end; then nothing has changed
 */
export async function swapDatabases(swap: Swap): Promise<void> {
  const options = { asItself: true, applicationName: "pgstead restore" };
  await withSession(swap.login, options, (session) =>
    withSession(swap.login, options, async (terminator) => {
      await assertNothingPrepared(session, swap.database);
      for (let attempt = 1; ; attempt += 1) {
        swap.signal.throwIfAborted();
        try {
          await renameBoth(session, terminator, swap);
          return;
        } catch (error) {
          await session.query("ROLLBACK").catch(() => undefined); // the connection is lost: so is the transaction
          const { code = "" } = error as DatabaseError;
          if (!["55006", "55P03", "40P01"].includes(code)) throw error;
          if (attempt === attempts) throw busy(swap.database, error);
        }
      }
    }),
  );
}

async function renameBoth(session: Session, terminator: Session, swap: Swap): Promise<void> {
  const { database, beside, kept, connectionLimit } = swap;
  const [name, other] = [quoteIdentifier(database), quoteIdentifier(beside)];
  await session.query("BEGIN");
  await session.query("SET LOCAL lock_timeout = '5s'");
  if (kept !== undefined) {
    await endSessionsWhile(
      terminator,
      database,
      session.query(`ALTER DATABASE ${name} RENAME TO ${quoteIdentifier(kept)}`),
    );
    await session.query(`ALTER DATABASE ${quoteIdentifier(kept)} ALLOW_CONNECTIONS false`);
  }
  await session.query(`ALTER DATABASE ${other} ALLOW_CONNECTIONS true`);
  if (connectionLimit !== undefined) {
    await session.query(`ALTER DATABASE ${other} CONNECTION LIMIT ${connectionLimit}`);
  }
  await endSessionsWhile(terminator, beside, session.query(`ALTER DATABASE ${other} RENAME TO ${name}`));
  await session.query("COMMIT");
}

/**
 * The rename takes the lock that every new connection asks for, and then waits for those that are there. Until it has it,
 * new ones may come, which end as well.
 */
async function endSessionsWhile(
  terminator: Session,
  database: string,
  work: Promise<unknown>,
): Promise<void> {
  const state = { isOver: false };
  const done = work.finally(() => {
    state.isOver = true;
  });
  done.catch(() => undefined); // told below
  while (!state.isOver) {
    await terminator.query(
      `SELECT pg_catalog.pg_terminate_backend(a.pid) FROM pg_catalog.pg_stat_activity AS a
       WHERE a.datname = $1 AND a.pid <> pg_catalog.pg_backend_pid()`,
      [database],
    );
    await Promise.race([done.catch(() => undefined), terminator.query("SELECT pg_catalog.pg_sleep(0.02)")]);
  }
  await done;
}

/** A transaction that waits for its second phase is no session: nothing ends it but its own. */
async function assertNothingPrepared(session: Session, database: string): Promise<void> {
  const prepared = await session.query<{ gid: string }>(
    "SELECT gid FROM pg_catalog.pg_prepared_xacts WHERE database = $1 ORDER BY gid",
    [database],
  );
  if (prepared.length === 0) return;
  throw problemError(
    `database ${database}`,
    `has prepared transactions: ${prepared.map(({ gid }) => gid).join(", ")}`,
    "end each with COMMIT PREPARED or ROLLBACK PREPARED, then run this again",
  );
}

function busy(database: string, cause: unknown): Error {
  return problemError(
    `database ${database}`,
    `its sessions do not end: ${(cause as Error).message}; nothing was changed`,
    "pg_stat_activity says which: end them, then run this again",
    { cause },
  );
}
