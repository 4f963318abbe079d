import { createReadStream, createWriteStream } from "node:fs";
import { lstat, open, readdir, readFile, rename, rm, stat, statfs, utimes } from "node:fs/promises";
import { basename, join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { draftEnding, type LogFile, type LogVolume } from "../core/ops/log-files";
import { syncDirectory } from "./replace-file";

/**
 * Room on the volume of a path, in bytes, for an unprivileged account, as `df` has it: what is kept for the administrator
 * of the machine is neither free nor in use.
 */
export interface VolumeRoom {
  readonly volumeSize: number;
  readonly volumeFree: number;
}

export async function readVolumeRoom(path: string): Promise<VolumeRoom> {
  const { bsize, blocks, bfree, bavail } = await statfs(path);
  return { volumeSize: bsize * (blocks - bfree + bavail), volumeFree: bsize * bavail };
}

/** All that is decided from: the files, which of them are being written, and the room. */
export async function readLogVolume(
  logDirectory: string,
  dataDirectory: string,
  now: number,
): Promise<LogVolume> {
  return {
    files: await listLogFiles(logDirectory),
    written: await readCurrentNames(dataDirectory),
    ...(await readVolumeRoom(logDirectory)),
    now,
  };
}

/** The files of a directory, without links and what is below it. */
export async function listLogFiles(directory: string): Promise<LogFile[]> {
  const files: LogFile[] = [];
  for (const name of await readdir(directory)) {
    const found = await lstat(join(directory, name)).catch(unlessGone);
    if (found?.isFile() === true) files.push({ name, size: found.size, modifiedAt: found.mtimeMs });
  }
  return files;
}

/**
 * The files that PostgreSQL writes to now, as it keeps them in its data directory: asking a session every ten seconds
 * would fill the log with logins. A server that is down may have none.
 */
async function readCurrentNames(dataDirectory: string): Promise<string[]> {
  const text = await readFile(join(dataDirectory, "current_logfiles"), "utf8").catch(unlessGone);
  return (text ?? "")
    .split("\n")
    .flatMap((line) => /^\S+ (?<path>.+)$/.exec(line)?.groups?.path ?? [])
    .map((path) => basename(path));
}

/** What compression saved. */
export interface Compression {
  readonly before: number;
  readonly after: number;
}

/**
 * Compresses a file: into a draft, which takes its place only once it is complete and on disk. The original goes last,
 * so that a crash leaves one of them whole; compressing it once more is harmless.
 *
 * @param signal ends it; the original stays
 * @returns undefined where the file was written to meanwhile, and so is not finished: it stays as it is
 */
export async function compressLog(path: string, signal: AbortSignal): Promise<Compression | undefined> {
  const draft = `${path}${draftEnding}`;
  const before = await stat(path);
  try {
    await compressInto(path, draft, before.mode, signal);
    const after = await stat(path);
    if (after.size !== before.size || after.mtimeMs !== before.mtimeMs) return undefined;
    // Its age is that of its last line.
    await utimes(draft, before.atime, before.mtime);
    const { size } = await stat(draft);
    await rename(draft, `${path}.gz`);
    await syncDirectory(join(path, ".."));
    await rm(path);
    return { before: before.size, after: size };
  } finally {
    await rm(draft, { force: true });
  }
}

async function compressInto(path: string, draft: string, mode: number, signal: AbortSignal): Promise<void> {
  const target = createWriteStream(draft, { mode: mode & 0o777 });
  await pipeline(createReadStream(path), createGzip(), target, { signal });
  const file = await open(draft, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** A file may go between the list and the look at it. */
function unlessGone(error: unknown): undefined {
  if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
  throw error;
}
