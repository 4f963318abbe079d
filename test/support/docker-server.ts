import { randomBytes } from "node:crypto";
import { rm } from "node:fs/promises";
import { finished } from "node:stream/promises";
import { setTimeout } from "node:timers/promises";
import type Docker from "dockerode";
import { Client } from "pg";
import { pack } from "tar-stream";
import type { ConnectionTarget } from "../../components/core/connection";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { makeAuthority } from "./certificates";
import { testImages } from "./docker-images";
import { temporaryDirectory } from "./server";

const administrator = "Admin";
const mounts = {
  data: "/var/lib/postgresql/data",
  logs: "/var/log/postgresql",
  socket: "/var/run/postgresql",
  repository: "/var/lib/pgbackrest",
  "server-files": "/etc/pgstead/server",
} as const;

/** A server of the image `postgres` as a stack runs it, with volumes of its own; nothing is started yet. */
export interface ContainerServer {
  readonly container: Docker.Container;
  /** Starts it, and waits until it takes connections; fails with its log if it ends. */
  start(): Promise<void>;
  /** Starts it where it is expected to end by itself, and gives its exit code. */
  startToEnd(): Promise<number>;
  /** The container's own log. */
  log(): Promise<string>;
  /** Runs a command in the container as it runs; fails unless it ends with 0. */
  exec(...command: readonly string[]): Promise<string>;
  /** SQL over the local socket, as the administrator. */
  sql(text: string): Promise<string>;
  /** Runs a shell script on the volumes in a container of its own, as the server's account. */
  onVolumes(script: string): Promise<string>;
  /** Its administrator, over TCP with TLS that is verified. */
  target(): Promise<ConnectionTarget>;
  /** A login over TCP, with TLS that is verified unless it is turned off. */
  login(options?: { readonly tls?: boolean }): Promise<Client>;
  remove(): Promise<void>;
}

/** @param devices directories of this machine that its volumes lie in, where they are not the engine's own */
export async function makeContainerServer(
  docker: Docker,
  devices: Partial<Record<keyof typeof mounts, string>> = {},
): Promise<ContainerServer> {
  const prefix = `pgstead-test-${randomBytes(4).toString("hex")}`;
  const binds = Object.entries(mounts).map(([name, place]) => `${prefix}-${name}:${place}`);
  for (const [name, device] of Object.entries(devices)) {
    const DriverOpts = { type: "none", o: "bind", device };
    await docker.createVolume({ Name: `${prefix}-${name}`, DriverOpts });
  }
  const password = generatePassword();
  const directory = await temporaryDirectory();
  const authority = await makeAuthority(directory);
  const { crt, key } = authority.issue(["127.0.0.1", "server"]);
  await rm(directory, { recursive: true });
  const container = await docker.createContainer(order(prefix, binds));
  await container.putArchive(
    await archive([
      ["server.crt", crt, 0o644],
      ["server.key", key, 0o600],
      ["ca.crt", authority.pem, 0o644],
      ["administrator.verifier", `${scramVerifier(password)}\n`, 0o400],
    ]),
    { path: mounts["server-files"] },
  );
  const self: ContainerServer = {
    container,
    async start() {
      await container.start();
      await ready(self);
    },
    async startToEnd() {
      await container.start();
      const { StatusCode } = (await container.wait()) as { StatusCode: number };
      return StatusCode;
    },
    log: () => logOf(container),
    exec: (...command) => execute(docker, container, command),
    sql: (text) =>
      self.exec("psql", "-XAtq", "-v", "ON_ERROR_STOP=1", "-U", administrator, "-d", "postgres", "-c", text),
    onVolumes: (script) => runOnce(docker, testImages.postgres, ["sh", "-euc", script], { Binds: binds }),
    async target() {
      const port = await publishedPort(container);
      const tls = { mode: "verify-full", ca: authority.pem } as const;
      return { host: "127.0.0.1", port, user: administrator, password, tls };
    },
    login: (options) => login(container, { password, ca: authority.pem, ...options }),
    async remove() {
      await container.remove({ force: true });
      for (const name of Object.keys(mounts)) await docker.getVolume(`${prefix}-${name}`).remove();
    },
  };
  return self;
}

