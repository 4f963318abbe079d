import { basename, dirname, join, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import {
  judgeMigrations,
  type GateFinding,
  type JudgedMigration,
  type JudgedStatement,
} from "../../../components/core/migrations/gate/judge";
import type { FindingClass } from "../../../components/core/migrations/gate/rules";
import type { Migration } from "../../../components/core/migrations/migration";
import { parseMigrations } from "../../../components/core/migrations/migration-set";
import { loadSqlParser } from "../../../components/core/migrations/sql-parser";
import { ProblemError } from "../../../components/core/problem";
import { describeObject } from "../../../components/core/repeatables/objects";
import { parseRepeatables } from "../../../components/core/repeatables/parse-repeatables";
import {
  madeBy,
  repeatableDirectories,
  type Repeatable,
} from "../../../components/core/repeatables/repeatable";
import {
  readMigrationDirectory,
  readRepeatableFiles,
  repeatablePlace,
  type MigrationPlace,
} from "../../../components/io/migration-files";
import { adviseFromSquawk, adviseTransactions, type Advice } from "./advice";
import { givenPlace } from "./directory";
import { askSquawk } from "./squawk";

/** What is known of one migration. */
export interface LintedMigration extends Pick<
  Migration,
  "file" | "path" | "version" | "name" | "checksum" | "transactional" | "notes"
> {
  readonly irreversible: string | null;
  /** The class of each statement, in their order. */
  readonly up: readonly LintedStatement[];
  readonly down: readonly LintedStatement[];
}

export interface LintedStatement {
  readonly firstLine: number;
  readonly lastLine: number;
  readonly class: FindingClass | "safe";
}

/** What is known of a repeatable file. */
export interface LintedRepeatable extends Pick<Repeatable, "name" | "path" | "checksum"> {
  /** What it makes, such as `view app.totals`. */
  readonly makes: readonly string[];
  readonly statements: readonly LintedStatement[];
}

export interface LintData {
  readonly directories: readonly string[];
  readonly migrations: readonly LintedMigration[];
  /** In the order in which they are applied; where files are named, those of them. */
  readonly repeatables: readonly LintedRepeatable[];
  /** Of both parts; those of a down part stop nobody from upgrading. */
  readonly findings: readonly GateFinding[];
  readonly advice: readonly Advice[];
  /** Why squawk gave no advice; null where it was asked. */
  readonly squawkMissing: string | null;
}

/** A directory, and which of its files are asked about: all where none is named. */
export interface LintPlace extends MigrationPlace {
  /** Of repeatable files with their directory: `views/totals.sql`. */
  readonly names?: readonly string[];
}

/** The directory of files that were named; repeatable ones are beside it. */
export function chooseFiles(
  [first, ...others]: readonly [string, ...string[]],
  dir: string | undefined,
  cwd = process.cwd(),
): LintPlace {
  const operands = [first, ...others];
  const place = givenPlace(dir ?? directoryOf(first), cwd);
  const directories = new Map([
    [place.directory, ""],
    ...repeatableDirectories.map((name) => [repeatablePlace(place, name).directory, `${name}/`] as const),
  ]);
  const named = operands.map((path) => ({ path, kind: directories.get(dirname(resolve(cwd, path))) }));
  const astray = named.filter(({ kind }) => kind === undefined);
  if (astray.length > 0) {
    const hint =
      "name files of one directory, or with --dir the one that they belong to: they are judged together";
    const message = `is not in ${place.shown}, nor in ${repeatableDirectories.join(" or ")} beside it`;
    const problems = astray.map(({ path }) => ({ path, message, hint }));
    throw new ProblemError("the files are not of one directory", problems);
  }
  return { ...place, names: named.map(({ path, kind = "" }) => `${kind}${basename(path)}`) };
}

/** The migrations that a file is of, or stands beside, as {@link repeatablePlace} has it. */
function directoryOf(file: string): string {
  const own = dirname(file);
  const isRepeatable = (path: string): boolean =>
    repeatableDirectories.some((name) => name === basename(resolve(path)));
  if (isRepeatable(own)) return join(own, "..", "migrations");
  const above = join(own, "..");
  return isRepeatable(above) ? join(above, "..", "migrations", basename(resolve(own))) : own;
}

/**
 * Judges the migrations of directories, each by itself.
 *
 * @throws ProblemError where they are not usable
 */
export async function lint(places: readonly LintPlace[]): Promise<LintData> {
  const parts: LintData[] = [];
  for (const place of places) parts.push(await lintOne(place));
  return joinLint(parts);
}

/** What was judged of several directories, together. */
export function joinLint(parts: readonly LintData[]): LintData {
  return {
    directories: parts.flatMap(({ directories }) => directories),
    migrations: parts.flatMap(({ migrations }) => migrations),
    repeatables: parts.flatMap(({ repeatables }) => repeatables),
    findings: parts.flatMap(({ findings }) => findings),
    advice: parts.flatMap(({ advice }) => advice),
    squawkMissing: parts.find(({ squawkMissing }) => squawkMissing !== null)?.squawkMissing ?? null,
  };
}

async function lintOne(place: LintPlace): Promise<LintData> {
  const parser = await loadSqlParser();
  const migrations = parseMigrations(await readMigrationDirectory(place.directory, place.shown), parser);
  const { names } = place;
  const asked = names === undefined || names.some(isRepeatableName);
  const all = asked ? parseRepeatables(await readRepeatableFiles(place), parser) : [];
  const repeatables = all.filter(({ name }) => names?.includes(name) ?? true);
  await setImmediate(); // whoever waits is told so between two long computations
  const judged = chosen(judgeMigrations(migrations, parser), repeatables, place);
  const fileOf = ({ migration }: JudgedMigration): string => join(place.directory, migration.file);
  const squawk = await askSquawk(
    judged.map((one) => ({ file: fileOf(one), transactional: one.migration.transactional })),
  );
  return {
    directories: [place.shown],
    migrations: judged.map(describeJudged),
    repeatables: repeatables.map(describeRepeatable),
    findings: [
      ...judged.flatMap(({ up, down }) => [...up, ...down]),
      ...repeatables.flatMap(({ statements }) => statements.map((one) => one.judged)),
    ].flatMap(({ findings }) => findings),
    advice: [
      ...adviseTransactions(judged, parser),
      ...("remarks" in squawk ? adviseFromSquawk(squawk.remarks, judged, fileOf) : []),
    ],
    squawkMissing: "missing" in squawk ? squawk.missing : null,
  };
}

function isRepeatableName(name: string): boolean {
  return name.includes("/");
}

function chosen(
  judged: readonly JudgedMigration[],
  repeatables: readonly Repeatable[],
  { names, shown }: LintPlace,
): readonly JudgedMigration[] {
  if (names === undefined) return judged;
  const known = new Set([
    ...judged.map(({ migration }) => migration.file),
    ...repeatables.map(({ name }) => name),
  ]);
  const hint = "is it the right name? A migration is <number>-<name>.sql";
  const problems = names
    .filter((name) => !known.has(name))
    .map((name) => {
      const path = isRepeatableName(name) ? join(shown, "..", name) : `${shown}/${name}`;
      return { path, message: "is not there, or is no migration", hint };
    });
  if (problems.length > 0) throw new ProblemError("the files are not usable", problems);
  return judged.filter(({ migration }) => names.includes(migration.file));
}

/** What a report has of a migration. */
export function describeJudged({ migration, up, down }: JudgedMigration): LintedMigration {
  const { file, path, version, name, checksum, transactional, notes, irreversible = null } = migration;
  return {
    file,
    path,
    version,
    name,
    checksum,
    transactional,
    notes,
    irreversible,
    up: up.map(describeStatement),
    down: down.map(describeStatement),
  };
}

function describeStatement({
  statement: { firstLine, lastLine },
  class: of,
}: JudgedStatement): LintedStatement {
  return { firstLine, lastLine, class: of };
}

function describeRepeatable(repeatable: Repeatable): LintedRepeatable {
  const { name, path, checksum, statements } = repeatable;
  return {
    name,
    path,
    checksum,
    makes: madeBy(repeatable).map(describeObject),
    statements: statements.map(({ judged }) => describeStatement(judged)),
  };
}
