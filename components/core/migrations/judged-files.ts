import type { DecisionInput, MigrationStep } from "./decide";
import type { JudgedMigration, JudgedStatement } from "./gate/judge";
import { findingClasses, type FindingClass } from "./gate/rules";
import type { MigrationHistory } from "./history";
import type { Repeatable } from "../repeatables/repeatable";
import type { SqlParser } from "./sql-parser";

/** The migrations of a directory, with what their statements cost. */
export interface JudgedFiles {
  /** As people are told: `sql/migrations`. */
  readonly directory: string;
  /** In their order. */
  readonly judged: readonly JudgedMigration[];
  /** The files beside it that are applied whenever they change, in their order. */
  readonly repeatables: readonly Repeatable[];
  readonly parser: SqlParser;
  /** The digest of a statement's text, as the progress of a file has it. */
  readonly digest: DecisionInput["digest"];
}

/** What is decided from, with a history. */
export function inputOf(
  { directory, judged, digest }: JudgedFiles,
  history: MigrationHistory,
): DecisionInput {
  return { directory, migrations: judged.map(({ migration }) => migration), history, digest };
}

/** The statements of a step, judged. */
export function statementsOf(
  { judged }: Pick<JudgedFiles, "judged">,
  { migration, direction }: Pick<MigrationStep, "migration" | "direction">,
): readonly JudgedStatement[] {
  return judged.find((one) => one.migration === migration)?.[direction] ?? [];
}

/** The worst class of some statements. */
export function worstOf(statements: readonly JudgedStatement[]): FindingClass | "safe" {
  return findingClasses.find((of) => statements.some((statement) => statement.class === of)) ?? "safe";
}
