import { isIP, type Socket } from "node:net";
import { pipeline, type Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { ConnectionTarget } from "../../core/connection";
import { ProblemError } from "../../core/problem";
import { askForTls } from "../served-certificate";
import { describeTlsFailure, tlsOptions } from "../tls";
import { reach } from "./reach";
import { listenLocally, type LocalPort } from "./tunnel";
import { withoutBinding } from "./without-binding";

type Place = Pick<ConnectionTarget, "host" | "port" | "tls" | "ssh">;

export interface LocalPortOptions {
  /** Address and port to listen on. Default: a free port of 127.0.0.1. */
  readonly at?: { readonly host: string; readonly port: number };
  /**
   * Whether TLS with the server is this listener's own: the program speaks in clear with it, on this machine, and the
   * certificate is checked here, against the server's real name. Default: what comes is passed on as it is.
   */
  readonly endsTls?: boolean;
}

/** Milliseconds for the host to open the way, and for the server to begin TLS. */
const patience = 10_000;

/**
 * A port of this machine's loopback address for programs that only know host and port, behind which lies a server that is
 * reached over SSH. Whoever can use this machine can connect there: PostgreSQL asks for a password.
 *
 * A program that speaks PostgreSQL is told why it gets no connection in PostgreSQL's own words (ErrorResponse).
 */
export function listenThrough(target: Place, options: LocalPortOptions = {}): Promise<LocalPort> {
  const { at = { host: "127.0.0.1", port: 0 }, endsTls = false } = options;
  return listenLocally(at, (socket) => {
    void serve(socket, target, endsTls);
  });
}

async function serve(socket: Socket, target: Place, endsTls: boolean): Promise<void> {
  try {
    const raw = await reach(target, patience);
    if (raw === undefined) throw new Error("the server is not behind an SSH host");
    raw.on("error", () => undefined);
    const stream = endsTls ? await beginTls(raw, target) : raw;
    const over = (): void => {
      socket.destroy();
      stream.destroy();
    };
    if (stream === raw) pipeline(socket, stream, socket, over);
    else pipeline(socket, stream, withoutBinding(), socket, over);
  } catch (error) {
    socket.end(errorResponse(describeTlsFailure(target, error) ?? error));
  }
}

async function beginTls(raw: Socket, target: Place): Promise<Duplex> {
  const options = await tlsOptions(target);
  if (options === false) return raw;
  const late = setTimeout(() => {
    raw.destroy(new Error(`the server did not begin TLS within ${patience / 1_000} s`));
  }, patience);
  try {
    await askForTls(raw);
    // An address is no name for TLS to ask for (RFC 6066).
    const servername = isIP(target.host) === 0 ? { servername: target.host } : {};
    const secure = connectTls({ socket: raw, host: target.host, ...servername, ...options });
    await new Promise<void>((resolve, reject) => {
      raw.once("error", reject);
      secure.once("secureConnect", resolve).once("error", reject);
    });
    return secure.on("error", () => undefined);
  } catch (error) {
    raw.destroy();
    throw error;
  } finally {
    clearTimeout(late);
  }
}

/** `ErrorResponse` of PostgreSQL's protocol: what a client shows as the server's own refusal. */
function errorResponse(error: unknown): Buffer {
  const { text, hint } = wordsOf(error);
  const fields = [
    ["S", "FATAL"],
    ["V", "FATAL"],
    ["C", "08001"], // sqlclient_unable_to_establish_sqlconnection
    ["M", text],
    ...(hint === undefined ? [] : [["H", hint]]),
  ];
  const body = Buffer.from(`${fields.map(([code, value]) => `${code}${value}\0`).join("")}\0`);
  const head = Buffer.alloc(5);
  head.write("E");
  head.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([head, body]);
}

function wordsOf(error: unknown): { text: string; hint?: string } {
  if (!(error instanceof ProblemError)) {
    return { text: error instanceof Error ? error.message : String(error) };
  }
  const [problem] = error.problems;
  return { text: `${error.title}: ${problem?.message ?? ""}`, hint: problem?.hint ?? "" };
}
