import { readFile, readlink, realpath, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { runProgram } from "../process";

/** A server process that runs on a data directory. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
}

/** The server that runs on a data directory, if one does; a lock file that was left behind is not one. */
export async function readPostmaster(dataDirectory: string): Promise<Postmaster | undefined> {
  const lines = (await lockFile(dataDirectory))?.split("\n");
  // Lines of postmaster.pid: pid, data directory, start time, port, … (src/include/utils/pidfile.h).
  const [pid, port] = [Number(lines?.[0]), Number(lines?.[3])];
  if (!Number.isInteger(pid) || pid <= 0 || !(await isServerOf(pid, dataDirectory))) return undefined;
  return { pid, port };
}

/**
 * Removes a `postmaster.pid` whose process is gone or is another program by now. PostgreSQL does that by itself unless
 * the number was given to another process of the same account: then it refuses to start.
 */
export async function removeStaleLock(dataDirectory: string): Promise<boolean> {
  const present = existsSync(join(dataDirectory, "postmaster.pid"));
  if (!present || (await readPostmaster(dataDirectory)) !== undefined) return false;
  await rm(join(dataDirectory, "postmaster.pid"), { force: true });
  return true;
}

async function lockFile(dataDirectory: string): Promise<string | undefined> {
  try {
    return await readFile(join(dataDirectory, "postmaster.pid"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

/** PostgreSQL works in its data directory, so the working directory tells a server from a number used again. */
async function isServerOf(pid: number, dataDirectory: string): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return false;
  }
  if (process.platform !== "linux") return (await commandLine(pid)).includes("postgres");
  try {
    const stat = await readFile(`/proc/${pid}/stat`, "utf8");
    // A process that was killed but not yet collected by its parent keeps its number (state Z).
    if (/\) [ZX] /.test(stat)) return false;
    return (await readlink(`/proc/${pid}/cwd`)) === (await realpath(dataDirectory));
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ESRCH") return false;
    if (code === "EACCES" || code === "EPERM") return false; // another account's: not our server
    throw error;
  }
}

async function commandLine(pid: number): Promise<string> {
  return (await runProgram("ps", ["-p", String(pid), "-o", "command="])).stdout;
}
