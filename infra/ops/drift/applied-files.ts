import { compareHistory } from "../../../components/core/migrations/compare-history";
import { fileNameOf, type MigrationHistory } from "../../../components/core/migrations/history";
import type { Migration } from "../../../components/core/migrations/migration";
import { ProblemError } from "../../../components/core/problem";
import { describeObject } from "../../../components/core/repeatables/objects";
import { madeBy, type Repeatable } from "../../../components/core/repeatables/repeatable";
import { withoutArguments } from "../../../components/core/schema/ignore";

/** The files of what is applied; one that was edited or is not there says nothing of what the database has. */
export function appliedFiles(
  migrations: readonly Migration[],
  history: MigrationHistory,
  directory: string,
): readonly Migration[] {
  const problems = compareHistory(migrations, history, directory);
  if (history.unfinished !== undefined) {
    const { name, version } = history.unfinished;
    problems.push({
      path: fileNameOf({ name, version }),
      message: "is half done: what the database is to have is not known",
      hint: "`migrate upgrade` goes on with it",
    });
  }
  if (problems.length > 0) throw new ProblemError("the history and the files differ", problems);
  const names = new Set(history.applied.map(fileNameOf));
  return migrations.filter((migration) => names.has(fileNameOf(migration)));
}

/** What a database has of repeatable files. */
export interface AppliedRepeatables {
  /** Those that were applied, in their order, with the texts that they have now: others may stand on them. */
  readonly files: readonly Repeatable[];
  /** What other texts made than the files have now, and what those will make: nobody can compare it. */
  readonly others: ReadonlySet<string>;
}

export function appliedRepeatables(
  repeatables: readonly Repeatable[],
  history: MigrationHistory,
): AppliedRepeatables {
  const rows = new Map((history.repeatables ?? []).map((row) => [row.path, row]));
  const files = repeatables.filter(({ name }) => rows.has(name));
  const same = new Set(files.filter((file) => rows.get(file.name)?.checksum === file.checksum));
  for (const { name } of same) rows.delete(name);
  const will = files.filter((file) => !same.has(file));
  const left = (history.repeatables ?? []).flatMap((row) => row.left);
  return {
    files,
    others: new Set([...[...rows.values()].flatMap(({ objects }) => objects), ...left, ...madeByFiles(will)]),
  };
}

/** What some files make, without arguments: types as a file has them are not spelt as the server has them. */
export function madeByFiles(files: readonly Repeatable[]): ReadonlySet<string> {
  return new Set(files.flatMap(madeBy).map((object) => withoutArguments(describeObject(object))));
}

/** All that they made. */
export function madeByRepeatables({ repeatables: rows = [] }: MigrationHistory): ReadonlySet<string> {
  return new Set(rows.flatMap(({ objects, left }) => [...objects, ...left]));
}
