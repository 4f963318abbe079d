import type { Socket } from "node:net";
import type { Client } from "pg";
import { renderAddress, type ConnectionTarget } from "../core/connection";
import { SshError } from "../core/ssh/failure";
import { WayClosedError } from "./session-failure";
import { explainLoss, reach } from "./ssh/reach";

/**
 * A connection to a server that is behind an SSH host; undefined: the client makes its own.
 *
 * @throws WayClosedError the host lets nobody through
 */
export async function reachFor(target: ConnectionTarget, timeoutMs: number): Promise<Socket | undefined> {
  try {
    return await reach(target, timeoutMs);
  } catch (error) {
    throw error instanceof SshError ? new WayClosedError(renderAddress(target), error) : error;
  }
}

/** What a client is given for a connection that is there already: it asks every stream to connect, and waits for that. */
export function withStream(socket: Socket | undefined): { stream?: () => Socket } {
  if (socket === undefined) return {};
  socket.connect = () => {
    process.nextTick(() => socket.emit("connect"));
    return socket;
  };
  return { stream: () => socket };
}

/** Has queries whose connection ends with the SSH connection say so: the client only knows that it ended. */
export function orLoss(client: Client, target: ConnectionTarget): void {
  const ask = client.query.bind(client) as (...args: readonly unknown[]) => unknown;
  const query = (...args: readonly unknown[]): unknown => {
    const asked = ask(...args);
    if (!(asked instanceof Promise)) return asked;
    return asked.catch(async (error: unknown) => {
      // What the server says is its own, whatever happens to the connection after it.
      if (isEnd(error)) throw (await explainLoss(target)) ?? error;
      throw error;
    });
  };
  Object.assign(client, { query });
}

function isEnd(error: unknown): boolean {
  if (!(error instanceof Error)) return false;
  const { code = "" } = error as NodeJS.ErrnoException;
  return (
    ["ECONNRESET", "EPIPE", "ERR_STREAM_DESTROYED", "ERR_STREAM_WRITE_AFTER_END"].includes(code) ||
    /Connection terminated|not queryable/.test(error.message)
  );
}
