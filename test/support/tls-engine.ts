import { mkdir, writeFile } from "node:fs/promises";
import { connect, type AddressInfo, type Socket } from "node:net";
import { join } from "node:path";
import { createServer, type TlsOptions } from "node:tls";
import { localSocket } from "../../components/io/docker/engine";
import { makeAuthority, type Authority } from "./certificates";

/** Directories of `ca.pem`, `cert.pem` and `key.pem`, as `docker.certPath` names one. */
export interface EngineCertificates {
  readonly authority: Authority;
  /** What is right. */
  readonly good: string;
  /** The client's certificate is of an authority that the engine does not know. */
  readonly stranger: string;
  readonly expired: string;
  /** Another authority is trusted than the engine's. */
  readonly otherAuthority: string;
  /** The key belongs to another certificate. */
  readonly otherKey: string;
  /** The engine's own: for 127.0.0.1 and no other name. */
  readonly server: Pair;
  readonly expiredServer: Pair;
}

interface Pair {
  readonly crt: string;
  readonly key: string;
}

export async function makeEngineCertificates(directory: string): Promise<EngineCertificates> {
  const [authority, other] = [await makeAuthority(directory), await makeAuthority(directory)];
  const client = authority.issue(["client"]);
  const directoryOf = (name: string, ca: string, { crt, key }: Pair): Promise<string> =>
    writeCertificates(join(directory, name), { ca, cert: crt, key });
  return {
    authority,
    good: await directoryOf("good", authority.pem, client),
    stranger: await directoryOf("stranger", authority.pem, other.issue(["client"])),
    expired: await directoryOf("expired", authority.pem, authority.issue(["client"], { isExpired: true })),
    otherAuthority: await directoryOf("other-authority", other.pem, client),
    otherKey: await directoryOf("other-key", authority.pem, { ...other.issue(["x"]), crt: client.crt }),
    server: authority.issue(["127.0.0.1"]),
    expiredServer: authority.issue(["127.0.0.1"], { isExpired: true }),
  };
}

/** What an engine is started with: it listens with TLS, and takes nobody without a certificate of the authority. */
export async function tlsArguments(
  directory: string,
  { authority, server }: EngineCertificates,
  port: number,
): Promise<string[]> {
  const own = await writeCertificates(join(directory, "engine"), {
    ca: authority.pem,
    cert: server.crt,
    key: server.key,
  });
  const file = (name: string): string => join(own, `${name}.pem`);
  const files = ["--tlscacert", file("ca"), "--tlscert", file("cert"), "--tlskey", file("key")];
  return ["--host", `tcp://127.0.0.1:${port}`, "--tlsverify", ...files];
}

async function writeCertificates(
  directory: string,
  texts: Readonly<Record<"ca" | "cert" | "key", string>>,
): Promise<string> {
  await mkdir(directory, { recursive: true });
  for (const [name, text] of Object.entries(texts)) {
    await writeFile(join(directory, `${name}.pem`), text, { mode: 0o600 });
  }
  return directory;
}

/** The tests' engine, which listens on a socket, over TLS as well. */
export interface TlsProxy {
  /** As `DOCKER_HOST` has it. */
  readonly host: string;
  /** Connections of clients whose certificate was right. */
  readonly connections: () => number;
  stop(): Promise<void>;
}

/** @param server the certificate that it shows */
export async function startTlsProxy(authority: Authority, server: Pair): Promise<TlsProxy> {
  const options: TlsOptions = {
    ca: authority.pem,
    cert: server.crt,
    key: server.key,
    requestCert: true,
    rejectUnauthorized: true,
    allowHalfOpen: true,
  };
  const open = new Set<Socket>();
  let connections = 0;
  const proxy = createServer(options, (client) => {
    connections += 1;
    const engine = connect({ path: localSocket, allowHalfOpen: true });
    client.pipe(engine).on("error", () => client.destroy());
    engine.pipe(client).on("error", () => engine.destroy());
    client.on("close", () => engine.destroy());
    engine.on("close", () => client.destroy());
  });
  // Those that did not get as far as a session as well.
  proxy.on("connection", (socket: Socket) => {
    open.add(socket.on("close", () => open.delete(socket)));
  });
  await new Promise<void>((resolve) => proxy.listen(0, "127.0.0.1", resolve));
  const { port } = proxy.address() as AddressInfo;
  return {
    host: `tcp://127.0.0.1:${port}`,
    connections: () => connections,
    stop: () =>
      new Promise((resolve) => {
        proxy.close(() => {
          resolve();
        });
        for (const socket of open) socket.destroy();
      }),
  };
}
