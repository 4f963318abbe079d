import { spawn, type ChildProcess } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { isAbsolute, join } from "node:path";
import type { Readable, Writable } from "node:stream";
import { text } from "node:stream/consumers";
import { judgeOutput } from "../../core/backup/tool-output";
import { isPem, resolveTls, type ConnectionTarget } from "../../core/connection";
import { ProblemError } from "../../core/problem";
import { projectRoot } from "../places";
import { listenThrough } from "../ssh/local-port";
import type { ClientProgram, ClientTools } from "./client-tools";

/** What every run of a program is given. */
export interface ToolSurroundings {
  readonly tools: ClientTools;
  /** Libpq's environment; empty for what needs no server. */
  readonly environment: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  /** What to do where the program fails; absent: that of a backup. */
  readonly otherwise?: string;
  /** Writes what the program reads, and ends it; absent: it reads nothing. */
  readonly feed?: (stdin: Writable) => Promise<void>;
}

/** What a program gave, and what it warned of. */
export interface ToolResult<Value> {
  readonly value: Value;
  readonly warnings: readonly string[];
}

/** After this time a program that was asked to end is ended. */
const patienceMs = 5_000;

/** Runs a program and gives what it printed. @throws ProblemError as {@link streamTool} */
export function runTool(
  surroundings: ToolSurroundings,
  program: ClientProgram,
  args: readonly string[],
): Promise<ToolResult<string>> {
  return streamTool(surroundings, program, args, (stdout) => text(stdout));
}

/**
 * Runs a program whose output is used as it comes.
 *
 * @throws ProblemError where its exit code or anything that it said tells that it did not do all of its work, in its own
 * words; whatever reading its output throws; the signal's reason
 */
export async function streamTool<Value>(
  { tools, environment, signal, feed, otherwise }: ToolSurroundings,
  program: ClientProgram,
  args: readonly string[],
  use: (stdout: Readable) => Promise<Value>,
): Promise<ToolResult<Value>> {
  signal.throwIfAborted();
  const child = spawn(join(tools.directory, program), args, {
    stdio: ["pipe", "pipe", "pipe"],
    cwd: "/",
    env: { PATH: `${tools.directory}:/usr/bin:/bin`, LC_ALL: "C", TZ: "UTC", ...environment },
  });
  let stderr = "";
  child.stderr.setEncoding("utf8").on("data", (said: string) => (stderr += said));
  const ended = new Promise<number>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      resolve(code ?? -1);
    });
  });
  const end = (): void => {
    endChild(child, ended);
  };
  signal.addEventListener("abort", end, { once: true });
  try {
    const orEnd = (error: unknown): never => {
      end(); // nobody reads on, or what it reads is not whole: it would wait for ever, or take the half for all
      throw error;
    };
    const used = use(child.stdout).catch(orEnd);
    const fed = feedTo(child.stdin, feed).catch(orEnd);
    const [exitCode, value, feeding] = await Promise.allSettled([ended, used, fed]);
    signal.throwIfAborted();
    if (exitCode.status === "rejected") throw exitCode.reason;
    // What could not be written or read is the cause, and that the program was ended its consequence.
    if (value.status === "rejected") throw value.reason;
    if (feeding.status === "rejected" && !isClosedPipe(feeding.reason)) throw feeding.reason;
    const { warnings, errors } = judgeOutput(stderr);
    if (exitCode.value !== 0 || errors.length > 0)
      throw toolFailure(program, { exitCode: exitCode.value, errors, warnings, otherwise });
    if (feeding.status === "rejected") throw feeding.reason; // a success that did not read all is none
    return { value: value.value, warnings };
  } finally {
    signal.removeEventListener("abort", end);
  }
}

/** Asks a program to end, and ends it where it does not. */
function endChild(child: ChildProcess, ended: Promise<unknown>): void {
  child.kill("SIGTERM");
  const timer = setTimeout(() => child.kill("SIGKILL"), patienceMs);
  void ended
    .catch(() => undefined)
    .finally(() => {
      clearTimeout(timer);
    });
}

