import { readdir, readFile, stat } from "node:fs/promises";
import { basename, isAbsolute } from "node:path";
import { runProgram } from "../process";
import { isRunning } from "../running-process";

type Verdict = "server" | "other" | "unknown";

/** Whether a process is the server of a data directory. In doubt it is: what is taken for stopped may be removed. */
export async function isServerOf(pid: number, dataDirectory: string): Promise<boolean> {
  if (!isRunning(pid)) return false;
  if (process.platform !== "linux") return (await psLine(pid)).includes("postgres");
  if (await isCollected(pid)) return false;
  const verdict = await judge(pid, dataDirectory);
  // What is not found may have ended while it was looked at, or be hidden (/proc mounted with hidepid).
  return verdict === "server" || (verdict === "unknown" && isRunning(pid) && !(await isCollected(pid)));
}

/** Looks for the server of a data directory among all processes: its lock file may be lost. Elsewhere than on Linux: none. */
export async function findServerOf(dataDirectory: string): Promise<number | undefined> {
  if (process.platform !== "linux") return undefined;
  for (const name of (await readdir("/proc")).filter((name) => /^\d+$/.test(name))) {
    const pid = Number(name);
    if (!isPostgres(await commandLine(pid)) || (await isCollected(pid))) continue;
    // Servers of ours have their directory on the command line: one of which nothing can be told is none of them.
    if ((await judge(pid, dataDirectory)) === "server") return pid;
  }
  return undefined;
}

/** A process that was killed but not yet collected by its parent keeps its number (state Z). */
async function isCollected(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, "utf8").catch(() => ""); // ended, or hidden
  return /\) [ZX] /.test(text);
}

/** PostgreSQL works in its data directory, so the working directory tells a server from a number used again. */
async function judge(pid: number, dataDirectory: string): Promise<Verdict> {
  try {
    return (await isSame(`/proc/${pid}/cwd`, dataDirectory)) ? "server" : "other";
  } catch {
    // Another account's is closed to everybody without CAP_SYS_PTRACE: to root in a container as well.
    return judgeByCommandLine(await commandLine(pid), dataDirectory);
  }
}

/** `…/postgres -D <directory>`: for everybody to read. */
async function judgeByCommandLine(args: readonly string[], dataDirectory: string): Promise<Verdict> {
  if (args.length === 0) return "unknown";
  if (!isPostgres(args)) return "other";
  const flag = args.findIndex((arg) => arg.startsWith("-D"));
  const directory = args[flag] === "-D" ? args[flag + 1] : args[flag]?.slice(2);
  if (directory === undefined || !isAbsolute(directory)) return "unknown";
  // A directory that is not there was moved while its server ran: this one may be it.
  return isSame(directory, dataDirectory).then(
    (same) => (same ? "server" : "other"),
    () => "unknown",
  );
}

/** The main process: the others have titles such as `postgres: checkpointer`. An emulator may stand before it. */
function isPostgres(args: readonly string[]): boolean {
  return args.some((arg) => ["postgres", "postmaster"].includes(basename(arg)));
}

/** By device and number, as a directory has several paths: links, bind mounts. */
async function isSame(one: string, other: string): Promise<boolean> {
  const [a, b] = await Promise.all([stat(one, { bigint: true }), stat(other, { bigint: true })]);
  return a.dev === b.dev && a.ino === b.ino;
}

async function commandLine(pid: number): Promise<string[]> {
  const text = await readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => ""); // ended, or hidden
  return text === "" ? [] : text.replace(/\0$/, "").split("\0");
}

async function psLine(pid: number): Promise<string> {
  return (await runProgram("ps", ["-p", String(pid), "-o", "command="])).stdout;
}
