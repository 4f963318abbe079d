import { createHash } from "node:crypto";
import { readdir, readFile } from "node:fs/promises";
import { basename, join } from "node:path";
import type { MigrationFile } from "../core/migrations/migration";
import type { MigrationDirectory } from "../core/migrations/migration-set";
import { normalizeText } from "../core/migrations/source-text";
import { problemError } from "../core/problem";

/** Where migrations are, and how people are told. */
export interface MigrationPlace {
  readonly directory: string;
  /** As it was given, or as seen from where the reader is: `sql/migrations`. */
  readonly shown: string;
}

/**
 * Reads a directory of migrations.
 *
 * @param shown the directory as people are told
 * @throws ProblemError it is not there, or a file in it is no text
 */
export async function readMigrationDirectory(directory: string, shown: string): Promise<MigrationDirectory> {
  const entries = await readdir(directory, { withFileTypes: true }).catch((error: unknown) => {
    const hint =
      'make the first one with `npm run ops -- migrate create "…"`, or name the directory: pgstead:migrations: { directory: … }, or --dir';
    throw problemError(shown, `cannot be read: ${(error as Error).message}`, hint, { cause: error });
  });
  const isFile = (entry: (typeof entries)[number]): boolean => entry.isFile() && entry.name.endsWith(".sql");
  const names = entries.filter(isFile).map(({ name }) => name);
  return {
    path: shown,
    files: await Promise.all(
      names.toSorted().map((name) => readFileOf(join(directory, name), `${shown}/${name}`)),
    ),
    others: entries.filter((entry) => !isFile(entry)).map(({ name }) => name),
  };
}

/** SHA-256 of a migration's text as it counts, in hexadecimal. */
export function checksumOf(normalized: string): string {
  return createHash("sha256").update(normalized, "utf8").digest("hex");
}

async function readFileOf(file: string, path: string): Promise<MigrationFile> {
  const bytes = await readFile(file);
  const text = normalizeText(decode(bytes, path));
  return { name: basename(file), path, text, checksum: checksumOf(text) };
}

function decode(bytes: Uint8Array, path: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    const hint = "save it as UTF-8: PostgreSQL would read other letters than its author wrote";
    throw problemError(path, "is not UTF-8", hint, { cause: error });
  }
}
