import type { LockFacts, LockSession } from "../../../components/core/operations/locks";
import { readLocks } from "../../../components/io/catalog/locks";
import { LoginRefusedError, maintenanceDatabase } from "../../../components/io/session";
import type { Watcher } from "../watcher";

/** Who waits for whom on the server; the names of what they wait for come from their own databases. */
export async function readServerLocks(watcher: Watcher, queries: boolean): Promise<LockFacts> {
  const facts = await watcher.look(maintenanceDatabase, (session) => readLocks(session, { queries }));
  const waiting = facts.sessions.filter(({ wants }) => wants !== null);
  const databases = new Set(waiting.map(({ database }) => database));
  const named = new Map<number, LockSession>();
  for (const database of watcher.databases.filter(
    (name) => name !== maintenanceDatabase && databases.has(name),
  )) {
    try {
      const inside = await watcher.look(database, (session) => readLocks(session));
      for (const session of inside.sessions)
        if (session.database === database) named.set(session.pid, session);
    } catch (error) {
      // The numbers of what is locked say enough where this role may not go.
      if (!(error instanceof LoginRefusedError)) throw error;
    }
  }
  return { ...facts, sessions: facts.sessions.map((session) => withName(session, named.get(session.pid))) };
}

/** A moment has passed: only what waits for the same kind of thing still is told by its name. */
function withName(session: LockSession, named: LockSession | undefined): LockSession {
  const { wants } = session;
  if (wants === null || named?.wants?.type !== wants.type || named.backendStart !== session.backendStart) {
    return session;
  }
  return { ...session, wants: { ...wants, target: named.wants.target } };
}
