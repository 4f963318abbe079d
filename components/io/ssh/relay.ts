import { mkdtemp, rm } from "node:fs/promises";
import { createServer, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pipeline } from "node:stream";
import { lostConnection, SshError } from "../../core/ssh/failure";
import type { SshWay } from "../../core/ssh/way";
import { openSsh, type SshConnection } from "./connection";
import type { DialOptions } from "./dial";
import { passphraseVariable, readWay } from "./read-way";
import { answerOf, hearLine, sayLine } from "./relay-talk";
import type { Behind } from "./tunnel";

/** One SSH connection for all sessions of a run, for this process and those that it starts. */
export interface Relay {
  /** Socket in a directory that only this account can enter: what connects there says which place it wants. */
  readonly path: string;
  /** Why the connection is no more; undefined: it is, or was closed here. */
  readonly lost: () => SshError | undefined;
  /** Ends all that goes through it. */
  close(): Promise<void>;
}

/**
 * Logs in, and relays from then on.
 *
 * @throws SshError where, what, what to do
 */
export async function openRelay(way: SshWay, options: DialOptions = {}): Promise<Relay> {
  const login = readWay(way);
  const connection = await openSsh(login, options).catch((error: unknown) => {
    throw withPassphraseHint(error);
  });
  const directory = await mkdtemp(join(tmpdir(), "pgstead-ssh-"));
  const sockets = new Set<Socket>();
  let loss: SshError | undefined;
  const lost = (): SshError | undefined => {
    if (connection.isLost()) loss ??= lostConnection(login, "while sessions went through it", undefined);
    return loss;
  };
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // Who leaves in between is no failure of the relay.
    socket.on("error", () => undefined);
    void serve(socket, connection, lost);
  });
  const path = join(directory, "relay");
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(path, resolve);
  });
  return {
    path,
    lost,
    async close() {
      lost();
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
      await connection.close();
      await rm(directory, { recursive: true, force: true });
    },
  };
}

async function serve(
  socket: Socket,
  connection: SshConnection,
  lost: () => SshError | undefined,
): Promise<void> {
  try {
    const behind = (await hearLine(socket)) as Behind;
    const stream = await connection.openStream(behind);
    sayLine(socket, {});
    pipeline(socket, stream, socket, () => {
      socket.destroy();
      stream.destroy();
    });
  } catch (error) {
    const told = lost() ?? error;
    if (told instanceof SshError) sayLine(socket, answerOf(told));
    socket.end();
  }
}

/** What is declared has no passphrase: it lies in a file. */
function withPassphraseHint(error: unknown): unknown {
  if (!(error instanceof SshError) || error.kind !== "private-key") return error;
  const [problem] = error.problems;
  const hint = `write its passphrase into a file, and name that in ${passphraseVariable}; or add the key to an agent (ssh-add) and leave keyFile out.`;
  return problem?.message.includes("passphrase") === true
    ? new SshError(error.kind, error.hop, problem.message, hint, { cause: error })
    : error;
}
