import type { Readable, Writable } from "node:stream";
import type { ConnectionTarget } from "../core/connection";
import { cancellable, openClient, type CancellableSession, type SessionOptions } from "./session";

/** A session that COPY streams rows through, one statement at a time. */
export interface StreamingSession extends CancellableSession {
  /** What COPY … TO STDOUT gives. */
  copyOut(sql: string): Readable;
  /** What COPY … FROM STDIN takes; it has ended once the server has all of it. */
  copyIn(sql: string): Writable;
}

/** Opens a connection for COPY; the caller closes it. */
export async function openStreaming(
  target: ConnectionTarget,
  options: SessionOptions,
): Promise<StreamingSession> {
  const { from, to } = await import("pg-copy-streams");
  const client = await openClient(target, options, { pipeline: false });
  return {
    ...cancellable(client, target),
    copyOut: (sql) => client.query(to(sql)),
    copyIn: (sql) => client.query(from(sql)),
  };
}
