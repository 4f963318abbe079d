import { randomBytes, randomInt } from "node:crypto";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initServer, startServer as start, stopServer } from "../../components/io/embedded/server";
import { canListen } from "../../components/io/embedded/port";
import { instanceAt, type Instance } from "../../components/io/embedded/instance";
import { readPostmaster } from "../../components/io/embedded/postmaster";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { openSession, type Session } from "../../components/io/session";
import { eventually } from "./eventually";

/** A real PostgreSQL 17 of a test's own: own directory, own port, gone afterwards. */
export interface TestServer {
  readonly instance: Instance;
  readonly host: "127.0.0.1";
  readonly port: number;
  readonly superuser: "postgres";
  readonly password: string;
  /** Opens a session as the superuser, or as another login. */
  connect(database?: string, login?: { user: string; password: string }): Promise<Session>;
  /** Starts it again, on the same port. */
  start(): Promise<void>;
  /** Stops it and keeps the data. */
  halt(): Promise<void>;
  /** Ends it without a checkpoint, as a crash does: the next start recovers. */
  crash(): Promise<void>;
  /** Ends it and removes everything. */
  stop(): Promise<void>;
}

export async function startServer(): Promise<TestServer> {
  const directory = await temporaryDirectory();
  const instance = instanceAt(join(directory, "instance"));
  const password = generatePassword();
  const port = await freePort();
  const settings = { port, clusterName: "test" };
  try {
    await initServer(instance, {
      administrator: "postgres",
      verifier: scramVerifier(password),
      noSync: true,
    });
    await start(instance, settings);
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
  return {
    ...loginOf(instance, port, password),
    start: async () => {
      await start(instance, settings);
    },
    halt: () => stopServer(instance),
    crash: () => crash(instance),
    stop: async () => {
      await stopServer(instance);
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** The part of a test's server that is the same however it is run. */
export function loginOf(
  instance: Instance,
  port: number,
  password: string,
): Pick<TestServer, "connect" | "host" | "instance" | "password" | "port" | "superuser"> {
  return {
    instance,
    host: "127.0.0.1",
    port,
    superuser: "postgres",
    password,
    connect: (database = "postgres", login = { user: "postgres", password }) =>
      openSession({ host: "127.0.0.1", port, ...login }, { database }),
  };
}

/** Comes back when the process is gone: a start right after it must not take a dying server for one that runs. */
async function crash({ dataDirectory }: Instance): Promise<void> {
  const postmaster = await readPostmaster(dataDirectory);
  if (postmaster === undefined) return;
  process.kill(postmaster.pid, "SIGKILL");
  // A run that restarts it may have started the next one already.
  const isGone = async () =>
    (await readPostmaster(dataDirectory))?.pid === postmaster.pid ? undefined : true;
  await eventually("the server is gone", isGone);
}

/** A directory of its own that the server's account can pass; the caller removes it. */
export async function temporaryDirectory(): Promise<string> {
  const directory = await mkdtemp(join(tmpdir(), `pgstead-${randomBytes(3).toString("hex")}-`));
  await chmod(directory, 0o755);
  return directory;
}

/**
 * A port that nothing listens on now, below the range that the system gives to outgoing connections: those could take
 * it before the server does.
 */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = randomInt(15_000, 32_000);
    if (await canListen(port)) return port;
  }
}
