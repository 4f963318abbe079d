import type { Dashboard, Panel } from "../../../components/core/monitoring/dashboards/panel";
import type {
  PrometheusAnswer,
  PrometheusQuestion,
  PrometheusSeries,
  PrometheusSpan,
} from "../../../components/io/docker/ask-prometheus";
import type { ReportChart, ReportLine, ReportThresholds, Untold } from "./model";

/** Charts of one dashboard, and panels that have none. */
export interface DashboardCharts {
  readonly charts: readonly ReportChart[];
  readonly untold: readonly Untold[];
}

/** About as many points as a chart is wide. */
const mostPoints = 200;

/**
 * Span and step of a report.
 *
 * @param interval seconds between two scrapes: nothing is known in between
 */
export function spanOf(since: Date, now: Date, interval: number): PrometheusSpan {
  const [from, to] = [since.getTime() / 1_000, now.getTime() / 1_000];
  const step = Math.max(interval, Math.ceil((to - from) / mostPoints));
  // Prometheus counts its steps from the beginning: so that the last one is now, and what is told of it is not a step old.
  return { from: to - Math.floor((to - from) / step) * step, to, step };
}

/** What is asked for all panels, in their order. A rate needs four scrapes, or the whole step, as Grafana has it. */
export function questionsOf(
  dashboards: readonly Dashboard[],
  { step }: PrometheusSpan,
  interval: number,
): PrometheusQuestion[] {
  const range = `${Math.max(step + interval, 4 * interval)}s`;
  return dashboards.flatMap(({ panels }) =>
    panels.flatMap(({ queries, kind }) =>
      queries.map(({ expression }) => ({
        expression: expression.replaceAll("$__rate_interval", range).replaceAll("$database", ".*"),
        over: kind === "lines" ? ("span" as const) : ("now" as const),
      })),
    ),
  );
}

/** The charts of all dashboards from the answers to `questionsOf`. */
export function chartsOf(
  dashboards: readonly Dashboard[],
  answers: readonly PrometheusAnswer[],
  span: PrometheusSpan,
): DashboardCharts[] {
  let next = 0;
  return dashboards.map(({ panels }) => {
    const found = panels.map((panel) => {
      const own = answers.slice(next, (next += panel.queries.length));
      return chartOf(panel, own, span);
    });
    return {
      charts: found.flatMap((one) => ("kind" in one ? [one] : [])),
      untold: found.flatMap((one) => ("kind" in one ? [] : [one])),
    };
  });
}

function chartOf(
  panel: Panel,
  answers: readonly PrometheusAnswer[],
  span: PrometheusSpan,
): ReportChart | Untold {
  const { title, description, unit, kind } = panel;
  const fault = answers.flatMap((answer) => ("fault" in answer ? [answer.fault] : []))[0];
  if (fault !== undefined) return { what: title, reason: fault, hint: "", isFine: false };
  const lines = answers.flatMap((answer, index) =>
    "fault" in answer
      ? []
      : answer.series.map((series) => lineOf(series, panel.queries[index]?.legend ?? "", span)),
  );
  const told = lines.filter(({ points }) => points.some(({ value }) => value !== null));
  if (told.length === 0) return nothingOf(panel);
  return {
    ...{ title, description, unit, kind, source: "prometheus", check: panel.check ?? null },
    thresholds: thresholdsOf(panel),
    lines: largestFirst(told),
  };
}

function nothingOf({ title, nothing }: Panel): Untold {
  if (nothing !== undefined) return { what: title, reason: nothing, hint: "", isFine: true };
  const hint =
    "a stack that is just up has no rates yet; else the target may be down: see alert ScrapeFailed";
  return { what: title, reason: "Prometheus has no data for it", hint, isFine: false };
}

function thresholdsOf({ thresholds }: Panel): ReportThresholds | null {
  if (thresholds === undefined) return null;
  const { warning, critical, below = false } = thresholds;
  const known = (value: number): number | null => (Number.isFinite(value) ? value : null);
  return { warning: known(warning), critical: known(critical), below };
}

function lineOf({ labels, points }: PrometheusSeries, legend: string, span: PrometheusSpan): ReportLine {
  const name = legend.replace(/\{\{\s*(\w+)\s*\}\}/g, (_, label: string) => labels[label] ?? "");
  return { name, points: withGaps(points, span.step * 1.5) };
}

/** A line is not drawn over a time in which nothing was measured. */
function withGaps(points: PrometheusSeries["points"], longest: number): ReportLine["points"] {
  return points.flatMap(({ time, value }, index) => {
    const before = points[index - 1];
    const here = { at: isoOf(time), value };
    const isGap = before !== undefined && time - before.time > longest;
    return isGap ? [{ at: isoOf(before.time + longest / 1.5), value: null }, here] : [here];
  });
}

function isoOf(seconds: number): string {
  return new Date(Math.round(seconds * 1_000)).toISOString();
}

/** Of many lines those that matter are drawn. */
function largestFirst(lines: readonly ReportLine[]): readonly ReportLine[] {
  if (lines.length <= 1) return lines;
  const most = ({ points }: ReportLine): number =>
    points.reduce((so, { value }) => (value === null ? so : Math.max(so, value)), Number.NEGATIVE_INFINITY);
  return lines.toSorted((a, b) => most(b) - most(a));
}
