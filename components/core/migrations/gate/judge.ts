import { ProblemError, type Problem } from "../../problem";
import type { Acknowledgement } from "../acknowledgement";
import { unusable, type Migration } from "../migration";
import type { SqlParser } from "../sql-parser";
import type { MigrationStatement } from "../statements";
import { remember } from "./remember";
import { findingClasses, rules, type FindingClass, type Hit, type RuleId } from "./rules";
import { SchemaMemory } from "./schema-memory";
import { judgeNode } from "./statement-rules";

/** Which of a file's parts. */
export type PartName = "up" | "down";

/** Something that a statement costs. */
export interface GateFinding {
  readonly class: FindingClass;
  readonly rule: RuleId;
  /** In lower case and without a full stop. */
  readonly message: string;
  /** The safe way to do it, or what to look at. */
  readonly hint: string;
  /** `sql/migrations/0001-orders.sql` */
  readonly file: string;
  readonly part: PartName;
  /** Line of the file of the statement's first word. */
  readonly line: number;
  /**
   * What lets it through: an acknowledgement in the file, and for lost data a backup that counts (or the stack's `allowDataLoss`) on
   * top of it, which whoever runs the migration has to see to.
   */
  readonly needs: "acknowledgement" | "backup";
  readonly acknowledged: Acknowledgement | null;
  /** True without an acknowledgement: the part must not run. */
  readonly blocks: boolean;
}

/** A statement with all that it costs. */
export interface JudgedStatement {
  readonly statement: MigrationStatement;
  /** The worst of its findings. */
  readonly class: FindingClass | "safe";
  readonly findings: readonly GateFinding[];
}

/** A migration with what its parts cost. */
export interface JudgedMigration {
  readonly migration: Migration;
  readonly up: readonly JudgedStatement[];
  readonly down: readonly JudgedStatement[];
}

/**
 * Judges migrations in their order.
 *
 * Every class blocks unless somebody acknowledged it: which of them hurt depends on the size of a table and on the
 * code that runs, which no text tells. What is safe whatever they are has no finding. An up part is judged with what
 * the files before it say of its tables; a down part with nothing, as nobody knows when it runs.
 *
 * @throws ProblemError of acknowledgements that acknowledge nothing
 */
export function judgeMigrations(migrations: readonly Migration[], parser: SqlParser): JudgedMigration[] {
  const memory = new SchemaMemory();
  const problems: Problem[] = [];
  const judged = migrations.map((migration) => {
    memory.startPart();
    const judge = (part: PartName, known: SchemaMemory): JudgedStatement[] =>
      migration[part].map((statement) =>
        judgeStatement({ migration, part, statement }, known, parser, problems),
      );
    return { migration, up: judge("up", memory), down: judge("down", new SchemaMemory()) };
  });
  if (problems.length > 0) throw new ProblemError(unusable, problems);
  return judged;
}

/** A statement and where it is. */
export interface PlacedStatement {
  readonly migration: Pick<Migration, "path" | "transactional">;
  readonly part: PartName;
  readonly statement: MigrationStatement;
}

/** Judges one statement with what those before it say; acknowledgements that acknowledge nothing go to `problems`. */
export function judgeStatement(
  placed: PlacedStatement,
  memory: SchemaMemory,
  parser: SqlParser,
  problems: Problem[],
): JudgedStatement {
  const { migration, part, statement } = placed;
  const { transactional } = migration;
  const context = {
    memory,
    parser,
    text: statement.text,
    transactional,
    inFunction: false,
    judge: judgeNode,
  };
  const hits = judgeNode(statement.node, context);
  remember(statement.node, memory);
  if ("DoStmt" in statement.node || hits.some(mayDoAnything)) memory.forgetTables();
  const findings = hits.map(({ rule, message }): GateFinding => {
    const { class: of, hint } = rules[rule];
    const acknowledged =
      statement.acknowledgements.find(({ target }) => target === rule || target === of) ?? null;
    const needs = of === "data-loss" ? "backup" : "acknowledgement";
    const place = { file: migration.path, part, line: statement.firstLine };
    return { class: of, rule, message, hint, ...place, needs, acknowledged, blocks: acknowledged === null };
  });
  for (const { target, line } of statement.acknowledgements) {
    if (findings.some((finding) => finding.rule === target || finding.class === target)) continue;
    const found = [...new Set(findings.map(({ rule }) => rule))].join(", ");
    const hint =
      found === "" ? "delete it: the statement after it is safe" : `the statement after it has: ${found}`;
    problems.push({
      path: `${migration.path}:${line}`,
      message: `acknowledges nothing: ${target} was not found`,
      hint,
    });
  }
  return { statement, class: worstClass(findings), findings };
}

/** The worst class of some findings. */
export function worstClass(findings: readonly GateFinding[]): FindingClass | "safe" {
  return findingClasses.find((of) => findings.some((finding) => finding.class === of)) ?? "safe";
}

/** What is not in the text may have changed any table. */
function mayDoAnything({ rule }: Hit): boolean {
  return rule === "function-call" || rules[rule].class === "opaque";
}
