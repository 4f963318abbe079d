import { setImmediate } from "node:timers/promises";
import type { DecisionInput, MigrationStep } from "../../../components/core/migrations/decide";
import {
  judgeMigrations,
  type JudgedMigration,
  type JudgedStatement,
} from "../../../components/core/migrations/gate/judge";
import { findingClasses, type FindingClass } from "../../../components/core/migrations/gate/rules";
import type { MigrationHistory } from "../../../components/core/migrations/history";
import { parseMigrations } from "../../../components/core/migrations/migration-set";
import { loadSqlParser, type SqlParser } from "../../../components/core/migrations/sql-parser";
import { readMigrationDirectory } from "../../../components/io/migration-files";
import { digestOf } from "../../../components/io/migrations/digest";
import { migrationPlace } from "./directory";

/** The migrations of a directory, with what their statements cost. */
export interface JudgedFiles {
  /** As people are told: `sql/migrations`. */
  readonly directory: string;
  readonly judged: readonly JudgedMigration[];
  readonly parser: SqlParser;
}

/**
 * Reads and judges the migrations.
 *
 * @throws ProblemError where they are not usable
 */
export async function readJudged(dir: string | undefined): Promise<JudgedFiles> {
  const { directory, shown } = migrationPlace(dir);
  const [parser, read] = await Promise.all([loadSqlParser(), readMigrationDirectory(directory, shown)]);
  const migrations = parseMigrations(read, parser);
  await setImmediate(); // whoever waits is told so between two long computations
  return { directory: shown, judged: judgeMigrations(migrations, parser), parser };
}

/** What is decided from, with a history. */
export function inputOf({ directory, judged }: JudgedFiles, history: MigrationHistory): DecisionInput {
  return { directory, migrations: judged.map(({ migration }) => migration), history, digest: digestOf };
}

/** The statements of a step, judged. */
export function statementsOf(
  { judged }: JudgedFiles,
  { migration, direction }: MigrationStep,
): readonly JudgedStatement[] {
  return judged.find((one) => one.migration === migration)?.[direction] ?? [];
}

/** The worst class of some statements. */
export function worstOf(statements: readonly JudgedStatement[]): FindingClass | "safe" {
  return findingClasses.find((of) => statements.some((statement) => statement.class === of)) ?? "safe";
}
