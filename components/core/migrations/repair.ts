import type { Problem } from "../problem";
import { compareHistory } from "./compare-history";
import type { DecisionInput } from "./decide";
import { fileNameOf, type AppliedMigration, type MigrationHistory } from "./history";
import type { Migration } from "./migration";
import { findTarget, unknownTarget } from "./target";

/** One change of a history that is not what the files say; it changes nothing else. */
export type RepairChange = {
  /** `sql/migrations/0001-orders.sql` */
  readonly path: string;
  /** The difference, for people and for the trail. */
  readonly message: string;
} & (
  | { readonly kind: "take over"; readonly row: AppliedMigration; readonly migration: Migration }
  | { readonly kind: "forget"; readonly row: AppliedMigration }
  | { readonly kind: "progress"; readonly migration: Migration; readonly done: readonly string[] }
);

export interface Repair {
  readonly changes: readonly RepairChange[];
  /** What stays wrong, and is for people to mend in the files. */
  readonly problems: readonly Problem[];
}

export interface RepairOptions {
  /** Applied migrations whose files are gone, and that the history is to know no more. */
  readonly forget?: readonly string[];
  /** How the statement ended that was sent when a run stopped. */
  readonly statement?: "done" | "again";
}

/** What brings a history to what the files are. */
export function decideRepair(input: DecisionInput, options: RepairOptions): Repair {
  const { migrations, history, directory } = input;
  const unknown = (options.forget ?? []).filter((name) => findTarget(name, history.applied) === undefined);
  const forgotten = new Set((options.forget ?? []).map((name) => findTarget(name, history.applied)));
  const changes = [
    ...history.applied.flatMap((row) => mendRow(row, input, forgotten.has(row))),
    ...mendProgress(input, options.statement),
  ];
  const misled = history.applied.filter(
    (row) => forgotten.has(row) && !changes.some((change) => change.kind === "forget" && change.row === row),
  );
  return {
    changes,
    problems: [
      ...unknown.map((name) => unknownTarget(name, history.applied)),
      ...misled.map((row) => ({
        path: `${directory}/${fileNameOf(row)}`,
        message: "is there, and is not forgotten",
        hint: "take it back with `migrate downgrade`, or delete its file first",
      })),
      ...compareHistory(migrations, { applied: after(history, changes) }, directory),
    ],
  };
}

function mendRow(
  row: AppliedMigration,
  { migrations, directory }: DecisionInput,
  forget: boolean,
): RepairChange[] {
  const same = migrations.find(({ version, name }) => version === row.version && name === row.name);
  if (same !== undefined) {
    if (same.checksum === row.checksum) return [];
    const message = `its text: checksum ${row.checksum.slice(0, 12)} becomes ${same.checksum.slice(0, 12)}`;
    return [{ kind: "take over", path: same.path, row, migration: same, message }];
  }
  if (forget) {
    const message = `forgets ${fileNameOf(row)}, whose file is gone: what it did stays`;
    return [{ kind: "forget", path: `${directory}/${fileNameOf(row)}`, row, message }];
  }
  const moved = migrations.find(({ checksum }) => checksum === row.checksum);
  if (moved === undefined) return [];
  return [
    {
      kind: "take over",
      path: moved.path,
      row,
      migration: moved,
      message: `its name: was ${fileNameOf(row)}`,
    },
  ];
}

function mendProgress(
  { history: { unfinished }, migrations, digest }: DecisionInput,
  statement: RepairOptions["statement"],
): RepairChange[] {
  if (unfinished === undefined || unfinished.running === null || statement === undefined) return [];
  const migration = migrations.find((one) => fileNameOf(one) === fileNameOf(unfinished));
  const next = migration?.[unfinished.direction][unfinished.done.length];
  if (migration === undefined || next === undefined) return [];
  const done = statement === "done" ? [...unfinished.done, digest(next.text)] : unfinished.done;
  const message = `its statement ${unfinished.done.length + 1} ${statement === "done" ? "is done" : "runs again"}`;
  return [{ kind: "progress", path: `${migration.path}:${next.firstLine}`, migration, done, message }];
}

function after({ applied }: MigrationHistory, changes: readonly RepairChange[]): AppliedMigration[] {
  return applied
    .flatMap((row) => {
      const change = changes.find((one) => one.kind !== "progress" && one.row === row);
      if (change?.kind === "forget") return [];
      if (change?.kind !== "take over") return [row];
      const { version, name, checksum, transactional } = change.migration;
      return [{ ...row, version, name, checksum, transactional }];
    })
    .toSorted((one, other) => Number(one.version) - Number(other.version));
}

/** Takes migrations for applied in a database that has what they do: only where none is applied yet. */
export function decideBaseline(
  { migrations, history, directory }: DecisionInput,
  target?: string,
): { readonly migrations: readonly Migration[]; readonly problems: readonly Problem[] } {
  const last = target === undefined ? migrations.at(-1) : findTarget(target, migrations);
  const problems: Problem[] = [];
  if (target !== undefined && last === undefined) problems.push(unknownTarget(target, migrations));
  const [first] = history.applied;
  if (first !== undefined || history.unfinished !== undefined) {
    const what = fileNameOf(first ?? history.unfinished ?? { version: "", name: "" });
    problems.push({
      path: `${directory}/${what}`,
      message: "is applied or begun: this database has a history already",
      hint: "`migrate upgrade` goes on with it; `migrate repair` mends it",
    });
  }
  if (problems.length > 0 || last === undefined) return { migrations: [], problems };
  return { migrations: migrations.slice(0, migrations.indexOf(last) + 1), problems };
}
