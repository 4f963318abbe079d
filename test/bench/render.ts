import type { BenchResult } from "./bench";
import type { PgbenchResult } from "./docker/pgbench";
import { median, type Comparison, type Figures } from "./figures";

/** The result as text: every figure with its spread, then the comparisons with their aims. */
export function renderResult(result: BenchResult): string {
  const { runs, machine, resources, figures, comparisons, pgbench, leftOut } = result;
  const counts = Object.entries(resources).map(([name, count]) => `${name} ${count}`);
  const counted = counts.length === 0 ? "" : `; resources: ${counts.join(", ")}`;
  return `${[
    `medians of ${runs} runs on ${machine.cores} cores, Node ${machine.node}${counted}`,
    "",
    ...align([["command", "subject", "median", "least", "most"], ...figures.map(figureRow)]),
    ...(pgbench === undefined ? [] : ["", ...renderPgbench(pgbench)]),
    "",
    ...align([["comparison", "value", "aim", ""], ...comparisons.map(comparisonRow)]),
    ...leftOut.map(({ part, reason }) => `\nleft out: ${part}: ${reason}`),
  ].join("\n")}\n`;
}

function renderPgbench({ throughput, settings }: PgbenchResult): string[] {
  const rows = throughput.map(({ mode, settings: which, median: middle, tps }) => [
    mode,
    which,
    ...[middle, Math.min(...tps), Math.max(...tps)].map((value) => `${value.toFixed(0)} tps`),
  ]);
  const servers = Object.entries(settings).map(([which, values]) => {
    const shown = Object.entries(values).map(([name, value]) => `${name} ${value}`);
    return `${which}: ${shown.join(", ")}`;
  });
  return [...align([["pgbench", "settings", "median", "least", "most"], ...rows]), ...servers];
}

function figureRow({ command, subject, seconds }: Figures): string[] {
  const values = [median(seconds), Math.min(...seconds), Math.max(...seconds)];
  return [command, subject, ...values.map((value) => `${value.toFixed(2)} s`)];
}

function comparisonRow({ what, value, unit, aim, met }: Comparison): string[] {
  const render = (number: number): string => `${number.toFixed(2)}${unit === "times" ? "" : ` ${unit}`}`;
  return [
    what,
    render(value),
    aim === null ? "" : `<= ${render(aim)}`,
    met === null ? "" : met ? "met" : "missed",
  ];
}

function align(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join("  ")
      .trimEnd(),
  );
}
