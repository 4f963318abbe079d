import { DatabaseError } from "pg";
import { problemError } from "../core/problem";
import { shown, type Statement } from "../core/statement";
import type { Session } from "./session";
import { withAdvisoryLock } from "./advisory-lock";
import type { Waiting } from "./waiting";

/** What every change of a server takes, in its maintenance database; the key is ASCII `pgstead`. */
const serverLock = { key: "31638942963294564", what: "another run changes this server" };

/**
 * Holds the lock of the server while `work` runs. Advisory locks are per database, roles are not: so the lock is always
 * taken in the maintenance database, whatever database the work is in.
 *
 * @param maintenance a session in the maintenance database
 * @param options waitSeconds: bound of the wait for another run, then an error that names who holds it; 2 minutes, as a
 * restart takes in a run that changes settings
 */
export function withServerLock<Result>(
  maintenance: Session,
  work: () => Promise<Result>,
  { waitSeconds = 120, ...waiting }: Waiting & { readonly waitSeconds?: number },
): Promise<Result> {
  return withAdvisoryLock(maintenance, { ...serverLock, waitSeconds }, work, waiting);
}

/**
 * Sends statements in their order: all transactional ones that follow each other, in the same database, in one
 * transaction, so that they hold together or not at all; the others by themselves.
 *
 * @param session where statements run that name no database
 * @param open opens another database, for those that name one
 */
export async function applyStatements(
  session: Session,
  statements: readonly Statement[],
  open?: (database: string, use: (session: Session) => Promise<void>) => Promise<void>,
): Promise<void> {
  for (const group of groups(statements)) {
    const database = group[0]?.database;
    if (database === undefined) await sendGroup(session, group);
    else if (open === undefined) throw new Error(`there is no way to database ${database}`);
    else await open(database, (other) => sendGroup(other, group));
  }
}

async function sendGroup(session: Session, group: readonly Statement[]): Promise<void> {
  const [first] = group;
  if (first?.transactional === false) await send(session, first);
  else await inTransaction(session, group);
}

/** Two transactions changed the same row of the catalogue, or waited for each other: the same again may work. */
const collisions = new Set(["40001", "40P01"]);
const collisionText =
  /^tuple concurrently (?:updated|deleted)|^cache lookup failed|^could not open relation with OID/;

/** What the statement was about is not there any more: another plan is needed. */
const vanished = new Set(["42P01", "42883", "42704", "42703", "3F000", "3D000"]);

/**
 * True for an error that is gone when the server is read and changed again: somebody else's DDL got in between.
 *
 * @param planChanged whether a new read gave another plan: an object that is still missing is an error
 */
export function isPassing(error: unknown, planChanged: boolean): boolean {
  const cause = error instanceof Error && error.cause instanceof DatabaseError ? error.cause : error;
  if (!(cause instanceof DatabaseError)) return false;
  const { code = "" } = cause;
  return (
    collisions.has(code) ||
    (code === "XX000" && collisionText.test(cause.message)) ||
    (planChanged && vanished.has(code))
  );
}

/** Longest wait of a statement for the lock of an object. */
const tableLockSeconds = 60;

async function inTransaction(session: Session, statements: readonly Statement[]): Promise<void> {
  const isSecret = statements.some(({ redacted }) => redacted !== undefined) && (await maySilence(session));
  // Before BEGIN, which decides whether log_transaction_sample_rate takes the transaction.
  if (isSecret) await session.query(silence.map(([name, value]) => `SET ${name} = ${value}`).join("; "));
  await session.query("BEGIN");
  try {
    // A table that somebody else holds must not hold up everybody who waits for the server's lock.
    await session.query(`SET LOCAL lock_timeout = ${tableLockSeconds * 1000}`);
    // Without waiting for each answer; after a failure the transaction takes none of those that follow.
    await session.together(() => Promise.all(statements.map((statement) => send(session, statement))));
    await session.query("COMMIT");
    if (isSecret) await session.query(silence.map(([name]) => `RESET ${name}`).join("; "));
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined); // the connection is lost: the server rolls back itself
    throw error;
  }
}

/**
 * Keeps verifiers out of the server's log, of pg_stat_activity and of pg_stat_statements, which all show the text of
 * statements to others than superusers. Superusers only may set these: on a managed service, where the log is the
 * service's, a verifier that is set may show in it.
 */
export const silence = [
  ["log_statement", "none"],
  ["log_min_duration_statement", "-1"],
  ["log_min_duration_sample", "-1"],
  ["log_transaction_sample_rate", "0"],
  ["log_min_error_statement", "panic"],
  ["log_duration", "off"],
  ["track_activities", "off"],
  ["pg_stat_statements.track_utility", "off"],
] as const;

async function maySilence(session: Session): Promise<boolean> {
  const [row] = await session.query<{ superuser: boolean }>(
    "SELECT rolsuper AS superuser FROM pg_catalog.pg_roles WHERE rolname = current_user",
  );
  return row?.superuser === true;
}

async function send(session: Session, statement: Statement): Promise<void> {
  try {
    await session.query(statement.sql);
  } catch (error) {
    if (!(error instanceof DatabaseError)) throw error;
    if (error.code === "55P03") {
      const hint = "let that session finish, or end it with pg_terminate_backend, then run this again.";
      const message = `another session holds what it needs: waited ${tableLockSeconds} s`;
      throw problemError(shown(statement), message, hint, { cause: error });
    }
    const details = [error.detail, error.hint].filter((text) => text !== undefined).join("; ");
    throw problemError(
      shown(statement),
      `${error.message}${error.code === undefined ? "" : ` (${error.code})`}`,
      details === "" ? "nothing of this transaction was kept; mend the cause and run this again." : details,
      { cause: error },
    );
  }
}

function groups(statements: readonly Statement[]): Statement[][] {
  const result: Statement[][] = [];
  for (const statement of statements) {
    const last = result.at(-1);
    const apart = last?.[0]?.database !== statement.database;
    const alone = apart || statement.transactional === false || last?.[0]?.transactional === false;
    if (last === undefined || alone) result.push([statement]);
    else last.push(statement);
  }
  return result;
}
