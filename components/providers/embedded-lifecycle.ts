import { problemError } from "../core/problem";
import { quoteIdentifier, quoteLiteral } from "../core/identifier";
import { applyStatements } from "../io/apply";
import { writeOwner, type Instance } from "../io/embedded/instance";
import { initServer, readServerStatus, startServer, stopServer } from "../io/embedded/server";
import { readSystemIdentifier } from "../io/identity";
import { LoginRefusedError, openSession, withSession, type Session } from "../io/session";
import type { ResourceRequest } from "./contract";

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

/** What a running server says of itself. */
export interface LiveServer {
  readonly [name: string]: string;
  readonly systemIdentifier: string;
  readonly version: string;
}

/**
 * Makes the server run as declared: initdb where there is no data, start, restart for another port, and the
 * administrator's password. Safe to run again after it was killed at any point.
 *
 * @param oldPassword the administrator's password of the state, where it may still be the valid one
 */
export async function bringUp(
  request: ResourceRequest,
  instance: Instance,
  inputs: EmbeddedInputs,
  oldPassword: string | undefined,
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
  const session = await signIn(instance, inputs, oldPassword).catch(async (error: unknown) => {
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
async function signIn(
  instance: Instance,
  inputs: EmbeddedInputs,
  oldPassword: string | undefined,
): Promise<Session> {
  const target = { host: "127.0.0.1", port: inputs.port, user: inputs.administrator };
  try {
    return await openSession({ ...target, password: inputs.password });
  } catch (error) {
    if (!(error instanceof LoginRefusedError)) throw error;
    const old = oldPassword === inputs.password ? undefined : oldPassword;
    if (old === undefined || !(await rotate({ ...target, password: old }, inputs))) {
      throw strangeServer(instance, inputs, error);
    }
  }
  return openSession({ ...target, password: inputs.password });
}

async function rotate(target: Parameters<typeof openSession>[0], inputs: EmbeddedInputs): Promise<boolean> {
  const sql = `ALTER ROLE ${quoteIdentifier(inputs.administrator)} PASSWORD ${quoteLiteral(inputs.verifier)}`;
  const redacted = `ALTER ROLE ${quoteIdentifier(inputs.administrator)} PASSWORD '[verifier]'`;
  const statement = { sql, redacted, reason: "a new password", risk: "access" as const };
  try {
    await withSession(target, {}, (session) => applyStatements(session, [statement]));
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
