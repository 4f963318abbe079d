import { ProblemError, type Problem } from "../problem";
import { parseFileName, type MigrationName } from "./file-name";
import { unusable, type Migration, type MigrationFile } from "./migration";
import { parseMigration } from "./parse-migration";
import type { SqlParser } from "./sql-parser";

/** A directory of migrations, as it was read. */
export interface MigrationDirectory {
  /** As people are told: `sql/migrations`. */
  readonly path: string;
  /** What its name says is SQL; their order is of no matter. */
  readonly files: readonly MigrationFile[];
  /** Everything else in it, by name. */
  readonly others: readonly string[];
}

/**
 * All migrations of a directory, in their order.
 *
 * @throws ProblemError everything that is wrong with any of them, together
 */
export function parseMigrations(directory: MigrationDirectory, parser: SqlParser): Migration[] {
  const read = directory.files.map((file) => parseMigration(file, parser));
  const problems = [...checkSet(directory), ...read.flatMap((one) => one.problems)];
  if (problems.length > 0) throw new ProblemError(unusable, problems);
  return read.flatMap(({ migration }) => (migration === undefined ? [] : [migration])).toSorted(inOrder);
}

/** By number, whatever its zeros. */
export function inOrder(one: MigrationName, other: MigrationName): number {
  return Number(one.version) - Number(other.version);
}

/** What is wrong with the files together; each by itself is told elsewhere. */
function checkSet({ path, files, others }: MigrationDirectory): Problem[] {
  const names = files.map(({ name }) => parseFileName(name)).filter((name) => "kind" in name);
  const place = (file: string): string => `${path}/${file}`;
  return [
    ...checkStrays(path, others),
    ...checkKinds(path, names),
    ...repeated(names, ({ version }) => String(Number(version))).map(([first, file]) => ({
      path: place(file),
      message: `has the number of ${first}`,
      hint: "give the one that is not applied anywhere the next number",
    })),
    ...repeated(names, ({ name }) => name).map(([first, file]) => ({
      path: place(file),
      message: `has the name of ${first}`,
      hint: "call it by what it does differently; delete the one that was copied",
    })),
    ...checkGaps(path, names),
  ];
}

function checkStrays(path: string, others: readonly string[]): Problem[] {
  // What tools and people keep in any directory.
  const strays = others.filter((name) => !name.startsWith(".") && !/^readme(?:\.md)?$/i.test(name));
  return strays.map((name) => ({
    path: `${path}/${name}`,
    message: "is no migration",
    hint: "move it elsewhere; a migration is <number>-<name>.sql in this directory itself",
  }));
}

function checkKinds(path: string, names: readonly MigrationName[]): Problem[] {
  const numbers = names.filter(({ kind }) => kind === "number");
  const [number] = numbers;
  const timestamps = names.length - numbers.length;
  if (number === undefined || timestamps === 0) return [];
  const message = `has ${numbers.length} files with a number and ${timestamps} with a timestamp, such as ${number.file}`;
  return [{ path, message, hint: "keep to one: the order of the two is not what anybody expects" }];
}

/** A number that is missing was deleted, or never merged. */
function checkGaps(path: string, names: readonly MigrationName[]): Problem[] {
  const numbered = names.filter(({ kind }) => kind === "number").toSorted(inOrder);
  return numbered.flatMap((name, index) => {
    const before = numbered[index - 1];
    if (before === undefined || Number(name.version) <= Number(before.version) + 1) return [];
    const missing = String(Number(before.version) + 1).padStart(name.version.length, "0");
    const hint = "restore it from git; where it was never applied anywhere, number those after it anew";
    return [
      { path: `${path}/${name.file}`, message: `follows on ${before.file}: ${missing} is missing`, hint },
    ];
  });
}

/** Pairs of the first file with a key and a later one with the same. */
function repeated(
  names: readonly MigrationName[],
  keyOf: (name: MigrationName) => string,
): [string, string][] {
  const first = new Map<string, string>();
  return names.flatMap((name): [string, string][] => {
    const known = first.get(keyOf(name));
    if (known !== undefined) return [[known, name.file]];
    first.set(keyOf(name), name.file);
    return [];
  });
}
