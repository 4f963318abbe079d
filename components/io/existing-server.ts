import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { ConnectionTarget } from "../core/connection";
import type { ActualExisting } from "../core/existing-server";
import { problemError } from "../core/problem";
import { readCapabilities } from "./capabilities";
import { readSystemIdentifier } from "./identity";
import { ServerUnreachableError, withSession, type Session, type SessionOptions } from "./session";

/** Asks a server what it is and what the login may do on it. Reads only. */
export function readExisting(
  target: ConnectionTarget,
  options: SessionOptions = {},
): Promise<ActualExisting> {
  return withSession(target, { readOnly: true, ...options }, describeServer);
}

/** What the server of a session is. */
export async function describeServer(session: Session): Promise<ActualExisting> {
  const capabilities = await readCapabilities(session);
  const [row] = await session.query<{ version: string }>(
    "SELECT pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1) AS version",
  );
  return {
    version: row?.version ?? "",
    systemIdentifier: capabilities.readSystemIdentifier ? await readSystemIdentifier(session) : "",
    capabilities,
  };
}

/**
 * Asks until the server answers a query: one that was just made may take a while, and takes connections before it
 * takes queries.
 *
 * @param options waitSeconds: bound of the wait, then the last reason is the error
 */
export async function waitForExisting(
  target: ConnectionTarget,
  { waitSeconds, signal }: { readonly waitSeconds: number; readonly signal: AbortSignal },
): Promise<ActualExisting> {
  const deadline = Date.now() + waitSeconds * 1000;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await readExisting(target, { statementTimeoutMs: 10_000 });
    } catch (error) {
      if (!(error instanceof ServerUnreachableError) || Date.now() >= deadline) throw error;
    }
    await setTimeout(500, undefined, { signal });
  }
}

/** The password in a file, without the line's end that editors leave. */
export async function readPasswordFile(path: string): Promise<string> {
  const hint = "write the administrator's password into a file that this account can read.";
  let text: string;
  try {
    text = await readFile(path, "utf8");
  } catch (error) {
    throw problemError(`password file ${path}`, `it cannot be read: ${(error as Error).message}`, hint, {
      cause: error,
    });
  }
  const password = text.replace(/\r?\n$/, "");
  if (password === "") throw problemError(`password file ${path}`, "it is empty", hint);
  return password;
}
