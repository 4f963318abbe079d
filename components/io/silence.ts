import type { Socket } from "node:net";
import type { Client } from "pg";
import type { Session } from "./session";

/** What was asked is answered by then: a server that does not even close is not waited for. */
const closeTimeoutMs = 1_000;

/**
 * Gives up on a server that owes an answer and sends nothing: `statement_timeout` is the server's own, and one that is
 * stopped, or waits for its disk, never looks at it.
 *
 * What counts is silence, not time: several statements that went out together each have their own.
 *
 * @param giveUp what every open question then fails with
 */
export function boundSilence(
  session: Session,
  client: Client,
  timeoutMs: number,
  giveUp: () => Error,
): Session {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
  let owed = 0;
  stream.on("timeout", () => {
    if (owed > 0) stream.destroy(giveUp());
  });
  const awaiting = async <Answer>(ask: () => Promise<Answer>, bound: number): Promise<Answer> => {
    owed += 1;
    stream.setTimeout(bound);
    try {
      return await ask();
    } finally {
      owed -= 1;
      if (owed === 0) stream.setTimeout(0);
    }
  };
  return {
    ...session,
    query: (sql, values) => awaiting(() => session.query(sql, values), timeoutMs),
    describe: (sql) => awaiting(() => session.describe(sql), timeoutMs),
    close: () => awaiting(() => session.close(), closeTimeoutMs),
  };
}
