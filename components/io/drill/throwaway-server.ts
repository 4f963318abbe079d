import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, open, readFile, rm, writeFile } from "node:fs/promises";
import { userInfo } from "node:os";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { setTimeout } from "node:timers/promises";
import type { ConnectionTarget } from "../../core/connection";
import { drillPort, drillServerSettings, missingLibrary } from "../../core/drill/server-settings";
import { problemError, ProblemError } from "../../core/problem";
import { namesOf } from "../../core/settings/catalog";
import { runProgram } from "../process";
import { scramVerifier } from "../scram";
import { ServerUnreachableError, withSession } from "../session";
import type { DrillPlace } from "./place";
import type { ServerPrograms } from "./programs";

/** A server that ends with the process that started it. */
export interface ThrowawayServer {
  /** Its superuser: by the socket, as the account of this process. */
  readonly administrator: ConnectionTarget;
  /** Another login that it lets in; nobody has made the role yet. */
  readonly reader: ConnectionTarget;
  /** Libraries that it was to load, and that are not there. */
  readonly missingLibraries: readonly string[];
}

export interface ServerOrder {
  readonly programs: ServerPrograms;
  readonly major: number;
  /** Name of its superuser. */
  readonly administrator: string;
  /** To be loaded when it starts; undefined: as its own files say. */
  readonly libraries?: readonly string[] | undefined;
  /** That libraries of jobs work in. */
  readonly database?: string | undefined;
  /** Who comes in; absent: the account of this process, and nobody else. */
  readonly access?: ThrowawayAccess | undefined;
  readonly signal: AbortSignal;
}

/** Logins with a password that is made for one run: for programs that run as another account, or in a container. */
export interface ThrowawayAccess {
  /** Of the administrator; the others get theirs once their roles are there. */
  readonly password: string;
  /** Beside the administrator. */
  readonly logins: readonly string[];
  /** Of loopback; absent: the socket alone. */
  readonly port?: number | undefined;
}

/** The server of a drill did not come up. */
export class StartError extends ProblemError {}

/** Makes an empty server in a place, with the one superuser. */
export async function initThrowaway(
  { directory, dataDirectory, account }: DrillPlace,
  {
    programs,
    administrator,
    access,
    signal,
  }: Pick<ServerOrder, "programs" | "administrator" | "access" | "signal">,
): Promise<void> {
  assertName(administrator);
  const passwordFile = join(directory, "verifier");
  if (access !== undefined) await writeOwn(passwordFile, `${scramVerifier(access.password)}\n`, account);
  const args = ["--encoding=UTF8", "--no-locale", "--auth=peer", "--no-sync", `--username=${administrator}`];
  if (access !== undefined) args.push(`--pwfile=${passwordFile}`);
  const program = join(programs.directory, "initdb");
  const { exitCode, stderr } = await runProgram(program, [`--pgdata=${dataDirectory}`, ...args], {
    account,
    signal,
    timeoutMs: 300_000,
  });
  await rm(passwordFile, { force: true });
  if (exitCode === 0) return;
  const hint = "mend what it says, then run this again";
  throw problemError(program, `ended with ${exitCode}: ${stderr.trim() || "it said nothing"}`, hint);
}

