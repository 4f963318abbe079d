import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { chmod, lstat, open, readdir } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { pipeline } from "node:stream/promises";
import type { BackupFile, Sha256 } from "../../core/backup/manifest";
import { manifestFile } from "../../core/backup/name";
import { syncDirectory } from "../replace-file";

/** SHA-256 of a text. */
export const sha256: Sha256 = (text) => createHash("sha256").update(text).digest("hex");

/** A file of a backup before anything is known of its content. */
interface Place {
  readonly path: string;
  readonly bytes: number;
}

/**
 * Every file of a backup but its manifest, with what it holds now.
 *
 * @param unlessBytes files of another size are not read: they differ already
 */
export async function measureFiles(
  directory: string,
  signal: AbortSignal,
  unlessBytes?: ReadonlyMap<string, number>,
): Promise<BackupFile[]> {
  const measured: BackupFile[] = [];
  for (const { path, bytes } of await listFiles(directory)) {
    const isOther = unlessBytes !== undefined && unlessBytes.get(path) !== bytes;
    measured.push({ path, bytes, sha256: isOther ? "" : await hashFile(join(directory, path), signal) });
  }
  return measured;
}

async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash, { signal });
  return hash.digest("hex");
}

/** Sorted; a link is told as what it is, an additional file. */
export async function listFiles(directory: string): Promise<Place[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const places: Place[] = [];
  for (const entry of entries.filter((one) => !one.isDirectory())) {
    const file = join(entry.parentPath, entry.name);
    const path = relative(directory, file).split(sep).join("/");
    if (path !== manifestFile) places.push({ path, bytes: (await lstat(file)).size });
  }
  return places.toSorted((a, b) => (a.path < b.path ? -1 : 1));
}

/** Has all that was written reach the disk, for this account alone; the names last. */
export async function settleFiles(directory: string): Promise<void> {
  for (const entry of await readdir(directory, { withFileTypes: true })) {
    const path = join(directory, entry.name);
    if (entry.isDirectory()) await settleFiles(path);
    else await syncFile(path);
  }
  await chmod(directory, 0o700);
  await syncDirectory(directory);
}

async function syncFile(path: string): Promise<void> {
  const file = await open(path, "r+");
  try {
    await file.chmod(0o600);
    await file.sync();
  } finally {
    await file.close();
  }
}
