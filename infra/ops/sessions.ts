import type { ConnectionTarget } from "../../components/core/connection";
import { openSession, withSession, type Session, type SessionOptions } from "../../components/io/session";

/** A look at a server never takes longer than this for one question. */
const statementTimeoutMs = 10_000;

/** Looks at a database without being able to change it. */
export function lookInto<Result>(
  target: ConnectionTarget,
  database: string,
  look: (session: Session) => Promise<Result>,
  more: Pick<SessionOptions, "asItself" | "serversSearchPath" | "statementTimeoutMs"> = {},
): Promise<Result> {
  return withSession(target, { ...lookingOptions(database), ...more }, look);
}

function lookingOptions(database: string): SessionOptions {
  // A server that hangs is given up soon after: see `silenceTimeoutMs`.
  return { database, readOnly: true, statementTimeoutMs, applicationName: "pgstead ops" };
}

/** Looks at a server over sessions that stay: one for each login and database, for many looks one after the other. */
export interface KeptSessions {
  readonly lookInto: <Result>(
    target: ConnectionTarget,
    database: string,
    look: (session: Session) => Promise<Result>,
  ) => Promise<Result>;
  close(): Promise<void>;
}

/** The caller closes them. */
export function keepSessions(): KeptSessions {
  const kept = new Map<string, { session: Promise<Session>; turn: Promise<unknown> }>();
  const forget = async (key: string, session: Promise<Session>): Promise<void> => {
    if (kept.get(key)?.session === session) kept.delete(key);
    // One that is broken has nothing to close.
    await session.then((open) => open.close()).catch(() => undefined);
  };
  return {
    async lookInto(target, database, look) {
      const key = JSON.stringify([target.host, target.port, target.user, database]);
      const one = kept.get(key) ?? {
        session: openSession(target, lookingOptions(database)),
        turn: Promise.resolve(),
      };
      kept.set(key, one);
      // Each look has the session for itself, as it would have one of its own.
      const looking = one.turn.then(async () => look(await one.session));
      one.turn = looking.catch(() => forget(key, one.session));
      return looking;
    },
    async close() {
      await Promise.all([...kept].map(([key, { session }]) => forget(key, session)));
    },
  };
}