/** What initdb and pg_ident.conf write between quotes without doubling those in it. */
function assertName(administrator: string): void {
  if (!/["\\\p{Cc}]/u.test(administrator)) return;
  const message = `has a quote, a backslash or a control character in its name: ${JSON.stringify(administrator)}`;
  throw problemError("superuser of the backup's server", message, "no drill can be done of such a server");
}

/**
 * Starts a server on the data of a place, uses it and ends it, whatever happens, this process being killed included. It
 * listens on its socket alone. A library that is not there is left out, and told.
 */
export async function withThrowawayServer<Result>(
  place: DrillPlace,
  order: ServerOrder,
  use: (server: ThrowawayServer) => Promise<Result>,
): Promise<Result> {
  assertShort(place.socketDirectory);
  const access = await writeAccess(place, order);
  const { port, password = "" } = order.access ?? {};
  const target = { host: place.socketDirectory, port: port ?? drillPort, password };
  const administrator = { ...target, user: order.administrator };
  const missingLibraries: string[] = [];
  let { libraries } = order;
  for (;;) {
    const { hbaFile, identFile } = access;
    const { socketDirectory } = place;
    const files = { socketDirectory, hbaFile, identFile };
    const plan = { major: order.major, database: order.database, libraries, port, ...files };
    const running = await launch(place, order.programs, drillServerSettings(plan));
    try {
      const said = await untilReady(running, administrator, order.signal);
      if (said === undefined) {
        return await use({ administrator, reader: { ...target, user: access.reader }, missingLibraries });
      }
      const missing = missingLibrary(said);
      if (missing === undefined || missingLibraries.includes(missing)) throw startFailure(said);
      missingLibraries.push(missing);
      const wanted = libraries ?? (await readLibraries(place, order.programs));
      libraries = wanted.filter((library) => library.replace(/^.*\//, "") !== missing);
    } finally {
      await running.stop();
    }
  }
}

interface RunningServer {
  /** Undefined while it runs. */
  readonly hasEnded: () => boolean;
  /** The end of what it said. */
  readonly said: () => Promise<string>;
  readonly stop: () => Promise<void>;
}

/**
 * Runs until it is told to end. Where the pipe ends without a word, the process that has its other end has been killed:
 * then its place goes as well.
 */
const program = `directory=$1
shift
{
  if read -r word <&3; then
    kill -QUIT $$
  else
    kill -QUIT $$
    while kill -0 $$ 2>/dev/null; do sleep 1; done
    rm -rf "$directory"
  fi
} >/dev/null 2>&1 &
exec "$@" 3<&-`;

async function launch(
  { directory, dataDirectory, account }: DrillPlace,
  programs: ServerPrograms,
  settings: Readonly<Record<string, string>>,
): Promise<RunningServer> {
  const logFile = join(directory, "server.log");
  const log = await open(logFile, "w", 0o600);
  const options = Object.entries(settings).flatMap(([name, value]) => ["-c", `${name}=${value}`]);
  const command = [join(programs.directory, "postgres"), "-D", dataDirectory, ...options];
  const child = spawn("/bin/sh", ["-c", program, "pgstead-drill", directory, ...command], {
    // Node itself ends the standard input of a program that has ended.
    stdio: ["ignore", log.fd, log.fd, "pipe"],
    cwd: "/",
    // What a terminal sends to its group is for this process, which ends the server in order.
    detached: true,
    env: { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
    ...(account === undefined ? {} : { uid: account.uid, gid: account.gid }),
  });
  let isOver = false;
  const ended = new Promise<void>((resolve) => {
    const end = (): void => {
      isOver = true;
      resolve();
    };
    child.once("exit", end).once("error", end);
  });
  const pipe = child.stdio[3] as Writable | null;
  pipe?.on("error", () => undefined); // it has ended by itself
  await log.close();
  return {
    hasEnded: () => isOver,
    said: async () => (await readFile(logFile, "utf8").catch(() => "")).slice(-4_000),
    async stop() {
      pipe?.end("end\n");
      await ended;
    },
  };
}

/** @returns what it said before it ended by itself; undefined: it takes sessions */
async function untilReady(
  running: RunningServer,
  administrator: ConnectionTarget,
  signal: AbortSignal,
): Promise<string | undefined> {
  for (;;) {
    signal.throwIfAborted();
    if (running.hasEnded()) return running.said();
    try {
      const options = { applicationName: "pgstead drill" };
      await withSession(administrator, options, (session) => session.query("SELECT 1"));
      return undefined;
    } catch (error) {
      if (!(error instanceof ServerUnreachableError)) throw error;
    }
    await setTimeout(100);
  }
}

function startFailure(said: string): Error {
  const lines = said.split("\n").filter((line) => /FATAL|PANIC|ERROR|HINT|DETAIL|postgres:/.test(line));
  const text = (lines.length > 0 ? lines : said.split("\n")).slice(-4).join("; ").trim();
  const message = `does not start: ${text === "" ? "it said nothing" : text}`;
  return new StartError("the server of the drill", [
    { path: "", message, hint: "see what it says; is there memory and room for it?" },
  ]);
}

/** Who comes in is the account of this process and nobody else, or who has the password of this run. */
async function writeAccess(
  { directory, account }: DrillPlace,
  { administrator, access }: Pick<ServerOrder, "administrator" | "access">,
): Promise<{ readonly hbaFile: string; readonly identFile: string; readonly reader: string }> {
  assertName(administrator);
  const reader = `pgstead_drill_${randomBytes(4).toString("hex")}`;
  const files = { hbaFile: join(directory, "pg_hba.conf"), identFile: join(directory, "pg_ident.conf") };
  const own = userInfo().username;
  const texts = [
    [files.hbaFile, access === undefined ? "local all all peer map=drill\n" : rulesOf(administrator, access)],
    [files.identFile, [administrator, reader].map((role) => `drill "${own}" "${role}"\n`).join("")],
  ] as const;
  for (const [path, text] of texts) await writeOwn(path, text, account);
  return { ...files, reader };
}

/** A role of the backup that is none of these is not let in, whatever its password. */
function rulesOf(administrator: string, { logins, port }: ThrowawayAccess): string {
  const ways = port === undefined ? ["local all"] : ["local all", "host all"];
  const lines = [administrator, ...logins].flatMap((login) => {
    assertName(login);
    return ways.map((way) => `${way} "${login}"${way === "host all" ? " 127.0.0.1/32" : ""} scram-sha-256\n`);
  });
  return lines.join("");
}

async function writeOwn(path: string, text: string, account: DrillPlace["account"]): Promise<void> {
  await writeFile(path, text, { mode: 0o600 });
  if (account !== undefined) await chown(path, account.uid, account.gid);
}

/** What the files of the server itself have it load. */
async function readLibraries(
  { dataDirectory, account }: DrillPlace,
  { directory }: ServerPrograms,
): Promise<readonly string[]> {
  const args = ["-C", "shared_preload_libraries", "-D", dataDirectory];
  const { stdout } = await runProgram(join(directory, "postgres"), args, { account });
  return namesOf(stdout.trim());
}

/** Longest path of a directory whose sockets every system takes. */
const longestDirectory = 85;

function assertShort(socketDirectory: string): void {
  if (Buffer.byteLength(socketDirectory) <= longestDirectory) return;
  throw problemError(
    socketDirectory,
    `is too long a path for the socket of a server: ${longestDirectory} bytes are possible`,
    "set PGSTEAD_DATA to a shorter directory",
  );
}
