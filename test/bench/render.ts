import type { PgbenchResult } from "./docker/pgbench";
import type { SettingsResult } from "./docker/settings";
import { median, type Comparison, type Figures } from "./figures";
import type { MonitoringResult } from "./monitoring/measure";
import type { BenchResult } from "./result";

/** The result as text: every figure with its spread, then the comparisons with their aims. */
export function renderResult(result: BenchResult): string {
  const { runs, machine, resources, figures, comparisons, pgbench, monitoring, leftOut } = result;
  const counts = Object.entries(resources).map(([name, count]) => `${name} ${count}`);
  const counted = counts.length === 0 ? "" : `; resources: ${counts.join(", ")}`;
  const blocks = [
    [`medians of ${runs} runs on ${machine.cores} cores, Node ${machine.node}${counted}`],
    table(["command", "subject", "median", "least", "most"], figures.map(figureRow)),
    pgbench === undefined ? [] : renderSettings(pgbench),
    monitoring === undefined ? [] : renderPgbench(monitoring.pgbench),
    monitoring === undefined ? [] : renderLoad(monitoring),
    table(["comparison", "value", "aim", ""], comparisons.map(comparisonRow)),
    leftOut.map(({ part, reason }) => `left out: ${part}: ${reason}`),
  ];
  return `${blocks
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join("\n"))
    .join("\n\n")}\n`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return rows.length === 0 ? [] : align([head, ...rows]);
}

function renderPgbench({ subjects, throughput, ratios }: PgbenchResult): string[] {
  const rows = throughput.map(({ mode, subject, median: middle, tps }) => [
    mode,
    subject,
    ...[middle, Math.min(...tps), Math.max(...tps)].map((value) => `${value.toFixed(0)} tps`),
  ]);
  const ratioRows = ratios.map(({ mode, median: middle, ratios: each }) => [
    mode,
    subjects.join(" / "),
    ...[middle, Math.min(...each), Math.max(...each)].map((value) => `${value.toFixed(2)} times`),
  ]);
  return table(["pgbench", "", "median", "least", "most"], [...rows, ...ratioRows]);
}

function renderSettings(result: SettingsResult): string[] {
  const servers = Object.entries(result.settings).map(([which, values]) => {
    const shown = Object.entries(values).map(([name, value]) => `${name} ${value}`);
    return `${which}: ${shown.join(", ")}`;
  });
  return [...renderPgbench(result), ...servers];
}

function renderLoad({ seconds, processes, statements }: MonitoringResult): string[] {
  const share = (used: number): string => `${((100 * used) / seconds).toFixed(2)} %`;
  return [
    ...table(
      [`processor time in ${seconds.toFixed(0)} s`, "seconds", "of a core"],
      processes.map(({ name, seconds: used }) => [name, used.toFixed(2), share(used)]),
    ),
    "",
    ...table(
      [`statements in ${seconds.toFixed(0)} s`, "calls", "seconds", "of a core"],
      statements.map(({ role, calls, seconds: used }) => [role, String(calls), used.toFixed(2), share(used)]),
    ),
  ];
}

function figureRow({ command, subject, seconds }: Figures): string[] {
  const values = [median(seconds), Math.min(...seconds), Math.max(...seconds)];
  return [command, subject, ...values.map((value) => `${value.toFixed(2)} s`)];
}

function comparisonRow({ what, value, unit, aim, met, more }: Comparison): string[] {
  const render = (number: number): string => `${number.toFixed(2)}${unit === "times" ? "" : ` ${unit}`}`;
  return [
    what,
    render(value),
    aim === null ? "" : `${more ? ">=" : "<="} ${render(aim)}`,
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