async function feedTo(stdin: Writable, feed: ToolSurroundings["feed"]): Promise<void> {
  if (feed === undefined) stdin.end();
  else await feed(stdin.on("error", () => undefined)); // told by what writes to it
}

/** It ended before it had read all: what it said tells why. */
function isClosedPipe(error: unknown): boolean {
  const { code = "" } = error as NodeJS.ErrnoException;
  return ["EPIPE", "ECONNRESET", "ERR_STREAM_PREMATURE_CLOSE", "ERR_STREAM_DESTROYED"].includes(code);
}

/** Somebody who waits to change a table is in the way: it gets through once the snapshot is given up. */
export class LockConflictError extends ProblemError {}

function toolFailure(
  program: string,
  {
    exitCode,
    errors,
    warnings,
    otherwise = "mend what it says, then run this again; no backup before this one was touched",
  }: {
    readonly exitCode: number;
    readonly errors: readonly string[];
    readonly warnings: readonly string[];
    readonly otherwise: string | undefined;
  },
): Error {
  const said = (errors.length > 0 ? errors : warnings).join("; ") || "it said nothing";
  const problem = { path: "", message: `ended with ${exitCode}: ${said}`, hint: hintFor(said) ?? otherwise };
  return new (isConflict(said) ? LockConflictError : ProblemError)(program, [problem]);
}

function isConflict(said: string): boolean {
  return said.includes("could not obtain lock on relation") || /statement timeout.*LOCK TABLE/.test(said);
}

function hintFor(said: string): string | undefined {
  if (said.includes("No space left on device"))
    return "make room on the volume of the backups, then run this again";
  if (said.includes("row-level security"))
    return "give the role BYPASSRLS (profile backup), then run this again";
  if (said.includes("could not obtain lock"))
    return "somebody changes the schema just now: run this again after it";
  if (said.includes("password authentication failed")) return "does the stack's state belong to this server?";
  return undefined;
}

/**
 * Libpq's environment for a connection, while it is used. The password is in it and never among the arguments, which
 * everybody on the machine can see; nothing of it is left where this process is killed.
 */
export async function withEnvironment<Result>(
  target: ConnectionTarget,
  database: string,
  { major }: ClientTools,
  use: (environment: Readonly<Record<string, string>>) => Promise<Result>,
): Promise<Result> {
  const { mode, ca } = resolveTls(target);
  const directory = ca !== undefined && isPem(ca) ? await mkdtemp(join(tmpdir(), "pgstead-ca-")) : undefined;
  const local = target.ssh === undefined ? undefined : await listenThrough(target);
  try {
    return await use({
      PGHOST: target.host,
      PGPORT: String(local?.port ?? target.port),
      // The name stays the server's, for its certificate; the address is the way's end on this machine.
      ...(local === undefined ? {} : { PGHOSTADDR: "127.0.0.1" }),
      PGUSER: target.user,
      PGDATABASE: database,
      PGAPPNAME: "pgstead backup",
      PGCONNECT_TIMEOUT: "10",
      PGOPTIONS: "-c role=none",
      PGSSLMODE: mode,
      ...(mode === "disable" || mode === "require"
        ? {}
        : { PGSSLROOTCERT: await authorityFile(ca, directory) }),
      ...(target.password === "" ? {} : { PGPASSWORD: target.password }),
      // Before 16 libpq does not know the word: our own session, which comes first, refuses such a server there.
      ...(target.password === "" || major < 16 ? {} : { PGREQUIREAUTH: "scram-sha-256" }),
    });
  } finally {
    await local?.close();
    if (directory !== undefined) await rm(directory, { recursive: true, force: true });
  }
}

async function authorityFile(ca: string | undefined, directory: string | undefined): Promise<string> {
  if (ca === undefined) return "system";
  if (directory === undefined) return isAbsolute(ca) ? ca : join(projectRoot(), ca);
  const file = join(directory, "ca.crt");
  await writeFile(file, ca);
  return file;
}
