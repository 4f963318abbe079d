import {
  judgeMigrations,
  type JudgedMigration,
  type JudgedStatement,
} from "../../../../components/core/migrations/gate/judge";
import type { MigrationFile } from "../../../../components/core/migrations/migration";
import { parseMigrations } from "../../../../components/core/migrations/migration-set";
import type { SqlParser } from "../../../../components/core/migrations/sql-parser";

export const notes = "-- why: a test\n-- data: none\n-- rollback: all of it\n-- performance: small\n";

/** The text of a migration of two parts. */
export function migrationText(up: string, { down = "SELECT 1;", header = "" } = {}): string {
  return `${notes}${header}-- migrate:up\n${up}\n-- migrate:down\n${down}\n`;
}

export function fileOf(name: string, text: string): MigrationFile {
  return { name, path: `sql/migrations/${name}`, text, checksum: "" };
}

/** Judges up parts, one file each, in their order; with `-- transaction: none` where asked for. */
export function judgeParts(
  parser: SqlParser,
  ups: readonly string[],
  { transaction = true } = {},
): JudgedMigration[] {
  const header = transaction ? "" : "-- transaction: none\n";
  const files = ups.map((up, index) =>
    fileOf(`${String(index + 1).padStart(4, "0")}-part-${index + 1}.sql`, migrationText(up, { header })),
  );
  return judgeMigrations(parseMigrations({ path: "sql/migrations", files, others: [] }, parser), parser);
}

/** The last statement of the last part. */
export function judgeLast(parser: SqlParser, ups: readonly string[], options = {}): JudgedStatement {
  return judgeParts(parser, ups, options).at(-1)!.up.at(-1)!;
}

/** Its findings as a table writes them: `data-loss drop-table + lock create-index`, or `safe`. */
export function words({ findings }: JudgedStatement): string {
  const found = [...new Set(findings.map((finding) => `${finding.class} ${finding.rule}`))];
  return found.length === 0 ? "safe" : found.join(" + ");
}
