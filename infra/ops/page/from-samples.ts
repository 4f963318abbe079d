import type { Thresholds } from "../../../components/core/monitoring/thresholds";
import type { CapacityFacts, SizeSample } from "../../../components/core/operations/capacity";
import type { StatementLoad } from "../../../components/io/catalog/statement-load";
import type { ReportChart, ReportLine, ReportPoint } from "./model";
import type { SectionName } from "./placed";

/** What the samples of one database have. */
export interface SampledDatabase extends CapacityFacts {
  readonly load: readonly StatementLoad[];
}

/** A chart, and the section that it stands in. */
export interface PlacedChart {
  readonly section: SectionName;
  readonly chart: ReportChart;
}

/** Tables with a line of their own. */
const mostTables = 6;

/**
 * The charts that kept samples give; what they have no value of is none.
 *
 * @param from milliseconds since 1970
 */
export function sampledCharts(
  databases: readonly SampledDatabase[],
  from: number,
  limits: Thresholds,
): PlacedChart[] {
  // Every database's samples have the figures of the server: the longest row of them tells most.
  const samples = databases
    .map((one) => one.samples.filter(({ at }) => at >= from))
    .reduce<readonly SizeSample[]>((best, one) => (one.length > best.length ? one : best), []);
  return [...ofServer(samples, limits), ...ofDatabases(databases, from), ...ofTables(databases, from)].filter(
    ({ chart }) => chart.lines.length > 0,
  );
}

function ofServer(samples: readonly SizeSample[], limits: Thresholds): PlacedChart[] {
  const line = (name: string, value: (sample: SizeSample) => number | null): ReportLine =>
    lineOf(
      name,
      samples.map((sample) => ({ at: sample.at, value: value(sample) })),
    );
  const percent = ({ volumeBytes, volumeFreeBytes }: SizeSample): number | null =>
    volumeBytes === null || volumeFreeBytes === null ? null : (volumeFreeBytes / volumeBytes) * 100;
  return [
    chart("overview", {
      title: "Connections in use",
      description:
        "Of those that ordinary roles may have, when a sample was taken: a shorter peak is not seen.",
      unit: "percent",
      thresholds: { warning: limits.connectionsWarning, critical: limits.connectionsCritical, below: false },
      lines: [line("in use", ({ connections, connectionLimit }) => (100 * connections) / connectionLimit)],
    }),
    chart("overview", {
      title: "Free room of the volume",
      description: "What is free of the file system with the data. A server whose volume is full stops.",
      unit: "percent",
      thresholds: { warning: limits.diskWarning, critical: limits.diskCritical, below: true },
      lines: [line("free", percent)],
    }),
    chart("tables", {
      title: "Oldest transaction ID",
      description:
        "Age of the oldest one that is not frozen. At 2.1 billion PostgreSQL takes no more writes.",
      unit: "transactions",
      thresholds: { warning: limits.wraparoundWarning, critical: limits.wraparoundCritical, below: false },
      lines: [line("age", ({ xidAge }) => xidAge)],
    }),
    chart("replication", {
      title: "Written to the log",
      description: "Bytes of write-ahead log in a second, between two samples.",
      unit: "bytesPerSecond",
      thresholds: null,
      lines: [lineOf("written", ratesOf(samples.map(({ at, walPosition }) => ({ at, value: walPosition }))))],
    }),
    chart("replication", {
      title: "Size of the log",
      description: "Files of the write-ahead log on the volume.",
      unit: "bytes",
      thresholds: null,
      lines: [line("size", ({ walBytes }) => walBytes)],
    }),
  ];
}

function ofDatabases(databases: readonly SampledDatabase[], from: number): PlacedChart[] {
  const sizes = databases.map(({ database, samples }) =>
    lineOf(
      database,
      samples.filter(({ at }) => at >= from).map(({ at, databaseBytes }) => ({ at, value: databaseBytes })),
    ),
  );
  const loads = (value: (load: StatementLoad) => number): ReportLine[] =>
    databases.map(({ database, load }) =>
      lineOf(
        database,
        load.map((one) => ({ at: one.at, value: value(one) })),
      ),
    );
  return [
    chart("overview", {
      title: "Size of databases",
      description: "Size of each database with its indexes.",
      unit: "bytes",
      thresholds: null,
      lines: sizes,
    }),
    chart("queries", {
      title: "Statements at work",
      description:
        "Time of all statements in a second: how many ran at once on average, between two samples.",
      unit: "count",
      thresholds: null,
      lines: loads(({ totalMs, seconds }) => totalMs / 1_000 / seconds),
    }),
    chart("queries", {
      title: "Statements in a second",
      description: "Calls of all statements of each database.",
      unit: "perSecond",
      thresholds: null,
      lines: loads(({ calls, seconds }) => calls / seconds),
    }),
  ];
}

function ofTables(databases: readonly SampledDatabase[], from: number): PlacedChart[] {
  const all = databases.flatMap(({ database, relations }) =>
    relations.map(({ schema, name, points }) =>
      lineOf(
        `${database}.${schema}.${name}`,
        points.filter(({ at }) => at >= from),
      ),
    ),
  );
  const last = ({ points }: ReportLine): number => points.at(-1)?.value ?? 0;
  const lines = all.toSorted((a, b) => last(b) - last(a)).slice(0, mostTables);
  return [
    chart("tables", {
      title: "Largest tables",
      description: "Size with what belongs to them, every six hours.",
      unit: "bytes",
      thresholds: null,
      lines,
    }),
  ];
}

function chart(
  section: SectionName,
  { lines, ...rest }: Omit<ReportChart, "check" | "kind" | "source">,
): PlacedChart {
  // One point is no line: it would look as if nothing had happened.
  const drawn = lines.filter(({ points }) => points.filter(({ value }) => value !== null).length > 1);
  return { section, chart: { ...rest, kind: "lines", source: "samples", check: null, lines: drawn } };
}

interface Figure {
  readonly at: number;
  readonly value: number | null;
}

/** What changed in a second; a figure that begins anew, such as after a restore, has no rate. */
function ratesOf(points: readonly { readonly at: number; readonly value: number }[]): Figure[] {
  return points.slice(1).map(({ at, value }, index) => {
    const before = points[index] ?? { at, value };
    const seconds = (at - before.at) / 1_000;
    return { at, value: value < before.value || seconds <= 0 ? null : (value - before.value) / seconds };
  });
}

/** With gaps where samples are missing: more than three times as far apart as they usually are. */
function lineOf(name: string, figures: readonly Figure[]): ReportLine {
  const steps = figures.slice(1).map(({ at }, index) => at - (figures[index]?.at ?? at));
  const usual = steps.toSorted((a, b) => a - b)[Math.floor(steps.length / 2)] ?? 0;
  const points = figures.flatMap(({ at, value }, index): ReportPoint[] => {
    const before = figures[index - 1];
    const here = { at: new Date(at).toISOString(), value };
    if (before === undefined || at - before.at <= usual * 3) return [here];
    return [{ at: new Date(before.at + usual).toISOString(), value: null }, here];
  });
  return { name, points };
}
