import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { check, lock } from "proper-lockfile";
import { problemError, ProblemError } from "../../core/problem";
import { isRunning } from "../running-process";

/** Who holds the lock of a repository. */
interface Holder {
  readonly what: string;
  readonly host: string;
  readonly pid: number;
  readonly since: string;
}

/** A holder that has not shown itself for this time is gone. */
const staleMs = 10_000;

/**
 * Works on a repository alone: whatever takes, verifies or removes backups takes this lock, on whatever machine or in
 * whatever container, as it is a file of the repository.
 *
 * @param what is done, for whoever comes second
 * @param use is given a signal that is aborted where the lock was lost, as after a suspended laptop
 * @throws ProblemError that names who holds it; where the repository cannot be written to
 */
export async function withRepository<Result>(
  directory: string,
  what: string,
  signal: AbortSignal,
  use: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  await prepare(directory);
  const lost = new AbortController();
  const release = await acquire(directory, () => {
    lost.abort(problemError(directory, "the lock of this repository was lost", "run this again"));
  });
  const holder: Holder = { what, host: hostname(), pid: process.pid, since: new Date().toISOString() };
  const file = join(directory, holderFile);
  try {
    await writeFile(file, JSON.stringify(holder), { mode: 0o600 }).catch((error: unknown) => {
      throw repositoryFailure(directory, error);
    });
    return await use(AbortSignal.any([signal, lost.signal]));
  } finally {
    await rm(file, { force: true }).catch(() => undefined);
    await release().catch(() => undefined); // it was lost: another one has it
  }
}

const lockName = ".lock";
const holderFile = ".lock-holder.json";

async function prepare(directory: string): Promise<void> {
  try {
    await mkdir(directory, { recursive: true, mode: 0o700 });
  } catch (error) {
    throw repositoryFailure(directory, error);
  }
}

/** One whose process is gone is waited for, until the lock shows it; one that is at work is named. */
async function acquire(directory: string, onLost: () => void): Promise<() => Promise<void>> {
  const deadline = Date.now() + staleMs + 5_000;
  for (;;) {
    try {
      return await lock(directory, {
        lockfilePath: join(directory, lockName),
        realpath: false,
        stale: staleMs,
        update: staleMs / 4,
        onCompromised: onLost,
      });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "ELOCKED") throw repositoryFailure(directory, error);
    }
    const holder = await readHolder(directory);
    if (Date.now() > deadline || (holder !== undefined && !isGone(holder))) throw taken(directory, holder);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

async function readHolder(directory: string): Promise<Holder | undefined> {
  try {
    return JSON.parse(await readFile(join(directory, holderFile), "utf8")) as Holder;
  } catch {
    return undefined; // it has just begun, or just ended
  }
}

/** Only processes of this machine can be asked for. */
function isGone({ host, pid }: Holder): boolean {
  return host === hostname() && !isRunning(pid);
}

/** Whether somebody works on a repository now. Changes nothing. */
export async function isAtWork(directory: string): Promise<boolean> {
  const holder = await readHolder(directory);
  if (holder !== undefined && isGone(holder)) return false;
  try {
    return await check(directory, {
      lockfilePath: join(directory, lockName),
      realpath: false,
      stale: staleMs,
    });
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}

/** Another run works on the repository. */
export class RepositoryBusyError extends ProblemError {}

function taken(directory: string, holder: Holder | undefined): Error {
  const who =
    holder === undefined
      ? "another run works on it"
      : `another run works on it: ${holder.what}, process ${holder.pid} on ${holder.host}, since ${holder.since}`;
  const problem = { path: "", message: who, hint: "wait for its end, then run this again" };
  return new RepositoryBusyError(directory, [problem]);
}

const hints: Readonly<Record<string, string>> = {
  ENOSPC: "make room on that volume, then run this again; no backup was removed",
  EDQUOT: "make room on that volume, then run this again; no backup was removed",
  EACCES: "give this account the directory, or name another one (pgstead:backup.directory)",
  EPERM: "give this account the directory, or name another one (pgstead:backup.directory)",
  EROFS: "name a directory that can be written to (pgstead:backup.directory)",
};

/** What the system says of a repository's files, with what to do; other errors stay as they are. */
export function repositoryFailure(directory: string, error: unknown): unknown {
  if (!(error instanceof Error)) return error;
  const { code = "", syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined || !/^E[A-Z]+$/.test(code)) return error;
  const hint = hints[code] ?? "look at that directory, then run this again";
  return problemError(`repository of backups ${directory}`, error.message, hint, { cause: error });
}
