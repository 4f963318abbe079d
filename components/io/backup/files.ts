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
  const isOther = ({ path, bytes }: Place): boolean =>
    unlessBytes !== undefined && unlessBytes.get(path) !== bytes;
  return measurePlaces(directory, await listFiles(directory), signal, isOther);
}

/** Every file below a directory, with what it holds now. */
export async function measureAll(directory: string, signal: AbortSignal): Promise<BackupFile[]> {
  return measurePlaces(directory, await listFiles(directory, "all"), signal, () => false);
}

async function measurePlaces(
  directory: string,
  places: readonly Place[],
  signal: AbortSignal,
  isOther: (place: Place) => boolean,
): Promise<BackupFile[]> {
  const measured: BackupFile[] = [];
  for (const place of places) {
    const sum = isOther(place) ? "" : await hashFile(join(directory, place.path), signal);
    measured.push({ ...place, sha256: sum });
  }
  return measured;
}

async function hashFile(path: string, signal: AbortSignal): Promise<string> {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash, { signal });
  return hash.digest("hex");
}

/**
 * Sorted; a link is told as what it is, an additional file.
 *
 * @param which `content`: all but the manifest
 */
export async function listFiles(directory: string, which: "content" | "all" = "content"): Promise<Place[]> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const places: Place[] = [];
  for (const entry of entries.filter((one) => !one.isDirectory())) {
    const file = join(entry.parentPath, entry.name);
    const path = relative(directory, file).split(sep).join("/");
    if (which === "all" || path !== manifestFile) places.push({ path, bytes: (await lstat(file)).size });
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
