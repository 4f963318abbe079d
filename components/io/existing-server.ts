import { readFile } from "node:fs/promises";
import { setTimeout } from "node:timers/promises";
import type { ConnectionTarget } from "../core/connection";
import type { ActualExisting } from "../core/existing-server";
import { problemError } from "../core/problem";
import type { ServerNeeds } from "../core/provider-settings";
import { readCapabilities } from "./capabilities";
import { readSystemIdentifier } from "./identity";
import { refusePooler } from "./pooler";
import { readOffers } from "./server-offers";
import {
  ServerUnreachableError,
  WayClosedError,
  withSession,
  type Session,
  type SessionOptions,
} from "./session";

/**
 * Asks a server what it is, what the login may do on it, and what it has of what is declared. Reads only.
 *
 * @throws ProblemError where a pooler is in between that takes away what a session has
 */
export async function readExisting(
  target: ConnectionTarget,
  { needs, ...options }: SessionOptions & { readonly needs?: ServerNeeds | undefined } = {},
): Promise<ActualExisting> {
  await refusePooler(target, { readOnly: true, ...options });
  return withSession(target, { readOnly: true, ...options }, async (session) => {
    const found = await describeServer(session);
    if (needs === undefined) return found;
    const { capabilities } = found;
    return { ...found, offers: await readOffers(target, session, { ...options, needs, capabilities }) };
  });
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
  {
    waitSeconds,
    signal,
    needs,
  }: {
    readonly waitSeconds: number;
    readonly signal: AbortSignal;
    readonly needs?: ServerNeeds | undefined;
  },
): Promise<ActualExisting> {
  const deadline = Date.now() + waitSeconds * 1000;
  for (;;) {
    signal.throwIfAborted();
    try {
      return await readExisting(target, { statementTimeoutMs: 10_000, needs });
    } catch (error) {
      const isOver = error instanceof WayClosedError && error.why.kind === "lost";
      if (!(error instanceof ServerUnreachableError) || isOver || Date.now() >= deadline) throw error;
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
