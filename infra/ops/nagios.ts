import type { Failure, Report } from "./report";
import { visible } from "../../components/core/visible";

/** What a check tells Nagios, Icinga and all that read their line. */
export interface NagiosResult {
  /** One line: what was found, or the figure that matters. */
  readonly summary: string;
  readonly performance: readonly PerformanceFigure[];
}

/** One figure of performance data, as Monitoring Plugins' guidelines have it ("Performance data"). */
export interface PerformanceFigure {
  /** Without line breaks; anything else is quoted. */
  readonly label: string;
  readonly value: number;
  /** Seconds, bytes, percent, a counter that only grows, or a plain number (the default). */
  readonly unit?: "s" | "B" | "%" | "c" | "";
  readonly warning?: number;
  readonly critical?: number;
  readonly min?: number;
  readonly max?: number;
}

/** Their states, with the exit codes that they read. */
export type NagiosState = "OK" | "WARNING" | "CRITICAL" | "UNKNOWN";

/** The worst of the findings: one that says nothing is a warning. */
export function nagiosState({ findings, cancelled, incomplete }: Report<unknown>): NagiosState {
  if (cancelled === true) return "UNKNOWN";
  if (findings.length === 0) return incomplete === true ? "UNKNOWN" : "OK";
  return findings.some(({ severity }) => severity === "critical") ? "CRITICAL" : "WARNING";
}

/** `PGSTEAD HEALTH WARNING - 2 findings | connections=83%;80;95` */
export function renderNagios(
  command: string,
  state: NagiosState,
  { summary, performance }: NagiosResult,
): string {
  const head = `PGSTEAD ${command.toUpperCase()} ${state} - ${oneLine(summary)}`;
  const figures = performance.filter(({ value }) => Number.isFinite(value)).map(renderFigure);
  return `${[head, ...(figures.length === 0 ? [] : [figures.join(" ")])].join(" | ")}\n`;
}

/** Of a check that could not look. */
export function renderNagiosFailure(command: string | null, { title, problems }: Failure): string {
  const reasons = problems.map(({ message }) => message).join("; ");
  const summary = `${title}: ${reasons}`;
  return renderNagios(command ?? "OPS", "UNKNOWN", { summary, performance: [] });
}

/** The bar begins the performance data, and a line break another kind of line. */
function oneLine(text: string): string {
  return visible(text.replace(/[|\s]+/g, " ")).trim();
}

function renderFigure(figure: PerformanceFigure): string {
  const { label, value, unit = "", warning, critical, min, max } = figure;
  const limits = [warning, critical, min, max].map((limit) => (limit === undefined ? "" : String(limit)));
  return `${renderLabel(label)}=${value}${unit};${limits.join(";")}`.replace(/;+$/, "");
}

function renderLabel(label: string): string {
  const text = oneLine(label);
  return /^[A-Za-z0-9_.-]+$/.test(text) ? text : `'${text.replace(/'/g, "''")}'`;
}
