import type { Finding } from "../../../components/core/finding";
import { lastOf } from "../../../components/core/migrations/decide";
import { decideDeclared } from "../../../components/core/migrations/decide-declared";
import { parseFileName } from "../../../components/core/migrations/file-name";
import type { FindingClass } from "../../../components/core/migrations/gate/rules";
import {
  fileNameOf,
  type AppliedMigration,
  type RepeatableRow,
  type UnfinishedMigration,
} from "../../../components/core/migrations/history";
import { inputOf, statementsOf, worstOf } from "../../../components/core/migrations/judged-files";
import { inOrder } from "../../../components/core/migrations/migration-set";
import { isSettled } from "../../../components/core/migrations/settled";
import {
  decideRepeatables,
  type LeftObject,
  type RepeatableReason,
} from "../../../components/core/repeatables/decide";
import type { Repeatable } from "../../../components/core/repeatables/repeatable";
import type { Problem } from "../../../components/core/problem";
import { readMigrationDirectory, readRepeatableFiles } from "../../../components/io/migration-files";
import { judgeFiles } from "../../../components/io/migrations/judged-files";
import type { CommandContext } from "../command";
import { migrationPlace, type LookArgs } from "./directory";
import { chooseDatabase, findDatabase, lookAtHistory } from "./stack-database";

/** How a database and the files of its migrations stand to each other. */
export interface MigrationState {
  readonly database: string;
  readonly directory: string;
  readonly applied: readonly AppliedMigration[];
  readonly pending: readonly {
    readonly file: string;
    readonly path: string;
    readonly class: FindingClass | "safe";
    readonly transactional: boolean;
  }[];
  /** Files above the target of the stack's configuration, which are not to be applied. */
  readonly held: readonly string[];
  /** Files that are applied above it. */
  readonly above: readonly string[];
  readonly unfinished: UnfinishedMigration | null;
  readonly repeatables: RepeatableState;
  /** What keeps migrations from being applied, by file. */
  readonly problems: readonly Problem[];
}

/** How the repeatable files and a database stand to each other. */
export interface RepeatableState {
  readonly applied: readonly RepeatableRow[];
  readonly pending: readonly {
    /** `functions/total.sql` */
    readonly file: string;
    readonly path: string;
    readonly reason: RepeatableReason;
    readonly class: FindingClass | "safe";
  }[];
  /** What no file makes any more, and is there. */
  readonly left: readonly LeftObject[];
}

/** Reads both, and changes nothing. */
export async function readState(context: CommandContext, args: LookArgs): Promise<MigrationState> {
  const declared = chooseDatabase(context.config, args.database);
  const place = migrationPlace(args.dir, declared, context);
  const [read, beside] = await Promise.all([
    readMigrationDirectory(place.directory, place.shown),
    readRepeatableFiles(place),
  ]);
  const database = await findDatabase(context, declared);
  const history = await lookAtHistory(context, database);
  const { target } = declared.migrations;
  const repeated = history.repeatables ?? [];
  const held = heldBack(
    read.files.map(({ name }) => name),
    target,
  );
  if (isSettled(read, history, target, beside)) {
    const { applied } = history;
    return {
      database: database.name,
      directory: place.shown,
      applied,
      pending: [],
      held,
      above: [],
      unfinished: null,
      repeatables: { applied: repeated, pending: [], left: [] },
      problems: [],
    };
  }
  const files = await judgeFiles(read, beside);
  const { steps, problems, above } = decideDeclared(inputOf(files, history), {
    ...(target === undefined ? {} : { target }),
    downgrade: "refuse",
  });
  return {
    database: database.name,
    directory: files.directory,
    applied: history.applied,
    pending: steps.map((step) => {
      const { file, path, transactional } = step.migration;
      return { file, path, class: worstOf(statementsOf(files, step)), transactional };
    }),
    held,
    above: above.map(fileNameOf),
    unfinished: history.unfinished ?? null,
    repeatables: { applied: repeated, ...describeRepeats(files.repeatables, repeated, held.length > 0) },
    problems,
  };
}

/** Files above a target, in their order; none where there is no target. */
function heldBack(files: readonly string[], target: string | undefined): string[] {
  if (target === undefined) return [];
  const names = files.map(parseFileName).filter((name) => "kind" in name);
  const ordered = names.toSorted(inOrder);
  const last = lastOf(target, ordered);
  return ordered.slice(last === undefined ? 0 : ordered.indexOf(last) + 1).map(({ file }) => file);
}

function describeRepeats(
  repeatables: readonly Repeatable[],
  rows: readonly RepeatableRow[],
  isHeld: boolean,
): Omit<RepeatableState, "applied"> {
  const { steps: all, left } = decideRepeatables(repeatables, rows);
  // They may need the files above the target.
  const steps = isHeld ? [] : all;
  const pending = steps.map(({ repeatable: { name: file, path, statements }, reason }) => {
    return { file, path, reason, class: worstOf(statements.map(({ judged }) => judged)) };
  });
  return { pending, left };
}

/** Problems of files as findings of a report. */
export function toFindings(problems: readonly Problem[]): Finding[] {
  return problems.map(({ path, message, hint }) => ({ subject: path, message, hint }));
}
