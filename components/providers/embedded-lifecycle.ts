import { problemError } from "../core/problem";
import { quoteIdentifier, quoteLiteral } from "../core/identifier";
import { applyStatements } from "../io/apply";
import { writeOwner, type Instance } from "../io/embedded/instance";
import { initServer, readServerStatus, startServer, stopServer } from "../io/embedded/server";
import { assertSameServer, readSystemIdentifier } from "../io/identity";
import { LoginRefusedError, openSession, type Session } from "../io/session";
import type { ResourceRequest } from "./contract";

type Login = Parameters<typeof openSession>[0];

/** Inputs of `EmbeddedServer`, as `check` has proven them. */
export interface EmbeddedInputs {
  readonly port: number;
  readonly administrator: string;
  readonly password: string;
  readonly verifier: string;
  readonly checkout: string;
  readonly disposable: boolean;
  readonly restart: "allow" | "refuse";
}

/** What the state knows of the server. */
export interface KnownServer {
  /** The administrator's password, where it may still be the valid one. */
  readonly password?: string | undefined;
  /** Undefined or empty: not known yet. */
  readonly systemIdentifier?: string | undefined;
}

/** What a running server says of itself. */
export interface LiveServer {
  readonly [name: string]: string;
  readonly systemIdentifier: string;
  readonly version: string;
}

/**
 * Makes the server run as declared: initdb where there is no data, start, restart for another port, and the
 * administrator's password. Safe to run again after it was killed at any point.
 * A server that is not the one that the state knows is refused before its administrator gets our password.
 */
export async function bringUp(
  request: ResourceRequest,
  instance: Instance,
  inputs: EmbeddedInputs,
  known: KnownServer,
): Promise<LiveServer> {
  const status = await readServerStatus(instance);
  const [head = "", project = ""] = request.urn.split("::");
  const stack = head.split(":").at(-1) ?? "";
  if (status.kind === "absent") {
    await request.log("info", `initdb in ${instance.dataDirectory}`);
    await initServer(instance, { administrator: inputs.administrator, verifier: inputs.verifier });
  } else if (status.kind === "running" && status.postmaster.port !== inputs.port) {
    await stopServer(instance);
  }
  await writeOwner(instance, { checkout: inputs.checkout, project, stack, port: inputs.port });
  await startServer(instance, { port: inputs.port, clusterName: `pgstead ${project}/${stack}` });
  // One that has just been made has an identifier that no state knows.
  const expected = status.kind === "absent" ? { ...known, systemIdentifier: undefined } : known;
  const session = await signIn(instance, inputs, expected).catch(async (error: unknown) => {
    // A server that is not ours to change is left as it was found.
    if (status.kind === "stopped") await stopServer(instance);
    throw error;
  });
  try {
    const [row] = await session.query<{ version: string }>(
      "SELECT current_setting('server_version') AS version",
    );
    return { systemIdentifier: await readSystemIdentifier(session), version: row?.version ?? "" };
  } finally {
    await session.close();
  }
}

/**
 * Opens a session as the administrator with the declared password; where the server still has the old one, the new
 * verifier is set with it and proven by this login. Only then the new one is stored: killed anywhere, one of the two
 * works.
 */
async function signIn(instance: Instance, inputs: EmbeddedInputs, known: KnownServer): Promise<Session> {
  const target = { host: "127.0.0.1", port: inputs.port, user: inputs.administrator };
  const login = { ...target, password: inputs.password };
  try {
    return await openSame(login, known);
  } catch (error) {
    if (!(error instanceof LoginRefusedError)) throw error;
    const old = known.password === inputs.password ? undefined : known.password;
    if (old === undefined || !(await rotate({ ...target, password: old }, inputs, known))) {
      throw strangeServer(instance, inputs, error);
    }
  }
  return openSame(login, known);
}

/** A session with the server that the state knows, and with no other. */
async function openSame(login: Login, known: KnownServer): Promise<Session> {
  const session = await openSession(login);
  try {
    await assertSameServer(session, known.systemIdentifier, `${login.host}:${login.port}`);
    return session;
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function rotate(login: Login, inputs: EmbeddedInputs, known: KnownServer): Promise<boolean> {
  const sql = `ALTER ROLE ${quoteIdentifier(inputs.administrator)} PASSWORD ${quoteLiteral(inputs.verifier)}`;
  const redacted = `ALTER ROLE ${quoteIdentifier(inputs.administrator)} PASSWORD '[verifier]'`;
  const statement = {
    sql,
    redacted,
    reason: "a new password",
    risk: "access" as const,
    kind: "role" as const,
  };
  try {
    const session = await openSame(login, known);
    await applyStatements(session, [statement]).finally(() => session.close());
    return true;
  } catch (error) {
    if (error instanceof LoginRefusedError) return false;
    throw error;
  }
}

function strangeServer(instance: Instance, inputs: EmbeddedInputs, cause: unknown): Error {
  return problemError(
    instance.dataDirectory,
    `there is a server, and its administrator ${inputs.administrator} has another password than the state`,
    `was the stack's state lost? Put it back, or, if the data may go, end the server and remove ${instance.dataDirectory} and ${instance.directory}.`,
    { cause },
  );
}
