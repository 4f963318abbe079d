import type { ConnectionTarget } from "../../components/core/connection";
import { withSession, type Session, type SessionOptions } from "../../components/io/session";

/** A look at a server never takes longer than this for one question. */
const statementTimeoutMs = 10_000;

/** Looks at a database without being able to change it. */
export function lookInto<Result>(
  target: ConnectionTarget,
  database: string,
  look: (session: Session) => Promise<Result>,
  more: Pick<SessionOptions, "asItself" | "serversSearchPath" | "statementTimeoutMs"> = {},
): Promise<Result> {
  const options = {
    database,
    readOnly: true,
    // A server that hangs is given up soon after: see `silenceTimeoutMs`.
    statementTimeoutMs,
    applicationName: "pgstead ops",
    ...more,
  };
  return withSession(target, options, look);
}
