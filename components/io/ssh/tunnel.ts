import { createServer, type AddressInfo, type Socket } from "node:net";
import { pipeline, type Duplex } from "node:stream";
import type { Client } from "ssh2";
import { isSocketDirectory, renderAddress } from "../../core/connection";
import { lostConnection, SshError } from "../../core/ssh/failure";
import type { SshHop } from "../../core/ssh/login";

/** A place as the host sees it: `127.0.0.1` is the host itself, and a directory the place of PostgreSQL's socket there. */
export interface Behind {
  readonly host: string;
  readonly port: number;
}

/** A port on this machine's loopback address behind which lies a place that only the host reaches. */
export interface LocalPort {
  readonly port: number;
  /** Takes no more connections, and ends those that there are. */
  close(): Promise<void>;
}

/** A connection to a place behind the host, as a stream. */
export function openStream(client: Client, hop: SshHop, behind: Behind): Promise<Duplex> {
  const { host, port } = behind;
  const place = renderAddress(behind);
  return new Promise((resolve, reject) => {
    const opened = (error: (Error & { reason?: number | string }) | undefined, stream: Duplex): void => {
      if (error) reject(explainForward(hop, place, error));
      else resolve(stream);
    };
    try {
      if (isSocketDirectory(host)) client.openssh_forwardOutStreamLocal(place, opened);
      else client.forwardOut("127.0.0.1", 0, host, port, opened);
    } catch (error) {
      reject(lostConnection(hop, `before a way to ${place} was open`, error)); // not connected any more
    }
  });
}

/** Reasons of SSH for a channel that is not opened (RFC 4254, 5.1). */
const [prohibited, connectFailed] = [1, 2];

function explainForward(
  hop: SshHop,
  place: string,
  error: Error & { readonly reason?: number | string },
): SshError {
  const make = (message: string, hint: string): SshError =>
    new SshError("forward", hop, message, hint, { cause: error });
  if (error.reason === prohibited || error.reason === "ADMINISTRATIVELY_PROHIBITED") {
    return make(
      `may not be used as a way to ${place}`,
      "allow it in its sshd_config (AllowTcpForwarding, PermitOpen; AllowStreamLocalForwarding for a socket), or take `restrict` from the key.",
    );
  }
  if (error.reason === connectFailed || error.reason === "CONNECT_FAILED") {
    return make(
      `cannot reach ${place} (${error.message})`,
      "is the place right as seen from that host, and does something listen there?",
    );
  }
  return make(`opened no way to ${place} (${error.message})`, "its log may say more.");
}

/**
 * Listens on a free port of this machine's loopback address, for programs that only know host and port. Whoever can use
 * this machine can connect there: what lies behind has to ask for a password, as PostgreSQL does.
 *
 * @param failed told why a connection was ended without an answer
 */
export async function listenFor(
  client: Client,
  hop: SshHop,
  behind: Behind,
  failed: (error: Error) => void = () => undefined,
): Promise<LocalPort> {
  return listenLocally({ host: "127.0.0.1", port: 0 }, (socket) => {
    openStream(client, hop, behind).then(
      (stream) => {
        pipeline(socket, stream, socket, () => {
          socket.destroy();
          stream.destroy();
        });
      },
      (error: unknown) => {
        socket.destroy();
        failed(error as Error);
      },
    );
  });
}

/** Listens on this machine, and hands each connection on; port 0 is a free one. */
export async function listenLocally(
  at: { readonly host: string; readonly port: number },
  serve: (socket: Socket) => void,
): Promise<LocalPort> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    // A client that leaves in between is no failure of the way.
    socket.on("error", () => undefined);
    serve(socket);
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject).listen(at, resolve);
  });
  return {
    port: (server.address() as AddressInfo).port,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => {
          resolve();
        });
      }),
  };
}
