import { randomBytes } from "node:crypto";
import { chmodSync, readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { join } from "node:path";
import type Docker from "dockerode";
import type { HostPlace } from "../../components/core/host/place";
import type { SshWay } from "../../components/core/ssh/way";
import { execIn, type ExecResult } from "../../components/io/docker/container";
import { connectDocker } from "../../components/io/docker/engine";
import { projectRoot } from "../../components/io/places";
import { generatePassword } from "../../components/io/scram";
import { ensureBaseImage } from "../../infra/toolchain/docker/base-image";
import { importDebian } from "../../infra/toolchain/docker/debootstrap";
import { createContext } from "../../infra/toolchain/context";
import { buildContext } from "./docker-images";
import { eventually } from "./eventually";
import { parseChecksums, type Checksums } from "./host-checksums";
import { freePort, temporaryDirectory } from "./server";
import { makeKey } from "./sshd";

/** Releases of Debian that a host can be of, and what each has. */
export const debianReleases = {
  /** PostgreSQL 15, and no service manager: `pg_ctlcluster` alone. */
  bookworm: { major: 15, init: "" },
  /** PostgreSQL 17, and systemd as process 1. */
  trixie: { major: 17, init: "systemd systemd-sysv dbus" },
} as const;

export type DebianRelease = keyof typeof debianReleases;

/**
 * A host of somebody else, as a container: Debian's own PostgreSQL (cluster `main`), sshd, cron and sudo. Its PostgreSQL is
 * reached over SSH only, as `localhost:5432`.
 */
export interface DebianHost {
  readonly release: DebianRelease;
  readonly major: 15 | 17;
  readonly hasSystemd: boolean;
  /** Account `deploy`, which has sudo without a password. */
  readonly ssh: SshWay;
  readonly place: HostPlace;
  /** Password of the superuser `postgres`. */
  readonly password: string;
  readonly dataDirectory: string;
  readonly configDirectory: string;
  /** Runs a script of `/bin/sh` on the host as root, not over SSH; fails unless it ends with 0. */
  exec(script: string): Promise<string>;
  /** The same, whatever its end is. */
  tryExec(script: string): Promise<ExecResult>;
  /** SQL over the local socket, as postgres. */
  sql(text: string, database?: string): Promise<string>;
  /** Mode, owner and content of every file of the host that somebody sets up, by path. */
  checksums(): Promise<Checksums>;
  /** Ends everything at once, as a power cut does, and boots again; waits for sshd and PostgreSQL. */
  reboot(): Promise<void>;
  /** Ends everything at once. */
  cutPower(): Promise<void>;
  /** Boots what has no power; waits for sshd, and for PostgreSQL unless that is not expected to start. */
  boot(expected?: { readonly server: boolean }): Promise<void>;
  stop(): Promise<void>;
}

/** Makes a host with a cluster that runs. A second one of a release takes seconds, as the image stays on the engine. */
export async function makeDebianHost({
  release,
  more = [],
}: {
  release: DebianRelease;
  /** Packages that somebody has installed beside. */
  more?: readonly string[];
}): Promise<DebianHost> {
  const docker = connectDocker({});
  const image = await buildHostImage(docker, release, more);
  const directory = await temporaryDirectory();
  const keyFile = join(directory, "key");
  const publicKey = makeKey(keyFile);
  chmodSync(keyFile, 0o600);
  const port = await freePort();
  const container = await docker.createContainer(order(image, release, port));
  const { major, init } = debianReleases[release];
  const self = { docker, container, release };
  const password = generatePassword();
  try {
    await container.start();
    const authorized = `cat > ~deploy/.ssh/authorized_keys && chown deploy: ~deploy/.ssh/authorized_keys`;
    await execute(self, authorized, publicKey);
    await awaitBoot(self);
    await execute(self, psql, `ALTER ROLE postgres PASSWORD '${password}'`);
  } catch (error) {
    await container.remove({ force: true });
    throw error;
  }
  const hostKey = (await execute(self, "cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub")).trim();
  const ssh: SshWay = { host: "127.0.0.1", port, user: "deploy", keyFile, hostKey };
  const boot: DebianHost["boot"] = async (expected) => {
    await container.start();
    await awaitBoot(self, expected);
  };
  return {
    release,
    major,
    hasSystemd: init !== "",
    ssh,
    place: { ssh, become: "sudo" },
    password,
    dataDirectory: `/var/lib/postgresql/${major}/main`,
    configDirectory: `/etc/postgresql/${major}/main`,
    exec: (script) => execute(self, script),
    tryExec: (script) => attempt(self, script),
    sql: (text, database = "postgres") => execute(self, `${psql} -d ${database}`, text),
    checksums: async () => parseChecksums(await execute(self, checksumsScript)),
    async reboot() {
      await container.kill();
      await boot();
    },
    async cutPower() {
      await container.kill();
    },
    boot,
    async stop() {
      await container.remove({ force: true, v: true });
      await rm(directory, { recursive: true, force: true });
    },
  };
}

interface Running {
  readonly docker: Docker;
  readonly container: Docker.Container;
  readonly release: DebianRelease;
}

/** Reads statements from its standard input, as the superuser over the socket. */
const psql = "cd / && runuser -u postgres -- psql -XAtq -v ON_ERROR_STOP=1";

/** The tag says what is in it: a changed fixture is built anew by the engine's own cache. */
async function buildHostImage(
  docker: Docker,
  release: DebianRelease,
  more: readonly string[],
): Promise<string> {
  const tag = `pgstead-test-host:${[release, ...more].join("-")}`;
  const { major, init } = debianReleases[release];
  const context = { context: join(projectRoot(), "test/fixtures/debian-host"), src: ["Dockerfile", "boot"] };
  const BASE = await baseOf(docker, release);
  await buildContext(docker, context, tag, { BASE, MAJOR: String(major), INIT: init, MORE: more.join(" ") });
  return tag;
}

/** The project's base image is trixie; another release comes the same way, or from the registry. */
async function baseOf(docker: Docker, release: DebianRelease): Promise<string> {
  const context = createContext();
  if (release === "trixie") return ensureBaseImage(context, docker);
  const made = `pgstead-debian:${release}`;
  const there = await docker.listImages({ filters: { reference: [made] } });
  if (there.length === 0) await importDebian(context, docker, made, release);
  return made;
}

/** systemd needs a place for its control groups and for mounts, and `/run` that a boot finds empty. */
function order(image: string, release: DebianRelease, port: number): Docker.ContainerCreateOptions {
  const hasSystemd = debianReleases[release].init !== "";
  return {
    name: `pgstead-test-host-${release}-${randomBytes(4).toString("hex")}`,
    Hostname: `db-${release}`,
    Image: image,
    Cmd: [hasSystemd ? "/lib/systemd/systemd" : "/sbin/boot-host"],
    Env: hasSystemd ? ["container=docker"] : [],
    ExposedPorts: { "22/tcp": {} },
    HostConfig: {
      ...(hasSystemd ? { CapAdd: ["SYS_ADMIN"], SecurityOpt: ["seccomp=unconfined"] } : {}),
      Tmpfs: { "/run": "exec,mode=755", "/run/lock": "" },
      ShmSize: 256 * 1024 * 1024,
      PortBindings: { "22/tcp": [{ HostIp: "127.0.0.1", HostPort: String(port) }] },
    },
  };
}

/** Until a login works and its PostgreSQL takes sessions; sshd refuses logins while systemd boots. */
async function awaitBoot(self: Running, { server } = { server: true }): Promise<void> {
  const { major, init } = debianReleases[self.release];
  const units = ["systemd-user-sessions", "ssh", ...(server ? [`postgresql@${major}-main`] : [])];
  const script = [
    // Asked for several at once, systemctl is content with one of them.
    ...(init === "" ? [] : units.map((unit) => `systemctl is-active -q ${unit}`)),
    ...(server ? ["pg_isready -q"] : []),
    `timeout 5 bash -c 'read -r -n 3 hi < /dev/tcp/127.0.0.1/22 && [ "$hi" = SSH ]'`,
  ].join(" && ");
  await eventually(`the host of ${self.release} is up`, async () =>
    (await attempt(self, script)).exitCode === 0 ? true : undefined,
  );
}

async function attempt({ docker, container }: Running, script: string, input?: string): Promise<ExecResult> {
  return execIn(docker, container.id, ["sh", "-c", script], {
    timeoutMs: 120_000,
    ...(input === undefined ? {} : { input }),
  });
}

async function execute(self: Running, script: string, input?: string): Promise<string> {
  const { exitCode, stdout, stderr } = await attempt(self, script, input);
  if (exitCode === 0) return stdout;
  throw new Error(`${script} on the host of ${self.release} ended with ${exitCode}: ${stderr}${stdout}`);
}

/** Read once: what the fixture looks at is a script, so that it can be run on a host of one's own too. */
const checksumsScript = readFileSync(join(projectRoot(), "test/fixtures/debian-host/checksums"), "utf8");
