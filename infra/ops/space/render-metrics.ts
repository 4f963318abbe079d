import { renderSize } from "../../../components/core/size";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { renderTable } from "../table";
import type { ServerMetrics } from "../../../components/core/operations/metrics";
import type { DeadRows } from "../../../components/io/catalog/metrics";

export interface MetricsData {
  readonly server: ServerMetrics;
  /** Of each declared database. */
  readonly inside: readonly {
    readonly database: string;
    /** Tables with more than 1,000 dead rows. */
    readonly deadRows: readonly DeadRows[];
    readonly unusedIndexes: number;
  }[];
}

const numeric = (heading: string) => ({ heading, numeric: true });

/** What `metrics` prints above the findings. */
export function renderMetrics({ stack, data }: Report<MetricsData>, colors: Colors): string {
  const sections = [
    renderServer(stack, data.server),
    renderDatabases(data, colors),
    ...renderDead(data, colors),
    ...renderStandbys(data.server, colors),
  ];
  return `${sections.join("\n\n")}\n`;
}

function renderServer(stack: string, server: MetricsData["server"]): string {
  const { timed, requested, buffersWritten } = server.checkpoints;
  return [
    `stack ${stack} at ${server.at}, rates over ${server.intervalSeconds} s${server.inRecovery ? ", a standby" : ""}`,
    `write-ahead log: ${renderSize(server.walBytesPerSecond)}/s, ${renderSize(server.walBytes)} in all`,
    `checkpoints: ${timed} timed, ${requested} requested, which wrote ${buffersWritten} pages`,
    ...(server.replayLagSeconds === null ? [] : [`replayed: ${server.replayLagSeconds.toFixed(1)} s behind`]),
  ].join("\n");
}

function renderDatabases({ server, inside }: MetricsData, colors: Colors): string {
  const unused = new Map(inside.map((one) => [one.database, one.unusedIndexes]));
  const rows = server.databases.map((one) => [
    one.database,
    one.sizeBytes === null ? "?" : renderSize(one.sizeBytes),
    one.cacheHitPercent ?? "",
    one.transactionsPerSecond,
    one.rollbacksPerSecond,
    renderSize(one.temporaryBytes),
    one.deadlocks,
    one.xidAge,
    unused.get(one.database) ?? "",
  ]);
  const headings = [
    "size",
    "cache hit %",
    "tx/s",
    "rollbacks/s",
    "temp",
    "deadlocks",
    "XID age",
    "unused indexes",
  ];
  return renderTable("Databases", [{ heading: "database" }, ...headings.map(numeric)], rows, colors);
}

function renderDead({ inside }: MetricsData, colors: Colors): string[] {
  const rows = inside.flatMap(({ database, deadRows }) =>
    deadRows.map((one) => [database, one.table, one.deadRows, one.liveRows]),
  );
  const columns = [{ heading: "database" }, { heading: "table" }, numeric("dead"), numeric("live")];
  return rows.length === 0 ? [] : [renderTable("More than 1,000 dead rows", columns, rows, colors)];
}

function renderStandbys({ standbys }: MetricsData["server"], colors: Colors): string[] {
  const rows = standbys.map(({ name, state, lagBytes, lagSeconds }) => [
    name,
    state,
    lagBytes === null ? "?" : renderSize(lagBytes),
    lagSeconds === null ? "" : `${lagSeconds.toFixed(1)} s`,
  ]);
  const columns = [{ heading: "name" }, { heading: "state" }, numeric("behind"), numeric("lag")];
  return rows.length === 0 ? [] : [renderTable("Standbys", columns, rows, colors)];
}
