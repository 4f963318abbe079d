import type { Problem } from "../problem";
import { compareHistory } from "./compare-history";
import type { PartName } from "./gate/judge";
import { fileNameOf, type MigrationHistory, type UnfinishedMigration } from "./history";
import { isConcurrentIndex, tracesOf } from "./leftover";
import type { Migration } from "./migration";
import { findTarget, unknownTarget } from "./target";

/** One part of one file that is to run. */
export interface MigrationStep {
  readonly migration: Migration;
  readonly direction: PartName;
  /** Of a file without a transaction that stopped half-way: where it goes on. */
  readonly resume?: {
    /** Statements that are done. */
    readonly done: number;
    /** True where the next one was sent, and how it ended has to be found out. */
    readonly running: boolean;
  };
}

/** What is to run in which order; or all that keeps it from running. */
export interface Decision {
  /** Empty where there are problems. */
  readonly steps: readonly MigrationStep[];
  readonly problems: readonly Problem[];
}

/** What a decision is made from. */
export interface DecisionInput {
  /** In their order. */
  readonly migrations: readonly Migration[];
  readonly history: MigrationHistory;
  /** As people are told: `sql/migrations`. */
  readonly directory: string;
  /** The digest of a statement's text, as the progress has it. */
  readonly digest: (text: string) => string;
}

/** The word for the place before the first migration. */
export const base = "base";

/** The files that are to be applied, up to a target; default all. */
export function decideUpgrade(input: DecisionInput, target?: string): Decision {
  const { migrations, history, directory } = input;
  const problems = compareHistory(migrations, history, directory);
  const head = history.applied.at(-1);
  const pending = migrations.slice(history.applied.length);
  const last = lastOf(target, migrations);
  if (target !== undefined && target !== base && last === undefined)
    problems.push(unknownTarget(target, migrations));
  if (target !== undefined && head !== undefined) {
    if (target === base) problems.push(behindHead({ path: base, version: base }, head));
    else if (last !== undefined && Number(last.version) < Number(head.version))
      problems.push(behindHead(last, head));
  }
  const chosen = pending.slice(0, last === undefined ? 0 : pending.indexOf(last) + 1);
  const steps = chosen.map((migration): MigrationStep => ({ migration, direction: "up" }));
  return resumed(steps, problems, input, "up");
}

/** The last migration that a target means; undefined: none does. */
export function lastOf<Item extends { readonly version: string; readonly name: string }>(
  target: string | undefined,
  migrations: readonly Item[],
): Item | undefined {
  if (target === undefined) return migrations.at(-1);
  return target === base ? undefined : findTarget(target, migrations);
}

/** How far a downgrade goes. */
export type DowngradeTarget =
  | { readonly to: string }
  /** So many migrations, from the last one on. */
  | { readonly steps: number }
  | typeof base;

/** The files that are to be taken back, the last one first. */
export function decideDowngrade(input: DecisionInput, target: DowngradeTarget): Decision {
  const { migrations, history, directory } = input;
  const problems = compareHistory(migrations, history, directory);
  const { applied } = history;
  const keep = keptOf(target, input, problems);
  const files = new Map(migrations.map((migration) => [migration.version, migration]));
  const steps = applied
    .slice(keep)
    .toReversed()
    .flatMap(({ version }): MigrationStep[] => {
      const migration = files.get(version); // one that is not there has been told
      return migration === undefined ? [] : [{ migration, direction: "down" }];
    });
  for (const { migration } of steps) {
    if (migration.irreversible === undefined) continue;
    const hint = "go no further back than this one, or write a new migration that does what is needed";
    problems.push({
      path: migration.path,
      message: `is irreversible: ${migration.irreversible}`,
      hint,
    });
  }
  return resumed(steps, problems, input, "down");
}

