import { setTimeout } from "node:timers/promises";
import { InvalidArgumentError } from "commander";
import { parseTime } from "../../../components/core/duration";
import { judgeIndexes } from "../../../components/core/operations/indexes";
import { computeMetrics, metricsFindings } from "../../../components/core/operations/metrics";
import { readIndexes } from "../../../components/io/catalog/indexes";
import { readDeadRows, readSnapshots } from "../../../components/io/catalog/metrics";
import { maintenanceDatabase } from "../../../components/io/session";
import type { CommandContext, OpsCommand } from "../command";
import type { Report } from "../report";
import { lookIntoEach } from "../space/databases";
import { renderMetrics, type MetricsData } from "../space/render-metrics";
import { plural } from "../text";
import { openWatcher } from "../watcher";

interface MetricsArgs {
  /** In milliseconds. */
  readonly interval: number;
}

/** One look at the figures that people ask for. */
export const metricsCommand: OpsCommand<MetricsArgs, MetricsData> = {
  name: "metrics",
  summary: "show cache hits, transactions, write-ahead log, checkpoints and lag, now",
  declare: (command) => {
    command
      .option("--interval <time>", "what rates are taken over, such as 1s or 30s", parseInterval, 1_000)
      .addHelpText("after", help);
  },
  run,
  watch: true,
  nagios: ({ data: { server }, findings }) => ({
    summary: plural(findings.length, "finding"),
    performance: [
      { label: "wal_per_second", value: server.walBytesPerSecond, unit: "B" as const, min: 0 },
      ...server.databases.flatMap((one) => [
        { label: `${one.database}_tps`, value: one.transactionsPerSecond, min: 0 },
        ...(one.cacheHitPercent === null
          ? []
          : [{ label: `${one.database}_cache_hit`, value: one.cacheHitPercent, unit: "%" as const }]),
      ]),
    ],
  }),
  render: (report, _args, colors) => ({ output: renderMetrics(report, colors) }),
};

const help = `
Rates are those of the interval; counters are since the statistics were reset. A share of fewer than 100,000 reads, or of
fewer than 50 transactions, is not judged. Findings: cacheHit, rollbacks, temporaryBytes, wraparoundWarning,
wraparoundCritical and replicationLag of pgstead:monitoring.thresholds.

JSON: data.server { at, intervalSeconds, inRecovery, databases [{ database, sizeBytes, cacheHitPercent,
transactionsPerSecond, rollbacksPerSecond, rollbackPercent, temporaryFiles, temporaryBytes, temporaryBytesPerSecond,
deadlocks, xidAge }], checkpoints { timed, requested, buffersWritten, buffersAllocated }, walBytes, walBytesPerSecond,
standbys [{ name, state, lagBytes, lagSeconds }], replayLagSeconds }; data.inside [{ database, deadRows [{ table, deadRows,
liveRows }], unusedIndexes }].

Examples:
  npm run ops -- metrics --interval 10s
  npm run ops -- metrics --watch 5`;

/** How many tables of a database are listed. */
const mostTables = 20;

async function run(context: CommandContext, { interval }: MetricsArgs): Promise<Report<MetricsData>> {
  const watcher = await openWatcher(context);
  const { thresholds, databases } = context.config;
  const inside = await lookIntoEach(context, databases, ({ name }) =>
    watcher.look(name, async (session) => ({
      database: name,
      deadRows: await readDeadRows(session, mostTables),
      unusedIndexes: judgeIndexes(await readIndexes(session, ["pgstead", "audit"]), thresholds).unused.length,
    })),
  );
  const [first, second] = await watcher.look(maintenanceDatabase, (session) =>
    readSnapshots(session, () => setTimeout(interval)),
  );
  const server = computeMetrics(first, second);
  return {
    command: "metrics",
    stack: context.stack,
    data: { server, inside },
    findings: metricsFindings(server, thresholds),
  };
}

function parseInterval(text: string): number {
  const milliseconds = parseTime(text);
  if (milliseconds !== undefined && milliseconds >= 100 && milliseconds <= 3_600_000) return milliseconds;
  throw new InvalidArgumentError("It is a time from 100ms to 1h, such as 5s.");
}
