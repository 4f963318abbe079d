import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { connect, createServer, type Server } from "node:tls";
import { promisify } from "node:util";
import type { CertificatePair } from "../../components/io/certificate";

const run = promisify(execFile);

/** A file of a test's own with this text. */
export async function fileOf(directory: string, text: string): Promise<string> {
  const path = join(directory, randomBytes(4).toString("hex"));
  await writeFile(path, text);
  return path;
}

/** openssl's opinion, with its strictest rules. */
export async function verify(
  directory: string,
  ca: string,
  certificate: string,
  name: string,
): Promise<string> {
  const who = /^[\d.:]+$/.test(name) ? ["-verify_ip", name] : ["-verify_hostname", name];
  const args = [
    "verify",
    "-x509_strict",
    "-purpose",
    "sslserver",
    ...who,
    "-CAfile",
    await fileOf(directory, ca),
  ];
  return (await run("openssl", [...args, await fileOf(directory, certificate)])).stdout;
}

/** What a client of Node's own TLS says of the server. */
export async function shakeHands(
  { certificate, key }: CertificatePair,
  ca: string,
  host: string,
): Promise<boolean> {
  const server: Server = createServer({ cert: certificate, key }, (socket) => socket.end());
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  try {
    return await new Promise<boolean>((resolve, reject) => {
      const servername = host === "127.0.0.1" ? {} : { servername: host };
      const socket = connect({ host: "127.0.0.1", port, ca, ...servername }, () => {
        resolve(socket.authorized);
        socket.destroy();
      });
      socket.once("error", reject);
    });
  } finally {
    server.close();
  }
}
