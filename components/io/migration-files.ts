import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import type { MigrationFile } from "../core/migrations/migration";
import type { MigrationDirectory } from "../core/migrations/migration-set";
import {
  repeatableDirectories,
  type RepeatableDirectory,
  type RepeatableFiles,
} from "../core/repeatables/repeatable";
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
    const { code, message } = error as NodeJS.ErrnoException;
    const why = code === "ENOENT" ? "is not there" : `cannot be read: ${message}`;
    throw problemError(shown, why, hint, { cause: error });
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

/**
 * Where the repeatable files of a directory of migrations are: `sql/functions` beside `sql/migrations`, `sql/functions/shop`
 * beside `sql/migrations/shop`, and for any other directory `functions` in the directory that it is in.
 */
export function repeatablePlace(
  { directory, shown }: MigrationPlace,
  name: RepeatableDirectory,
): MigrationPlace {
  const isOneOfSeveral = basename(dirname(directory)) === "migrations";
  const way = isOneOfSeveral ? ["..", "..", name, basename(directory)] : ["..", name];
  return { directory: join(directory, ...way), shown: join(shown, ...way) };
}

/** Reads the repeatable files beside a directory of migrations. A directory without any SQL is somebody else's. */
export async function readRepeatableFiles(migrations: MigrationPlace): Promise<RepeatableFiles> {
  const read = await Promise.all(
    repeatableDirectories.map(async (name) => {
      const { directory, shown } = repeatablePlace(migrations, name);
      const isThere = await stat(directory).then(
        (found) => found.isDirectory(),
        () => false,
      );
      if (!isThere) return { files: [], others: [] };
      const { files, others } = await readMigrationDirectory(directory, shown);
      const strays = others.filter((one) => !one.startsWith(".") && !/^readme(?:\.md)?$/i.test(one));
      return {
        files: files.map((file) => ({ ...file, directory: name, name: `${name}/${file.name}` })),
        others: files.length === 0 ? [] : strays.map((one) => `${shown}/${one}`),
      };
    }),
  );
  return { files: read.flatMap(({ files }) => files), others: read.flatMap(({ others }) => others) };
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
