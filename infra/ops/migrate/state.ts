import type { Finding } from "../../../components/core/finding";
import { lastOf } from "../../../components/core/migrations/decide";
import { decideDeclared } from "../../../components/core/migrations/decide-declared";
import { parseFileName } from "../../../components/core/migrations/file-name";
import type { FindingClass } from "../../../components/core/migrations/gate/rules";
import {
  fileNameOf,
  type AppliedMigration,
  type UnfinishedMigration,
} from "../../../components/core/migrations/history";
import { inputOf, statementsOf, worstOf } from "../../../components/core/migrations/judged-files";
import { inOrder } from "../../../components/core/migrations/migration-set";
import { isSettled } from "../../../components/core/migrations/settled";
import type { Problem } from "../../../components/core/problem";
import { readMigrationDirectory } from "../../../components/io/migration-files";
import { judgeFiles } from "../../../components/io/migrations/judged-files";
import type { CommandContext } from "../command";
import { migrationPlace } from "./directory";
import { chooseDatabase, findDatabase, lookAtHistory } from "./stack-database";

/** Options of the commands that look. */
export interface LookArgs {
  readonly database?: string;
  readonly dir?: string;
}

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
  /** What keeps migrations from being applied, by file. */
  readonly problems: readonly Problem[];
}

/** Reads both, and changes nothing. */
export async function readState(context: CommandContext, args: LookArgs): Promise<MigrationState> {
  const declared = chooseDatabase(context.config, args.database);
  const { directory, shown } = migrationPlace(args.dir, declared, context);
  const read = await readMigrationDirectory(directory, shown);
  const database = await findDatabase(context, declared);
  const history = await lookAtHistory(context, database);
  const { target } = declared.migrations;
  const held = heldBack(
    read.files.map(({ name }) => name),
    target,
  );
  if (isSettled(read, history, target)) {
    const { applied } = history;
    return {
      database: database.name,
      directory: shown,
      applied,
      pending: [],
      held,
      above: [],
      unfinished: null,
      problems: [],
    };
  }
  const files = await judgeFiles(read);
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

/** Problems of files as findings of a report. */
export function toFindings(problems: readonly Problem[]): Finding[] {
  return problems.map(({ path, message, hint }) => ({ subject: path, message, hint }));
}
