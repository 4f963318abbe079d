import { axisScale, renderMoment, renderValue, withSuffix } from "./units";
import { Html, markup } from "./markup";
import type { ReportChart, ReportLine } from "./model";

/** Draws one chart of lines as SVG that needs no script. */
export type DrawLines = (chart: ReportChart, span: Span) => Html;

/** What the axis of time shows, in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

/** So many lines have colours that one can tell apart; more are in the table of the chart only. */
export const drawnLines = 8;

/** In units of the drawing, which is as wide as there is room for. */
const size = { width: 440, height: 170, left: 62, right: 8, top: 8, bottom: 20 } as const;
const right = size.width - size.right;
const bottom = size.height - size.bottom;

/** What draws, loaded only where a page is written. */
export async function loadDrawing(): Promise<DrawLines> {
  const [scales, shapes] = await Promise.all([import("d3-scale"), import("d3-shape")]);
  return (chart, span) => {
    const lines = chart.lines.slice(0, drawnLines);
    const { low, high } = extent(chart);
    const { factor, suffix } = axisScale(Math.max(high, -low), chart.unit);
    const x = scales.scaleUtc().domain([span.from, span.to]).range([size.left, right]);
    const y = scales
      .scaleLinear()
      .domain([low / factor, high / factor])
      .range([bottom, size.top]);
    if (chart.unit !== "percent" || high > 100) y.nice(4);
    const at = (value: number): number => y(value / factor);
    const path = shapes
      .line<Position>()
      .defined(({ value }) => value !== null)
      .x(({ time }) => x(time))
      .y(({ value }) => at(value ?? 0))
      .digits(1);
    const write = y.tickFormat(4);
    return markup`<svg viewBox="0 0 ${size.width} ${size.height}" role="img" aria-label="${describe(chart)}">
      ${[
        ...y.ticks(4).map((tick) => horizontal(y(tick), withSuffix(write(tick), suffix))),
        ...x.ticks(5).map((tick) => vertical(x(tick), timeLabel(tick, span))),
        ...limits(chart, high).map(({ name, value }) => rule(at(value), name)),
        ...lines.map((line, index) => curve(path(positions(line)) ?? "", index)),
      ]}
    </svg>`;
  };
}

interface Position {
  readonly time: number;
  readonly value: number | null;
}

function positions({ points }: ReportLine): Position[] {
  return points.map(({ at, value }) => ({ time: Date.parse(at), value }));
}

/** From zero, so that no small change looks like a great one; a threshold is shown once it is near. */
function extent(chart: ReportChart): { readonly low: number; readonly high: number } {
  const values = chart.lines
    .slice(0, drawnLines)
    .flatMap(({ points }) => points.flatMap(({ value }) => (value === null ? [] : [value])));
  const low = Math.min(0, ...bounds(values, Math.min));
  const most = Math.max(0, ...bounds(values, Math.max));
  // What is 100% may be a little more by rounding.
  if (chart.unit === "percent") return { low, high: most < 101 ? 100 : most };
  if (chart.unit === "upDown") return { low, high: 1 };
  const near = limits(chart, most * 4).map(({ value }) => value * 1.05);
  const high = Math.max(most, ...near);
  return { low, high: high === low ? low + 1 : high };
}

/** A list of many values is too long for the arguments of a function. */
function bounds(values: readonly number[], choose: (a: number, b: number) => number): number[] {
  return values.length === 0 ? [] : [values.reduce((a, b) => choose(a, b))];
}

function limits({ thresholds }: ReportChart, most: number) {
  if (thresholds === null) return [];
  const { warning, critical } = thresholds;
  return [
    { name: "warning", value: warning },
    { name: "critical", value: critical },
  ].flatMap(({ name, value }) => (value === null || value > most ? [] : [{ name, value }]));
}

function horizontal(y: number, label: string): Html {
  return markup`<path class="grid" d="M${size.left} ${place(y)}H${right}" />
    <text x="${size.left - 5}" y="${place(y + 4)}" text-anchor="end">${label}</text>`;
}

function vertical(x: number, label: string): Html {
  return markup`<path class="grid" d="M${place(x)} ${bottom}v4" />
    <text x="${place(x)}" y="${size.height - 4}" text-anchor="middle">${label}</text>`;
}

function rule(y: number, name: string): Html {
  return markup`<path class="rule ${name}" d="M${size.left} ${place(y)}H${right}" />`;
}

function curve(path: string, index: number): Html {
  return markup`<path class="line l${index}" d="${path}" />`;
}

const place = (value: number): number => Math.round(value * 10) / 10;

/** The time of a day, at its beginning the day. */
function timeLabel(tick: Date, { from, to }: Span): string {
  const iso = tick.toISOString();
  const isDay = iso.slice(11, 16) === "00:00";
  return isDay || to - from > 4 * 86_400_000 ? iso.slice(5, 10) : iso.slice(11, 16);
}

/** What a chart shows, for who does not see it. */
function describe({ title, lines, unit }: ReportChart): string {
  const parts = lines.slice(0, drawnLines).map((line) => {
    const { first, last, low, high } = summarize(line);
    if (last === undefined || low === undefined || high === undefined || first === undefined) {
      return `${line.name}: no value`;
    }
    return `${line.name} from ${renderValue(low, unit)} to ${renderValue(high, unit)}, last ${renderValue(last, unit)}`;
  });
  return `${title}: ${parts.join("; ")}`;
}

/** The figures of a line; undefined: it has no value. */
export function summarize({ points }: ReportLine) {
  const found = points.filter((point): point is typeof point & { value: number } => point.value !== null);
  const values = found.map(({ value }) => value);
  const sum = values.reduce((a, b) => a + b, 0);
  return {
    first: found[0]?.value,
    last: found.at(-1)?.value,
    lastAt: found.length === 0 ? "" : renderMoment(found.at(-1)?.at ?? ""),
    low: bounds(values, Math.min)[0],
    high: bounds(values, Math.max)[0],
    mean: values.length === 0 ? undefined : sum / values.length,
  };
}
