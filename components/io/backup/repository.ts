import { readdir, readFile, rename, rm } from "node:fs/promises";
import { join } from "node:path";
import { parseManifest, type BackupManifest } from "../../core/backup/manifest";
import {
  manifestFile,
  parseBackupName,
  partialEnding,
  removedEnding,
  type BackupName,
} from "../../core/backup/name";
import { problemError, ProblemError } from "../../core/problem";
import { syncDirectory } from "../replace-file";
import { sha256 } from "./files";
import { readState, type BackupCheck, type RepositoryState } from "./state";

/** A backup of a repository, as its manifest and the last look at it tell. */
export interface StoredBackup extends BackupName {
  readonly name: string;
  /** Absent: it cannot be read, and `fault` says why. */
  readonly manifest?: BackupManifest;
  readonly fault?: string;
  readonly check?: BackupCheck;
}

export interface Repository {
  /** The newest first. */
  readonly backups: readonly StoredBackup[];
  /** What killed runs left. */
  readonly leftovers: readonly string[];
  readonly state: RepositoryState;
}

/** Looks at a repository, without its lock; one that is not there yet is empty. */
export async function readRepository(directory: string): Promise<Repository> {
  const state = await readState(directory);
  const names = await readdir(directory).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  });
  const backups: StoredBackup[] = [];
  for (const name of names) {
    const parsed = parseBackupName(name);
    if (parsed === undefined) continue;
    const check = state.checks[name];
    const read = await readManifest(directory, name);
    backups.push({ ...parsed, name, ...read, ...(check === undefined ? {} : { check }) });
  }
  const leftovers = names.filter((name) =>
    [partialEnding, removedEnding].some(
      (ending) => name.endsWith(ending) && parseBackupName(name.slice(0, -ending.length)) !== undefined,
    ),
  );
  return { backups: backups.toSorted((a, b) => b.takenAt - a.takenAt), leftovers, state };
}

async function readManifest(
  directory: string,
  name: string,
): Promise<{ readonly manifest: BackupManifest } | { readonly fault: string }> {
  try {
    const text = await readFile(join(directory, name, manifestFile), "utf8");
    return { manifest: parseManifest(text, name, sha256) };
  } catch (error) {
    if (error instanceof ProblemError)
      return { fault: error.problems.map(({ message }) => message).join("; ") };
    return { fault: `its manifest cannot be read: ${(error as Error).message}` };
  }
}

/** What is known of a backup: one that cannot be read is bad, whatever a look at it found before. */
export function verifiedOf({ fault, check }: StoredBackup): "good" | "bad" | "never" {
  if (fault !== undefined) return "bad";
  if (check === undefined) return "never";
  return check.faults.length === 0 ? "good" : "bad";
}

/**
 * Refuses a repository that another stack uses, as one copied from a stack's file: the rules of the one would remove the
 * backups of the other.
 *
 * @throws ProblemError
 */
export async function assertOwnRepository(directory: string, stack: string): Promise<void> {
  const { backups } = await readRepository(directory);
  const other = backups.find(({ manifest }) => manifest !== undefined && manifest.stack !== stack);
  if (other?.manifest === undefined) return;
  throw problemError(
    `repository of backups ${directory}`,
    `holds backups of stack ${other.manifest.stack}, such as ${other.name}`,
    "set pgstead:backup.directory to one of this stack's own, or move those elsewhere",
  );
}

/** Removes what killed runs left. Under the repository's lock: nobody is writing it. */
export async function removeLeftovers(directory: string): Promise<readonly string[]> {
  const { leftovers } = await readRepository(directory);
  for (const name of leftovers) await removeWhole(join(directory, name));
  return leftovers;
}

/** Removes a backup: killed in between, what is left has another name, and is no backup any more. */
export async function removeBackup(directory: string, name: string): Promise<void> {
  const going = join(directory, `${name}${removedEnding}`);
  await rename(join(directory, name), going);
  await syncDirectory(directory);
  await removeWhole(going);
}

/** A program of a killed run may still write there for a moment. */
export async function removeWhole(path: string): Promise<void> {
  await rm(path, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}
