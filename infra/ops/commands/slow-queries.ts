import { InvalidArgumentError } from "commander";
import { statementOrders, type StatementOrder } from "../../../components/core/operations/statements";
import { parseLimit } from "../arguments";
import type { OpsCommand } from "../command";
import { parseMoment } from "../moment";
import { readSlowQueries, type SlowQueriesArgs, type SlowQueriesData } from "../statements/read";
import { renderSlowQueries } from "../statements/render";

/** Shows what statements take: now, in a span, and what got slower. */
export const slowQueriesCommand: OpsCommand<SlowQueriesArgs, SlowQueriesData> = {
  name: "slow-queries",
  summary: "show the statements that take most, now or in a span, and what got slower",
  watch: true,
  declare: (command) => {
    command
      .option("-d, --database <name>", "of one database; default all")
      .option("--by <word>", `in the order of ${statementOrders.join(", ")}`, parseOrder, "total")
      .option("--top <count>", "so many", parseLimit, 10)
      .option(
        "--since <moment>",
        "since then, from kept samples: 30min, 2h, 3d, today, yesterday, 2026-03-01T12:00Z",
        parseMoment,
      )
      .option("--until <moment>", "until then, in the same form (default: now)", parseMoment)
      .option("--regressions", "what got slower since then, compared with as long before, and what is new")
      .option("--full", "the whole texts")
      .addHelpText("after", help);
  },
  run: readSlowQueries,
  render: (report, args, colors) => ({ output: renderSlowQueries(report, args, colors) }),
  nagios: ({ data, findings }) => ({
    summary: findings.length === 0 ? "no slow statements" : findings.map(({ message }) => message).join("; "),
    performance: data.spans.map(({ database, totalMs }) => ({
      label: `${database}_time`,
      value: totalMs / 1000,
      unit: "s" as const,
    })),
  }),
};

const help = `
Without --since the counters of pg_stat_statements as they are; with it what the samples in schema pgstead have, which
outlast a reset and a restart, and what ran since the newest of them. Texts are without constants and comments. A finding
is a statement whose mean time is over the threshold slowQuery at 20 calls or more, commands of maintenance aside; with
--regressions one that is twice as slow, and by over a second and 5% of all time.

JSON: data.by; data.spans [{ database, from | null, to, resets, evictions, statementCount, calls, totalMs }];
data.statements [{ database, role | null, queryId, topLevel, text | null, calls, totalMs, meanMs, deviationMs, maxMs | null,
share, rows, rowsPerCall, hitRatio | null, blocksRead, blocksWritten, tempBytes, ioMs, walBytes }]; data.regressions [{
before, after, factor, addedMs }] | null; data.newStatements | null; data.remarks.

Examples:
  npm run ops -- slow-queries --by mean --top 5
  npm run ops -- slow-queries --since yesterday --stack prod
  npm run ops -- slow-queries --since 2h --regressions --full --stack prod`;

function parseOrder(text: string): StatementOrder {
  const found = statementOrders.find((word) => word === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`It is one of ${statementOrders.join(", ")}.`);
}