/** How many of the applied migrations stay. */
function keptOf(
  target: DowngradeTarget,
  { migrations, history }: DecisionInput,
  problems: Problem[],
): number {
  const { applied } = history;
  if (target === base) return 0;
  if ("steps" in target) {
    if (target.steps <= applied.length) return applied.length - target.steps;
    const message = `are more than the ${applied.length} that are applied`;
    problems.push({ path: `${target.steps} steps`, message, hint: "`base` takes all of them back" });
    return applied.length;
  }
  const row = findTarget(target.to, applied);
  if (row !== undefined) return applied.indexOf(row) + 1;
  const file = findTarget(target.to, migrations);
  problems.push(
    file === undefined
      ? unknownTarget(target.to, migrations)
      : {
          path: file.path,
          message: "is not applied: a downgrade goes back to one that is",
          hint: "`migrate status` shows what is applied; `base` is before the first one",
        },
  );
  return applied.length;
}

function behindHead(
  target: Pick<Migration, "path" | "version">,
  head: { version: string; name: string },
): Problem {
  return {
    path: target.path,
    message: `is behind ${fileNameOf(head)}, which is applied`,
    hint: `\`migrate downgrade ${target.version}\` takes back what came after it`,
  };
}

/** Has a half-done file go on where it stopped, before anything else. */
function resumed(
  steps: readonly MigrationStep[],
  problems: readonly Problem[],
  { history, migrations, directory, digest }: DecisionInput,
  direction: PartName,
): Decision {
  const { unfinished } = history;
  const found = [...problems, ...steps.flatMap(unnamedIndexes)];
  if (found.length > 0) return { steps: [], problems: found };
  if (unfinished === undefined) return { steps, problems };
  const path = `${directory}/${fileNameOf(unfinished)}`;
  const stop = (message: string, hint: string): Decision => ({
    steps: [],
    problems: [{ path, message, hint }],
  });
  if (unfinished.direction !== direction) return stop(...otherWay(unfinished));
  const [first, ...rest] = steps;
  if (first?.migration.version !== unfinished.version || first.migration.name !== unfinished.name) {
    const isThere = migrations.some((one) => fileNameOf(one) === fileNameOf(unfinished));
    return isThere
      ? stop("is half done, and would not be finished", "let this run go at least as far as it")
      : stop("is half done, and gone", "restore it from git, and run this again");
  }
  const statements = first.migration[direction].map(({ text }) => digest(text));
  const { done, running } = unfinished;
  const changed = done.findIndex((one, index) => one !== statements[index]);
  if (changed !== -1 || first.migration.transactional) {
    const what = changed === -1 ? "is a transaction now" : `has another statement ${changed + 1} now`;
    const hint = `restore what ran: only what comes after the first ${done.length} may change`;
    return stop(`is half done, and ${what}`, hint);
  }
  if (running !== null && running !== statements[done.length]) {
    const hint =
      "restore that statement, so that what it left behind can be found; or look yourself, and say with `migrate repair` how it ended";
    return stop(`was stopped in its statement ${done.length + 1}, which is another one now`, hint);
  }
  const resume = { done: done.length, running: running !== null };
  return { steps: [{ ...first, resume }, ...rest], problems };
}

/** What a build leaves behind when it stops is found by its name. */
function unnamedIndexes({ migration, direction }: MigrationStep): Problem[] {
  return migration[direction].flatMap(({ node, firstLine }) => {
    const traces = tracesOf(node);
    if (traces.kind !== "index made" || traces.index !== undefined || !isConcurrentIndex(node)) return [];
    const message = "makes an index CONCURRENTLY without a name";
    const hint = "name it: an invalid one that a failure leaves behind could not be told from others";
    return [{ path: `${migration.path}:${firstLine}`, message, hint }];
  });
}

function otherWay({ direction }: UnfinishedMigration): [message: string, hint: string] {
  return direction === "up"
    ? ["is half applied", "`migrate upgrade` finishes it; then it can be taken back"]
    : ["is half taken back", "`migrate downgrade` finishes that; then it can be applied again"];
}
