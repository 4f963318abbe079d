import type { BenchResult } from "./bench";
import { median, type Comparison, type Figures } from "./figures";

/** The result as text: every figure with its spread, then the comparisons with their aims. */
export function renderResult({ runs, machine, resources, figures, comparisons }: BenchResult): string {
  const counts = Object.entries(resources).map(([name, count]) => `${name} ${count}`);
  return `${[
    `medians of ${runs} runs on ${machine.cores} cores, Node ${machine.node}; resources: ${counts.join(", ")}`,
    "",
    ...align([["command", "subject", "median", "least", "most"], ...figures.map(figureRow)]),
    "",
    ...align([["comparison", "value", "aim", ""], ...comparisons.map(comparisonRow)]),
  ].join("\n")}\n`;
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
