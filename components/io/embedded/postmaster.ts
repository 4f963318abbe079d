import { readFile, rm } from "node:fs/promises";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { problemError } from "../../core/problem";
import { findServerOf, isServerOf } from "./server-process";

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

/** Refuses to go on while a server runs on a data directory, whatever its lock file says. */
export async function assertNothingRuns(dataDirectory: string): Promise<void> {
  const pid = (await readPostmaster(dataDirectory))?.pid ?? (await findServerOf(dataDirectory));
  if (pid === undefined) return;
  throw problemError(
    dataDirectory,
    `a server runs on it: process ${pid}`,
    "stop that server (`pg_ctl stop`, or end the process with SIGINT), then run this again: its data stays until then.",
  );
}

async function lockFile(dataDirectory: string): Promise<string | undefined> {
  try {
    return await readFile(join(dataDirectory, "postmaster.pid"), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
