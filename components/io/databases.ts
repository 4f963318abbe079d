import type { ConnectionTarget } from "../core/connection";
import { openSession, type Session } from "./session";

export type UseDatabase = <Result>(
  database: string,
  use: (session: Session) => Promise<Result>,
) => Promise<Result>;

/**
 * Keeps one session for each database that `work` opens, and closes them after it: a run that reads, acts and reads
 * again connects once. A session in which something failed is closed, and the next use opens another one.
 */
export async function withDatabases<Result>(
  target: ConnectionTarget,
  work: (open: UseDatabase) => Promise<Result>,
): Promise<Result> {
  const sessions = new Map<string, Session>();
  const open: UseDatabase = async (database, use) => {
    const session = sessions.get(database) ?? (await openSession(target, { database }));
    sessions.delete(database);
    try {
      const result = await use(session);
      sessions.set(database, session);
      return result;
    } catch (error) {
      await session.close().catch(() => undefined); // what failed is the error to show
      throw error;
    }
  };
  try {
    return await work(open);
  } finally {
    await Promise.all([...sessions.values()].map((session) => session.close()));
  }
}
