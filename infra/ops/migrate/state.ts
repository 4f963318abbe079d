import type { Finding } from "../../../components/core/finding";
import { decideUpgrade } from "../../../components/core/migrations/decide";
import type { FindingClass } from "../../../components/core/migrations/gate/rules";
import type { AppliedMigration, UnfinishedMigration } from "../../../components/core/migrations/history";
import { inputOf, statementsOf, worstOf } from "../../../components/core/migrations/judged-files";
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
  if (isSettled(read, history)) {
    const { applied } = history;
    return {
      database: database.name,
      directory: shown,
      applied,
      pending: [],
      unfinished: null,
      problems: [],
    };
  }
  const files = await judgeFiles(read);
  const { steps, problems } = decideUpgrade(inputOf(files, history));
  return {
    database: database.name,
    directory: files.directory,
    applied: history.applied,
    pending: steps.map((step) => {
      const { file, path, transactional } = step.migration;
      return { file, path, class: worstOf(statementsOf(files, step)), transactional };
    }),
    unfinished: history.unfinished ?? null,
    problems,
  };
}

/** Problems of files as findings of a report. */
export function toFindings(problems: readonly Problem[]): Finding[] {
  return problems.map(({ path, message, hint }) => ({ subject: path, message, hint }));
}