/** As components/docker-server.ts runs it: read-only, without capabilities, and with the engine's init. */
function order(name: string, binds: readonly string[]): Docker.ContainerCreateOptions {
  return {
    name: `${name}-server`,
    Image: testImages.postgres,
    Env: [`PGSTEAD_ADMINISTRATOR=${administrator}`],
    ExposedPorts: { "5432/tcp": {} },
    HostConfig: {
      ...confined,
      Binds: [...binds],
      PortBindings: { "5432/tcp": [{ HostIp: "127.0.0.1", HostPort: "" }] },
    },
  };
}

/** What every container of a stack is denied. */
export const confined: Docker.HostConfig = {
  ReadonlyRootfs: true,
  CapDrop: ["ALL"],
  SecurityOpt: ["no-new-privileges"],
  Tmpfs: { "/tmp": "" },
  Init: true,
};

/** Runs a program of an image, confined, and gives what it prints; fails unless it ends with 0. */
export async function runOnce(
  docker: Docker,
  image: string,
  command: readonly string[],
  host: Docker.HostConfig = {},
): Promise<string> {
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: [...command],
    Cmd: [],
    HostConfig: { ...confined, ...host },
  });
  try {
    await container.start();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    const text = await logOf(container);
    if (StatusCode !== 0) throw new Error(`${command.join(" ")} ended with ${StatusCode}:\n${text}`);
    return text;
  } finally {
    await container.remove({ force: true });
  }
}

async function ready(server: ContainerServer): Promise<void> {
  const deadline = Date.now() + 60_000;
  for (;;) {
    const { State } = await server.container.inspect();
    if (!State.Running) throw new Error(`the server ended with ${State.ExitCode}:\n${await server.log()}`);
    try {
      await server.exec("pg_isready", "--quiet");
      return;
    } catch (error) {
      if (Date.now() > deadline) throw error;
    }
    await setTimeout(100);
  }
}

async function publishedPort(container: Docker.Container): Promise<number> {
  const { NetworkSettings } = await container.inspect();
  return Number(NetworkSettings.Ports["5432/tcp"]?.[0]?.HostPort);
}

async function login(
  container: Docker.Container,
  { password, ca, tls = true }: { readonly password: string; readonly ca: string; readonly tls?: boolean },
): Promise<Client> {
  const port = await publishedPort(container);
  const client = new Client({
    host: "127.0.0.1",
    port,
    user: administrator,
    password,
    database: "postgres",
    ssl: tls ? { ca } : false,
  });
  client.on("error", () => undefined); // the server may be stopped under it
  await client.connect();
  return client;
}

async function execute(
  docker: Docker,
  container: Docker.Container,
  command: readonly string[],
): Promise<string> {
  const exec = await container.exec({ Cmd: [...command], AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: false });
  const chunks: Buffer[] = [];
  const sink = { write: (chunk: Buffer) => chunks.push(chunk) } as unknown as NodeJS.WritableStream;
  docker.modem.demuxStream(stream, sink, sink);
  await finished(stream);
  const text = Buffer.concat(chunks).toString("utf8").trimEnd();
  const { ExitCode } = await exec.inspect();
  if (ExitCode !== 0) throw new Error(`${command.join(" ")} ended with ${ExitCode ?? "nothing"}:\n${text}`);
  return text;
}

/** Both streams; each part of the answer has a head of eight bytes. */
async function logOf(container: Docker.Container): Promise<string> {
  const answer = await container.logs({ stdout: true, stderr: true, follow: false });
  const parts: string[] = [];
  for (let at = 0; at + 8 <= answer.length;) {
    const length = answer.readUInt32BE(at + 4);
    parts.push(answer.toString("utf8", at + 8, at + 8 + length));
    at += 8 + length;
  }
  return parts.join("").trimEnd();
}

async function archive(files: readonly (readonly [string, string, number])[]): Promise<Buffer> {
  const tar = pack();
  for (const [name, content, mode] of files) tar.entry({ name, mode, uid: 999, gid: 999 }, content);
  tar.finalize();
  const chunks: Buffer[] = [];
  for await (const chunk of tar) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}
