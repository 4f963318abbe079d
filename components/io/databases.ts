import { DatabaseError } from "pg";
import type { ConnectionTarget } from "../core/connection";
import { LoginRefusedError, openSession, type Session, type SessionOptions } from "./session";

export type UseDatabase = <Result>(
  database: string,
  use: (session: Session) => Promise<Result>,
) => Promise<Result>;

/**
 * Keeps one session for each database that `work` opens, and closes them after it: a run that reads, acts and reads
 * again connects once. A session in which something failed is closed, and the next use opens another one.
 *
 * @param options of each session
 * @param soon databases whose sessions are opened at once, beside each other; what fails is told by the use that needs it
 */
export async function withDatabases<Result>(
  target: ConnectionTarget,
  soon: readonly string[],
  work: (open: UseDatabase) => Promise<Result>,
  options: Pick<SessionOptions, "silenceTimeoutMs"> = {},
): Promise<Result> {
  const sessions = new Map(
    soon.map((database) => [database, openEarly(target, { ...options, database })] as const),
  );
  const open: UseDatabase = async (database, use) => {
    const kept = sessions.get(database);
    sessions.delete(database);
    const session = (await kept) ?? (await openSession(target, { ...options, database }));
    try {
      const result = await use(session);
      if (sessions.has(database))
        await session.close(); // one was opened within this use
      else sessions.set(database, Promise.resolve(session));
      return result;
    } catch (error) {
      await session.close().catch(() => undefined); // what failed is the error to show
      throw error;
    }
  };
  try {
    return await work(open);
  } finally {
    await Promise.all([...sessions.values()].map(closeQuietly));
  }
}

/** Undefined: the database is not there, and may be by the time of its use. */
function openEarly(target: ConnectionTarget, options: SessionOptions): Promise<Session | undefined> {
  const session = openSession(target, options).catch((error: unknown) => {
    if (error instanceof LoginRefusedError && isMissing(error.cause)) return undefined;
    throw error;
  });
  session.catch(() => undefined); // told by its use
  return session;
}

/** invalid_catalog_name */
function isMissing(cause: unknown): boolean {
  return cause instanceof DatabaseError && cause.code === "3D000";
}

/** The work is done by then, or what it failed by is the error to show. */
async function closeQuietly(session: Promise<Session | undefined>): Promise<void> {
  await session.then((one) => one?.close()).catch(() => undefined);
}
