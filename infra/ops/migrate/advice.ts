import type { RuleId } from "../../../components/core/migrations/gate/rules";
import type { JudgedMigration } from "../../../components/core/migrations/gate/judge";
import { outsideTransaction } from "../../../components/core/migrations/transaction-block";
import type { SqlParser } from "../../../components/core/migrations/sql-parser";
import type { SquawkRemark } from "./squawk";

/** Something to think about, which blocks nothing. */
export interface Advice {
  readonly source: "pgstead" | "squawk";
  readonly rule: string;
  readonly message: string;
  readonly hint: string | null;
  readonly file: string;
  readonly line: number;
}

/** A file without a transaction that could have one. */
export function adviseTransactions(judged: readonly JudgedMigration[], parser: SqlParser): Advice[] {
  return judged.flatMap(({ migration }) => {
    const { transactional, up, down, path: file } = migration;
    if (transactional || [...up, ...down].some((one) => outsideTransaction(one, parser) !== undefined))
      return [];
    const message = "every statement of it could run inside of a transaction";
    const hint = "delete `-- transaction: none`: a failure in the middle leaves half of it behind";
    return [{ source: "pgstead", rule: "needless-transaction-none", message, hint, file, line: 1 }];
  });
}

/**
 * squawk's rules that are not passed on: taste (its `prefer-*`), what the runner of migrations sees to (time limits),
 * what the file's own checks tell already, and what the gate decides with the files before it in view. What its grammar
 * does not read, PostgreSQL's has read.
 */
const leftOut =
  /^(?:prefer-.*|ban-char-field|require-(?:lock-timeout|statement-timeout|timeout-settings|table-schema)|syntax-error|transaction-nesting|ban-uncommitted-transaction|ban-concurrent-index-creation-in-transaction|changing-column-type|adding-not-nullable-field)$/;

/** Rules of ours that say the same of a statement. */
const same: Readonly<Record<string, readonly RuleId[]>> = {
  "adding-field-with-default": ["volatile-default", "stored-column", "identity-column"],
  "adding-foreign-key-constraint": ["add-foreign-key"],
  "adding-required-field": ["add-required-column"],
  "adding-serial-primary-key-field": ["add-unique", "identity-column"],
  "ban-alter-domain-with-add-constraint": ["constrain-domain"],
  "ban-drop-column": ["drop-column"],
  "ban-drop-database": ["drop-database"],
  "ban-drop-not-null": ["drop-not-null"],
  "ban-drop-table": ["drop-table"],
  "ban-truncate-cascade": ["truncate-cascade"],
  "constraint-missing-not-valid": [
    "add-check",
    "add-foreign-key",
    "add-exclusion",
    "add-unique",
    "validate-under-lock",
  ],
  "disallowed-unique-constraint": ["add-unique"],
  "renaming-column": ["rename"],
  "renaming-table": ["rename"],
  "require-concurrent-index-creation": ["create-index"],
  "require-concurrent-index-deletion": ["drop-index"],
  "require-concurrent-partition-detach": ["detach-partition"],
  "require-concurrent-reindex": ["reindex"],
};

/** What squawk says of the up parts and the gate does not. */
export function adviseFromSquawk(
  remarks: readonly SquawkRemark[],
  judged: readonly JudgedMigration[],
  fileOf: (judged: JudgedMigration) => string,
): Advice[] {
  const known = new Map(judged.map((one) => [fileOf(one), one]));
  return remarks.flatMap(({ file: named, line, rule, message, help }) => {
    const found = known.get(named);
    if (found === undefined || leftOut.test(rule)) return [];
    const { first, last } = found.migration.upLines;
    if (line < first || line > last) return [];
    const there = found.up.filter(
      ({ statement }) => statement.firstLine <= line && line <= statement.lastLine,
    );
    const told = there.flatMap(({ findings }) => findings.map((finding) => finding.rule));
    if ((same[rule] ?? []).some((ours) => told.includes(ours))) return [];
    return [{ source: "squawk", rule, message, hint: help, file: found.migration.path, line }];
  });
}
