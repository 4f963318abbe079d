import { renderDuration } from "../../../components/core/duration";
import type { DrillResult } from "../../../components/core/drill/result";
import type { Colors } from "../colors";
import { renderTable } from "../table";
import { plural } from "../text";
import type { DrillData } from "./run";
import type { DrillStatus } from "./status";

const lines = (texts: readonly string[]): string => texts.map((text) => `${text}\n`).join("");

export function renderDrills({ drills, notes = [] }: DrillData): string {
  return lines([
    ...drills.flatMap((drill) => [...renderDrill(drill), `  report: ${drill.report}`]),
    ...notes,
  ]);
}

function renderDrill(drill: DrillResult): string[] {
  const { kind, backup, copy, faults, notes, steps, serverVersion, structure, assertions } = drill;
  const from = copy === undefined ? "" : ` of copy ${copy}`;
  const { restoreSeconds, recoverableAt, recoverableAgeSeconds } = drill;
  return [
    `${kind} backup ${backup}${from}: ${faults.length === 0 ? "passed" : "FAILED"}`,
    ...(restoreSeconds === null
      ? []
      : [`  restored to PostgreSQL ${serverVersion} in ${restoreSeconds.toFixed(1)} s (RTO)`]),
    ...(recoverableAt === null
      ? []
      : [
          `  it gives back ${recoverableAt}, ${renderDuration(recoverableAgeSeconds ?? 0)} before the drill (RPO)`,
        ]),
    ...(structure === null ? [] : [`  tables and indexes: checked with ${structure}`]),
    ...(assertions === 0 ? [] : [`  ${plural(assertions, "assertion")} asked`]),
    `  ${steps.map(({ name, seconds }) => `${name} ${seconds.toFixed(1)} s`).join(", ")}`,
    ...notes.map((note) => `  ${note}`),
  ];
}

/** What `backup status` shows of them. */
export function renderDrillStatus(
  { schedule, nextRunAt, greatestAge, drills }: DrillStatus,
  colors: Colors,
): string[] {
  const rows = drills.map((drill) => [
    drill.database ?? "the server",
    drill.kind,
    drill.backup ?? "",
    drill.endedAt ?? "never",
    drill.passed === null ? "" : drill.passed ? "passed" : "FAILED",
    drill.restoreSeconds === null ? "" : `${drill.restoreSeconds.toFixed(1)} s`,
    drill.recoverableAgeSeconds === null ? "" : renderDuration(drill.recoverableAgeSeconds),
  ]);
  const columns = ["of", "kind", "backup", "ended", "result", "RTO", "RPO"].map((heading) => ({
    heading,
    numeric: heading === "RTO",
  }));
  return [
    ...(rows.length === 0 ? [] : [renderTable("Restore drills", columns, rows, colors)]),
    schedule === null
      ? "no drills are declared (pgstead:backup.drill): whether a backup can be restored is known from those by hand alone"
      : `drills: ${schedule}, next ${nextRunAt ?? ""}; the last one may be ${renderDuration(greatestAge ?? 0)} ago`,
  ];
}
