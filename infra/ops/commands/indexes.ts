import {
  indexFindings,
  indexScript,
  judgeIndexes,
  type DatabaseIndexes,
} from "../../../components/core/operations/indexes";
import { readIndexes } from "../../../components/io/catalog/indexes";
import type { DatabaseConfig } from "../../config";
import type { CommandContext, OpsCommand } from "../command";
import type { NagiosResult } from "../nagios";
import type { Report } from "../report";
import { databasesOf, declareDatabase, lookIntoEach, type DatabaseArgs } from "../space/databases";
import { renderIndexes } from "../space/render-indexes";
import { plural } from "../text";
import { openWatcher } from "../watcher";

interface IndexesArgs extends DatabaseArgs {
  readonly sql?: boolean;
}

export interface IndexesData {
  readonly databases: readonly DatabaseIndexes[];
}

/** Tells which indexes cost more than they give, and which ones are missing. */
export const indexesCommand: OpsCommand<IndexesArgs, IndexesData> = {
  name: "indexes",
  summary: "find indexes that are unused, the same twice, invalid, or missing on foreign keys",
  declare: (command) => {
    declareDatabase(command)
      .option("--sql", "print the statements that would mend it, as a script")
      .addHelpText("after", help);
  },
  run,
  nagios: ({ data, findings }): NagiosResult => ({
    summary: plural(findings.length, "finding"),
    performance: (["unused", "duplicate", "invalid", "missing"] as const).map((label) => ({
      label,
      value: data.databases.reduce((sum, one) => sum + one[label].length, 0),
      min: 0,
    })),
  }),
  render: (report, { sql }, colors) =>
    sql === true
      ? { output: indexScript(report.data.databases), machine: true }
      : { output: renderIndexes(report, colors) },
};

const help = `
Unused: not scanned since the statistics were reset, lost in a crash or begun, if that is the week ago that
pgstead:monitoring.thresholds.unusedIndexAge says (data.databases[].tooYoung: it is not), at least unusedIndexBytes large, and nothing
but speed depends on it: not unique, of no constraint, no replica identity, not the only one that helps a foreign key.
The same twice: table, access method, columns and expressions with operator class, collation and order, INCLUDE and
predicate. Invalid: what a CREATE INDEX or REINDEX CONCURRENTLY that did not end has left. Missing: of a foreign key, on
the table that refers; an index counts whose first columns are the key's, in any order.

Needs no more than a login. Nothing is changed: the statements are for a migration, each outside of a transaction.

JSON: data.databases [{ database, statistics { since, ageSeconds, inRecovery, standbys }, tooYoung, unused, duplicate, prefix and
invalid [{ index, table, sizeBytes, scans, writes, why, statements }], missing [{ foreignKey, table, columns, references,
sizeBytes, statements }], neverAnalyzed [{ table, sizeBytes, statements }] }].

Examples:
  npm run ops -- indexes
  npm run --silent ops -- indexes --sql > mend.sql`;

async function run(context: CommandContext, args: IndexesArgs): Promise<Report<IndexesData>> {
  const chosen = databasesOf(context, args);
  const watcher = await openWatcher(context);
  const { thresholds } = context.config;
  const databases = await lookIntoEach(context, chosen, async (database) =>
    judgeIndexes(
      await watcher.look(database.name, (session) => readIndexes(session, ownSchemas(database))),
      thresholds,
    ),
  );
  return {
    command: "indexes",
    stack: context.stack,
    data: { databases },
    findings: indexFindings(databases),
  };
}

/** Schemas whose indexes are pgstead's to make and to keep. */
function ownSchemas({ audit }: DatabaseConfig): string[] {
  return ["pgstead", ...(audit === undefined ? [] : ["audit"])];
}
