import type { PanelUnit } from "../../../components/core/monitoring/dashboards/panel";
import { renderDuration } from "../../../components/core/duration";
import { renderSize } from "../../../components/core/size";

/** What numbers of an axis are divided by, so that they are short, and what stands behind them. */
export interface AxisScale {
  readonly factor: number;
  readonly suffix: string;
}

/** A value of a panel for people. */
export function renderValue(value: number, unit: PanelUnit): string {
  if (!Number.isFinite(value)) return value > 0 ? "unlimited" : "?";
  switch (unit) {
    case "bytes":
      return renderSigned(value, renderSize);
    case "bytesPerSecond":
      return `${renderSigned(value, renderSize)}/s`;
    case "percent":
      return `${plain(value)}%`;
    case "perSecond":
      return `${renderCount(value)}/s`;
    case "seconds":
      return renderSigned(value, renderSeconds);
    case "timestamp":
      return value <= 0 ? "never" : renderMoment(new Date(value * 1_000).toISOString());
    case "upDown":
      return value >= 1 ? "up" : "down";
    case "count":
    case "transactions":
      return renderCount(value);
  }
}

function renderSigned(value: number, render: (value: number) => string): string {
  return value < 0 ? `-${render(-value)}` : render(value);
}

function renderSeconds(seconds: number): string {
  if (seconds === 0) return "0 s";
  if (seconds < 0.001) return `${plain(seconds * 1_000_000)} µs`;
  if (seconds < 1) return `${plain(seconds * 1_000)} ms`;
  return seconds < 60 ? `${plain(seconds)} s` : renderDuration(seconds);
}

function renderCount(value: number): string {
  const { factor, suffix } = steps(Math.abs(value), 1_000, ["", "k", "million", "billion"]);
  return withSuffix(plain(value / factor), suffix);
}

/** Two digits that tell something; whole numbers whole. */
function plain(value: number): string {
  const size = Math.abs(value);
  const digits = size >= 100 || Number.isInteger(value) ? 0 : size >= 10 ? 1 : 2;
  const rounded = Number(value.toFixed(digits));
  return String(rounded === 0 ? Number(value.toPrecision(1)) : rounded);
}

/** A moment to the minute, in UTC: `2026-11-22 13:55`. */
export function renderMoment(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}

/** How the numbers of an axis up to `most` are written. */
export function axisScale(most: number, unit: PanelUnit): AxisScale {
  switch (unit) {
    case "bytes":
      return steps(most, 1_024, ["bytes", "kB", "MB", "GB", "TB", "PB"]);
    case "bytesPerSecond": {
      const { factor, suffix } = steps(most, 1_024, ["bytes", "kB", "MB", "GB", "TB", "PB"]);
      return { factor, suffix: `${suffix}/s` };
    }
    case "percent":
      return { factor: 1, suffix: "%" };
    case "seconds":
    case "timestamp":
      return secondsScale(most);
    case "perSecond": {
      const { factor, suffix } = steps(most, 1_000, ["", "k", "million", "billion"]);
      return { factor, suffix: `${suffix}/s` };
    }
    case "upDown":
      return { factor: 1, suffix: "" };
    case "count":
    case "transactions":
      return steps(most, 1_000, ["", "k", "million", "billion"]);
  }
}

function secondsScale(most: number): AxisScale {
  if (most >= 2 * 86_400) return { factor: 86_400, suffix: "d" };
  if (most >= 2 * 3_600) return { factor: 3_600, suffix: "h" };
  if (most >= 2 * 60) return { factor: 60, suffix: "min" };
  if (most >= 1) return { factor: 1, suffix: "s" };
  return most >= 0.001 ? { factor: 0.001, suffix: "ms" } : { factor: 0.000_001, suffix: "µs" };
}

function steps(most: number, base: number, suffixes: readonly string[]): AxisScale {
  let step = 0;
  while (step < suffixes.length - 1 && most >= base ** (step + 1)) step += 1;
  return { factor: base ** step, suffix: suffixes[step] ?? "" };
}

/** `12 MB`, `12%`, `12/s`, `12`. */
export function withSuffix(number: string, suffix: string): string {
  return /^[%/]|^$/.test(suffix) ? `${number}${suffix}` : `${number} ${suffix}`;
}
