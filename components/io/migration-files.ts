import { createHash } from "node:crypto";
import { readdir, readFile, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { unusable, type MigrationFile } from "../core/migrations/migration";
import type { MigrationDirectory } from "../core/migrations/migration-set";
import {
  repeatableDirectories,
  type RepeatableDirectory,
  type RepeatableFiles,
} from "../core/repeatables/repeatable";
import { normalizeText } from "../core/migrations/source-text";
import { problemError, ProblemError, type Problem } from "../core/problem";

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
 * @throws ProblemError it is not there; or the files in it that cannot be read or are no text, all of them
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
  const problems: Problem[] = [];
  const files = await Promise.all(
    names.toSorted().map((name) => readFileOf(join(directory, name), `${shown}/${name}`, problems)),
  );
  if (problems.length > 0) throw new ProblemError(unusable, problems);
  return {
    path: shown,
    files: files.flat(),
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
      if (!(await isDirectory(directory))) return { files: [], others: [] };
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

/** What cannot be looked at may be one: reading it says what is wrong. */
async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    return !["ENOENT", "ENOTDIR"].includes((error as NodeJS.ErrnoException).code ?? "");
  }
}

/** SHA-256 of a migration's text as it counts, in hexadecimal. */
export function checksumOf(normalized: string): string {
  return createHash("sha256").update(normalized, "utf8").digest("hex");
}

/** None where it cannot be read, which is a problem. */
async function readFileOf(file: string, path: string, problems: Problem[]): Promise<MigrationFile[]> {
  try {
    const text = normalizeText(decoder.decode(await readFile(file)));
    return [{ name: basename(file), path, text, checksum: checksumOf(text) }];
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    problems.push(
      code === "ERR_ENCODING_INVALID_ENCODED_DATA"
        ? {
            path,
            message: "is not UTF-8",
            hint: "save it as UTF-8: PostgreSQL would read other letters than its author wrote",
          }
        : { path, message: `cannot be read: ${message}`, hint: "make it readable for whoever runs this" },
    );
    return [];
  }
}

const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
