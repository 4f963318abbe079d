import type { Socket } from "node:net";
import type { Client } from "pg";

/** What was asked is answered by then: a server that does not even close is not waited for. */
export const closeTimeoutMs = 1_000;

/**
 * Gives up on a server that owes an answer and sends nothing: `statement_timeout` is the server's own, and one that is
 * stopped, or waits for its disk, never looks at it.
 *
 * What counts is silence, not time: several statements that went out together each have their own.
 *
 * @param giveUp what every open question then fails with
 * @returns asks something, and waits for so many milliseconds of silence
 */
export function boundSilence(
  client: Client,
  giveUp: () => Error,
): <Answer>(ask: () => Promise<Answer>, timeoutMs: number) => Promise<Answer> {
  const { stream } = (client as unknown as { readonly connection: { readonly stream: Socket } }).connection;
  let owed = 0;
  stream.on("timeout", () => {
    const { bytesRead } = stream;
    // A process that was busy itself has its timers before what has arrived meanwhile: that is read first.
    setImmediate(() => {
      if (owed > 0 && stream.bytesRead === bytesRead) stream.destroy(giveUp());
    });
  });
  return async (ask, timeoutMs) => {
    owed += 1;
    stream.setTimeout(timeoutMs);
    try {
      return await ask();
    } finally {
      owed -= 1;
      if (owed === 0) stream.setTimeout(0);
    }
  };
}
