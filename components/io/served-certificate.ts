import { X509Certificate } from "node:crypto";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import type { Duplex } from "node:stream";
import { connect as connectTls } from "node:tls";
import type { ConnectionTarget } from "../core/connection";

/** What a server shows to whoever begins TLS with it. */
export interface ServedCertificate {
  readonly certificate: X509Certificate;
  /** Why a client with mode `verify-full` would not believe it; undefined: it would. */
  readonly distrust?: string;
}

export interface ServedOptions {
  /** PEM text of the authorities that are believed. */
  readonly ca: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** `SSLRequest` of PostgreSQL's protocol: its length, and the number that stands for it. */
const sslRequest = Buffer.from([0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f]);

/**
 * The certificate that a PostgreSQL server shows now. Nobody logs in: TLS begins, and ends.
 *
 * @throws Error where the server cannot be reached, does not offer TLS, or takes longer than the time
 */
export async function readServedCertificate(
  { host, port }: Pick<ConnectionTarget, "host" | "port">,
  { ca, timeoutMs, signal }: ServedOptions,
): Promise<ServedCertificate> {
  const bound = AbortSignal.any([AbortSignal.timeout(timeoutMs), ...(signal === undefined ? [] : [signal])]);
  const plain = connectTcp({ host, port, signal: bound });
  try {
    await askForTls(plain);
    return await beginTls(plain, host, ca);
  } catch (error) {
    const late = bound.aborted && signal?.aborted !== true;
    const reason = late ? `no answer within ${timeoutMs / 1_000} s` : (error as Error).message;
    throw new Error(`TLS with PostgreSQL at ${host}:${port}: ${reason}`, { cause: error });
  } finally {
    plain.destroy();
  }
}

/** The server answers with one letter: `S`, or `N` where it has no TLS. */
export function askForTls(socket: Duplex): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once("error", reject);
    socket.once("close", () => {
      reject(new Error("the server ended the connection"));
    });
    socket.once("data", (answer: Buffer) => {
      if (answer.toString("latin1") === "S") resolve();
      else reject(new Error("the server does not offer TLS"));
    });
    socket.write(sslRequest);
  });
}

function beginTls(plain: Socket, host: string, ca: string): Promise<ServedCertificate> {
  return new Promise((resolve, reject) => {
    // What is shown is the question: whether it is believed is told beside it, and an old one may have ended.
    // An address is no name for TLS to ask for (RFC 6066); the certificate is compared with it all the same.
    const servername = isIP(host) === 0 ? host : "";
    const secure = connectTls({ socket: plain, ca, host, servername, rejectUnauthorized: false });
    secure.once("error", reject);
    plain.once("close", () => {
      reject(new Error("the server ended the connection"));
    });
    secure.once("secureConnect", () => {
      const { raw } = secure.getPeerCertificate();
      // The types have an error; in fact it is its code, or its text.
      const distrust = secure.authorized ? {} : { distrust: String(secure.authorizationError) };
      resolve({ certificate: new X509Certificate(raw), ...distrust });
    });
  });
}
