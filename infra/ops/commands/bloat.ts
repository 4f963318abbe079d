import { bloatFindings, judgeBloat, type DatabaseBloat } from "../../../components/core/operations/bloat";
import type { BloatCatalog, ExactMeasure } from "../../../components/core/operations/bloat-facts";
import { plainName } from "../../../components/core/operations/relation";
import { problemError } from "../../../components/core/problem";
import { findStatTuple, measureIndex, measureTable, readBloat } from "../../../components/io/catalog/bloat";
import type { Session } from "../../../components/io/session";
import { parseLimit } from "../arguments";
import type { CommandContext, OpsCommand } from "../command";
import type { Report } from "../report";
import { databasesOf, declareDatabase, lookIntoEach, type DatabaseArgs } from "../space/databases";
import { renderBloat, type BloatData } from "../space/render-bloat";
import { plural } from "../text";
import { openWatcher } from "../watcher";

interface BloatArgs extends DatabaseArgs {
  readonly top: number;
  readonly exact?: boolean;
}

/** Less is not worth a look. */
const leastBytes = 1024 * 1024;

/** Tells what of tables and indexes is empty, and why dead rows are still there. */
export const bloatCommand: OpsCommand<BloatArgs, BloatData> = {
  name: "bloat",
  summary: "show what of tables and indexes is empty or dead, and why it is not cleaned up",
  declare: (command) => {
    declareDatabase(command)
      .option("--top <count>", "how many tables and indexes of each database", parseLimit, 10)
      .option(
        "--exact",
        "measure those with pgstattuple: reads the indexes whole, and tables where they changed",
      )
      .addHelpText("after", help);
  },
  run,
  nagios: ({ data, findings }) => ({
    summary: plural(findings.length, "finding"),
    performance: data.databases.map(({ database, tables, indexes }) => ({
      label: `bloat_${database}`,
      value: [...tables, ...indexes].reduce((sum, { bloatBytes }) => sum + (bloatBytes ?? 0), 0),
      unit: "B" as const,
      min: 0,
    })),
  }),
  render: (report, _args, colors) => ({ output: renderBloat(report, colors) }),
};

const help = `
The estimate compares a table's size with what its rows would take by the planner's statistics (rows, widths, NULLs,
alignment, fillfactor), and is right to about a tenth; an index that holds few different values is told smaller than it
is. What has less than 1 MB is left out. Findings: bloatShare and bloatBytes of pgstead:monitoring.thresholds; more than
100,000 dead rows and deadRows of them; and what keeps dead rows, where it is older than \`transaction\`.

Statistics show a login only the columns that it may read: this asks as the administrator, read-only.

JSON: data.exact; data.databases [{ database, tables [{ table, sizeBytes, bloatBytes, bloatPercent, exact, liveRows,
deadRows, lastVacuum, lastAutovacuum, lastAnalyze, lastAutoanalyze, autovacuum, statements }], indexes [{ index, table,
sizeBytes, bloatBytes, bloatPercent, exact, statements }], holders [{ kind, name, who, ageTransactions, ageSeconds }] }];
null where it cannot be told; data.remarks.

Examples:
  npm run ops -- bloat
  npm run ops -- bloat --database shop --exact --top 3`;

async function run(context: CommandContext, args: BloatArgs): Promise<Report<BloatData>> {
  const chosen = databasesOf(context, args);
  const watcher = await openWatcher(context);
  const exact = args.exact === true;
  const found = await lookIntoEach(context, chosen, ({ name }) =>
    watcher.asAdministrator(
      name,
      async (session) => {
        const catalog = await readBloat(session, leastBytes);
        const estimated = judgeBloat(catalog);
        if (!exact) return { catalog, judged: estimated };
        return { catalog, judged: judgeBloat(catalog, await measure(session, catalog, estimated, args.top)) };
      },
      // Reading whole tables takes as long as it takes.
      exact ? { statementTimeoutMs: 0 } : {},
    ),
  );
  const databases = found.map(({ judged }) => judged);
  return {
    command: "bloat",
    stack: context.stack,
    data: {
      exact,
      databases: databases.map(({ tables, indexes, ...rest }) => ({
        ...rest,
        tables: tables.slice(0, args.top),
        indexes: indexes.slice(0, args.top),
      })),
      remarks: found.flatMap(({ judged }) => remarksOf(judged)),
    },
    findings: bloatFindings(databases, context.config.thresholds),
  };
}

/** Measures what is worst by the estimate. */
async function measure(
  session: Session,
  catalog: BloatCatalog,
  estimated: DatabaseBloat,
  top: number,
): Promise<ExactMeasure[]> {
  const schema = await findStatTuple(session);
  if (schema === undefined) {
    const hint = "declare it (`extensions: [pgstattuple]`) and run `up`; without --exact bloat is estimated";
    throw problemError("--exact", `database ${catalog.database} has no extension pgstattuple`, hint);
  }
  // It ends with its client.
  await session.query("SET client_connection_check_interval = '5s'");
  const tables = new Set(estimated.tables.slice(0, top).map(({ table }) => table));
  const indexes = new Set(estimated.indexes.slice(0, top).map(({ index }) => index));
  const measures: ExactMeasure[] = [];
  for (const table of catalog.tables.filter((one) => tables.has(plainName(one)))) {
    measures.push(await measureTable(session, schema, table.oid));
  }
  for (const index of catalog.indexes.filter((one) => one.valid && indexes.has(plainName(one)))) {
    measures.push(await measureIndex(session, schema, index));
  }
  return measures;
}

function remarksOf({ database, tables, indexes }: DatabaseBloat): string[] {
  const unknown = [...tables, ...indexes].filter(({ bloatBytes }) => bloatBytes === null);
  if (unknown.length === 0) return [];
  return [
    `${database}: of ${unknown.length} tables and indexes nothing can be told: they were not analyzed, or the administrator may not read them (pg_read_all_data)`,
  ];
}
