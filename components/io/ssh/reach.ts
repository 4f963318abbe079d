import { connect, type Socket } from "node:net";
import type { ConnectionTarget } from "../../core/connection";
import { problemError } from "../../core/problem";
import { SshError } from "../../core/ssh/failure";
import { renderWay, type SshWay } from "../../core/ssh/way";
import type { Relay } from "./relay";
import { assertOpen, hearLine, sayLine, type RelayAnswer } from "./relay-talk";

/** Names the socket of the relay that the wrapper keeps for all processes of a run of Pulumi. */
export const relayVariable = "PGSTEAD_SSH_RELAY";

/** Relays of this process by their way; absent: another process has to have one. */
let own: Map<string, Promise<Relay>> | undefined;

/** From now on this process opens by itself what it is to reach over SSH; to be closed with {@link closeRelays}. */
export function openRelaysHere(): void {
  own ??= new Map();
}

/** Ends the SSH connections of this process. */
export async function closeRelays(): Promise<void> {
  const open = [...(own?.values() ?? [])];
  own?.clear();
  // One that never opened has been told, and has nothing to close.
  await Promise.all(open.map((relay) => relay.then((found) => found.close()).catch(() => undefined)));
}

/**
 * A connection to a server over its SSH host, before anything was said on it; undefined: the server is reached directly.
 *
 * @throws SshError why there is none
 */
export async function reach(
  { host, port, ssh }: Pick<ConnectionTarget, "host" | "port" | "ssh">,
  timeoutMs: number,
): Promise<Socket | undefined> {
  if (ssh === undefined) return undefined;
  const socket = connect(await relayPath(ssh));
  // The bound is of the host's answer: what opens the relay has bounds of its own.
  const timer = setTimeout(() => {
    const message = `opened no way to ${host}:${port} within ${timeoutMs / 1_000} s`;
    socket.destroy(new SshError("forward", ssh, message, "does that host get to the server (firewall)?"));
  }, timeoutMs);
  try {
    sayLine(socket, { host, port });
    assertOpen((await hearLine(socket)) as RelayAnswer);
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Why a session over SSH has ended, where that was the connection's end; undefined: the server ended it.
 */
export async function explainLoss(
  target: Pick<ConnectionTarget, "host" | "port" | "ssh">,
): Promise<SshError | undefined> {
  try {
    (await reach(target, 1_000))?.destroy();
    return undefined;
  } catch (error) {
    return error instanceof SshError && error.kind === "lost" ? error : undefined;
  }
}

/** What speaks SSH is loaded where there is a host: most stacks have none, and the bundle for containers has no ssh2. */
async function openOwn(ssh: SshWay): Promise<Relay> {
  const { openRelay } = await import("./relay.js");
  return openRelay(ssh);
}

async function relayPath(ssh: SshWay): Promise<string> {
  const { [relayVariable]: ofRun = "" } = process.env;
  if (ofRun !== "") return ofRun;
  if (own === undefined) throw withoutWrapper(ssh);
  const key = JSON.stringify(ssh);
  const known = own.get(key) ?? openOwn(ssh);
  own.set(key, known);
  try {
    return (await known).path;
  } catch (error) {
    own.delete(key); // what failed may work at the next look
    throw error;
  }
}

function withoutWrapper(ssh: SshWay): Error {
  return problemError(
    `SSH ${renderWay(ssh)}`,
    "the way to the server is not open: Pulumi was started without the wrapper that opens it",
    "run `npm run pulumi -- …` in place of `pulumi …`.",
  );
}
