import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzip, gzip } from "node:zlib";
import type { SchemaSnapshot } from "../../core/schema/snapshot";
import { pgsteadVersion } from "../../core/version";
import { replaceFile } from "../replace-file";
import { cacheHome } from "../user-directories";
import { schemaQueries } from "./read";

/** Snapshots that are kept; the oldest go. */
const kept = 20;

/**
 * Gives a snapshot that was made from the very same things before, or makes it and keeps it.
 *
 * @param from everything that makes it; how it is read counts by itself
 */
export async function cachedSchema(
  from: { readonly version: number; readonly [name: string]: unknown },
  make: () => Promise<SchemaSnapshot>,
  home = join(cacheHome(process.env), "schemas"),
): Promise<{ readonly snapshot: SchemaSnapshot; readonly cached: boolean }> {
  const all = JSON.stringify([pgsteadVersion, schemaQueries(from.version), from]);
  const file = join(home, `${createHash("sha256").update(all).digest("hex")}.json.gz`);
  const known = await read(file);
  if (known !== undefined) return { snapshot: known, cached: true };
  const snapshot = await make();
  // A cache that cannot be written costs time and nothing else.
  await write(home, file, snapshot).catch(() => undefined);
  return { snapshot, cached: false };
}

async function read(file: string): Promise<SchemaSnapshot | undefined> {
  try {
    const text = await promisify(gunzip)(await readFile(file));
    return JSON.parse(text.toString("utf8")) as SchemaSnapshot;
  } catch {
    return undefined; // not there, or cut short
  }
}

async function write(home: string, file: string, snapshot: SchemaSnapshot): Promise<void> {
  await mkdir(home, { recursive: true, mode: 0o700 });
  const packed = await promisify(gzip)(JSON.stringify(snapshot), { level: 1 });
  await replaceFile(file, packed, 0o600);
  const names = (await readdir(home)).filter((name) => name.endsWith(".json.gz"));
  const files = await Promise.all(
    names.map(async (name) => ({ name, time: (await stat(join(home, name))).mtimeMs })),
  );
  const old = files.toSorted((a, b) => b.time - a.time).slice(kept);
  await Promise.all(old.map(({ name }) => rm(join(home, name), { force: true })));
}
