import type { TableChange } from "../../../../components/core/migrations/effect";
import { renderSize } from "../../../../components/core/size";
import { visible } from "../../../../components/core/visible";
import type { MeasuredRun } from "../../../../components/io/scratch/measure";
import type { Colors } from "../../colors";
import { renderTable } from "../../table";
import { renderMs } from "../declare-look";
import type { BackupTestData } from "./outcome";

/** Of which so many are shown. */
const most = 20;

/** What migrations did to the rows of a backup. */
export function renderBackupTest(
  { name, takenAt, serverVersion, restoreSeconds, notes, runs, tables }: BackupTestData,
  colors: Colors,
): string[] {
  const first = runs.filter((run, index) => isFirst(run, runs.slice(0, index)));
  return [
    `${name}, of ${takenAt}, was restored to PostgreSQL ${serverVersion} in ${restoreSeconds.toFixed(1)} s; nothing of it is left`,
    ...notes.map((note) => colors.dim(`  ${visible(note)}`)),
    ...(runs.length === 0 ? [] : [renderRuns(runs, colors)]),
    ...first.flatMap(describeRun),
    ...(tables.length === 0 ? [] : [renderTables(tables, colors)]),
  ];
}

function isFirst({ files, direction }: MeasuredRun, before: readonly MeasuredRun[]): boolean {
  if (direction === "down") return false;
  return !before.some((one) => one.direction === direction && one.files.join() === files.join());
}

const words = { up: "up", down: "back", repeat: "repeatable" } as const;

function renderRuns(runs: readonly MeasuredRun[], colors: Colors): string {
  const rows = runs.map((run, index) => {
    const { files, direction, durationMs, locks, rewritten, bytesBefore, bytesAfter } = run;
    const isAgain = direction === "up" && !isFirst(run, runs.slice(0, index));
    return [
      visible(files.join(", ")),
      isAgain ? "up again" : words[direction],
      durationMs === null ? "FAILED" : renderMs(durationMs),
      locks[0]?.mode ?? "",
      rewritten.length === 0 ? "" : String(rewritten.length),
      renderChange(bytesBefore, bytesAfter),
    ];
  });
  const columns = ["migration", "way", "took", "strongest lock", "rewritten", "size"];
  const headings = columns.map((heading) => ({
    heading,
    numeric: ["took", "rewritten", "size"].includes(heading),
  }));
  return renderTable("On the rows of the backup", headings, rows, colors);
}

/** What others would have waited for. */
function describeRun({ files, locks, rewritten }: MeasuredRun): string[] {
  const shown = locks.filter(({ mode }) => mode !== "ACCESS SHARE");
  const told = shown
    .slice(0, most)
    .map(({ table, mode, heldMs }) => `${mode} on ${visible(table)} for ${renderMs(heldMs)}`);
  const more = shown.length > most ? [`${shown.length - most} more`] : [];
  const name = visible(files.join(", "));
  return [
    ...(told.length === 0 ? [] : [`  ${name} held ${[...told, ...more].join(", ")}`]),
    ...(rewritten.length === 0
      ? []
      : [`  ${name} wrote anew: ${visible(rewritten.slice(0, most).join(", "))}`]),
  ];
}

function renderChange(before: number, after: number): string {
  if (before === after) return "";
  const sign = after > before ? "+" : "-";
  return `${sign}${renderSize(Math.abs(after - before))}`;
}

function renderTables(tables: readonly TableChange[], colors: Colors): string {
  const rows = tables
    .slice(0, most)
    .map(({ table, rowsBefore, rowsAfter, bytesBefore, bytesAfter }) => [
      visible(table),
      rowsBefore ?? "new",
      rowsAfter ?? "gone",
      bytesBefore === null ? "" : renderSize(bytesBefore),
      bytesAfter === null ? "" : renderSize(bytesAfter),
    ]);
  const columns = ["table", "rows before", "rows after", "size before", "size after"];
  const more = tables.length > most ? `\n  and ${tables.length - most} more` : "";
  const headings = columns.map((heading) => ({ heading, numeric: heading !== "table" }));
  return renderTable("Tables that changed", headings, rows, colors) + more;
}
