import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";

/** The log on a server's data volume. */
export interface WaitingLog {
  /** Files that wait to be sent. */
  readonly files: number;
  /** Since the oldest of them was finished; 0: none waits. */
  readonly seconds: number;
  /** Size of all of it. */
  readonly bytes: number;
}

/** Reads what of the log waits, from the files alone: the server need not run. */
export async function readWaitingLog(dataDirectory: string, now: number): Promise<WaitingLog> {
  const directory = join(dataDirectory, "pg_wal");
  const status = join(directory, "archive_status");
  const waiting = (await readdir(status)).filter((name) => name.endsWith(".ready"));
  const since = await Promise.all(waiting.map((name) => statOf(join(status, name))));
  const oldest = Math.min(now, ...since.flatMap((found) => found?.mtimeMs ?? []));
  const segments = (await readdir(directory)).filter((name) => /^[0-9A-F]{24}/.test(name));
  const sizes = await Promise.all(segments.map((name) => statOf(join(directory, name))));
  return {
    files: waiting.length,
    seconds: (now - oldest) / 1_000,
    bytes: sizes.reduce((sum, found) => sum + (found?.size ?? 0), 0),
  };
}

/** Undefined: it was sent, or reused, meanwhile. */
async function statOf(path: string): Promise<{ mtimeMs: number; size: number } | undefined> {
  return stat(path).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
}
