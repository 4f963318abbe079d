import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, readFile, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { compareFiles } from "../../core/backup/content";
import type { BackupFile } from "../../core/backup/manifest";
import { parseBackupName, partialEnding, removedEnding } from "../../core/backup/name";
import { copyIndexFile } from "../../core/copies/copy-index";
import { whereIs, type DirectoryCopy } from "../../core/copies/plan";
import { problemError, ProblemError } from "../../core/problem";
import { listFiles, measureAll, settleFiles } from "../backup/files";
import { removeBackup, removeWhole } from "../backup/repository";
import { replaceFile, syncDirectory } from "../replace-file";
import type { CopyNames, Destination, StoredFile } from "./destination";
import { telling } from "./idle";

/** Copies in a directory, which has to be there: a mount that is missing is no place for backups. */
export async function openDirectory(plan: DirectoryCopy): Promise<Destination> {
  const { name, path } = plan;
  const where = whereIs(plan);
  const tell = (error: unknown): unknown => directoryFailure(name, where, error);
  const told = <Result>(work: Promise<Result>): Promise<Result> =>
    work.catch((error: unknown) => {
      throw tell(error);
    });
  await told(assertDirectory(path));
  const partialOf = (backup: string): string => join(path, `${backup}${partialEnding}`);
  return {
    name,
    where,
    list: () => told(listNames(path)),
    begin: (backup) =>
      told(removeWhole(partialOf(backup)).then(() => mkdir(partialOf(backup), { mode: 0o700 }))),
    write: (backup, file, content, signal) =>
      told(writeFile(join(partialOf(backup), file.path), content, signal)),
    confirm: (backup, files, signal) => told(confirm(partialOf(backup), files, signal)),
    finish: (backup, index) => told(finish(path, backup, index)),
    readIndex: (backup) => told(readFile(join(path, backup, copyIndexFile), "utf8")),
    files: async (backup) => (await told(allFiles(join(path, backup)))).filter(isContent),
    read: async (backup, file) => telling(await told(openFile(join(path, backup, file))), tell),
    remove: (backup) => told(removeCopy(path, backup)),
    readNote: (note) => told(readNote(join(path, note))),
    writeNote: (note, text) => told(writeNote(join(path, note), text)),
    close: () => undefined,
  };
}

const isContent = ({ path }: StoredFile): boolean => path !== copyIndexFile;

async function assertDirectory(path: string): Promise<void> {
  if (!(await stat(path)).isDirectory()) {
    throw Object.assign(new Error(`${path} is no directory`), { code: "ENOTDIR", syscall: "stat" });
  }
}

async function listNames(path: string): Promise<CopyNames> {
  const names = await readdir(path);
  const endings = [partialEnding, removedEnding];
  const whole: string[] = [];
  const halves = names.flatMap((name) => {
    const ending = endings.find((one) => name.endsWith(one));
    return ending === undefined ? [] : [name.slice(0, -ending.length)];
  });
  for (const name of names.filter((one) => parseBackupName(one) !== undefined)) {
    // A repository's own backup has no index: it is nobody's copy.
    const index = await stat(join(path, name, copyIndexFile)).catch(() => undefined);
    if (index !== undefined) whole.push(name);
  }
  return { whole, halves: [...new Set(halves)].filter((name) => parseBackupName(name) !== undefined) };
}

async function writeFile(file: string, content: Readable, signal: AbortSignal): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await pipeline(content, createWriteStream(file, { flags: "wx", mode: 0o600 }), { signal });
}

/** Flushes all of it and reads it back. */
async function confirm(
  partial: string,
  files: readonly BackupFile[],
  signal: AbortSignal,
): Promise<string[]> {
  await settleFiles(partial);
  return compareFiles(files, await measureAll(partial, signal));
}

async function finish(path: string, backup: string, index: string): Promise<void> {
  const partial = join(path, `${backup}${partialEnding}`);
  await replaceFile(join(partial, copyIndexFile), index, 0o600);
  await rename(partial, join(path, backup));
  await syncDirectory(path);
}

function allFiles(directory: string): Promise<StoredFile[]> {
  return listFiles(directory, "all");
}

function openFile(file: string): Promise<Readable> {
  return new Promise((resolve, reject) => {
    const stream = createReadStream(file, { highWaterMark: 1024 * 1024 });
    stream.once("error", reject).once("open", () => {
      stream.off("error", reject);
      resolve(stream);
    });
  });
}

async function removeCopy(path: string, backup: string): Promise<void> {
  await removeWhole(join(path, `${backup}${partialEnding}`));
  await removeWhole(join(path, `${backup}${removedEnding}`));
  const isThere = await stat(join(path, backup)).catch(() => undefined);
  if (isThere !== undefined) await removeBackup(path, backup);
}

async function readNote(file: string): Promise<string | undefined> {
  return readFile(file, "utf8").catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  });
}

/** Who writes it is often another account than who reads it. */
async function writeNote(file: string, text: string): Promise<void> {
  await mkdir(dirname(file), { recursive: true, mode: 0o755 });
  await replaceFile(file, text, 0o644);
}

const hints: Readonly<Record<string, string>> = {
  ENOSPC: "make room there; the backup itself is good, and the next run sends it: `backup send`",
  EDQUOT: "make room there; the backup itself is good, and the next run sends it: `backup send`",
  ENOENT: "is it mounted? It is not made here, as a mount that is missing would fill this machine's disk",
  ENOTDIR: "name a directory",
  EACCES: "give this account that directory",
  EPERM: "give this account that directory",
  EROFS: "mount it so that it can be written to",
};

/** What the system says of a copy's files, with what to do; other errors stay as they are. */
function directoryFailure(copy: string, where: string, error: unknown): unknown {
  if (!(error instanceof Error) || error instanceof ProblemError) return error;
  const { code = "", syscall } = error as NodeJS.ErrnoException;
  if (syscall === undefined) return error;
  const hint = hints[code] ?? "look at that directory, then run this again";
  return problemError(`copy ${copy} (${where})`, error.message, hint, { cause: error });
}
