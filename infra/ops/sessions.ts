import type { ConnectionTarget } from "../../components/core/connection";
import { withSession, type Session, type SessionOptions } from "../../components/io/session";

/** A look at a server never takes longer than this for one question. */
const statementTimeoutMs = 10_000;

/** A server that works would have ended the statement by then, and said so. */
const silenceTimeoutMs = statementTimeoutMs + 2_000;

/** Looks at a database without being able to change it. */
export function lookInto<Result>(
  target: ConnectionTarget,
  database: string,
  look: (session: Session) => Promise<Result>,
  more: Pick<SessionOptions, "asItself" | "serversSearchPath"> = {},
): Promise<Result> {
  const options = {
    ...more,
    database,
    readOnly: true,
    statementTimeoutMs,
    silenceTimeoutMs,
    applicationName: "pgstead ops",
  };
  return withSession(target, options, look);
}
