import { renderSize } from "../../../components/core/size";
import type { MaintenancePlan, MaintenanceStep } from "../../../components/core/operations/maintenance";
import type { Colors } from "../colors";
import type { Report } from "../report";
import { renderTable } from "../table";
import { plural } from "../text";
import type { MaintainedStep, MaintenanceData } from "./maintenance-report";

/** What would run, before anybody is asked. */
export function renderPlan(
  {
    database,
    steps,
    skipped,
    remarks,
  }: Pick<MaintenanceData, "database" | "skipped" | "remarks"> & {
    readonly steps: readonly MaintenanceStep[];
  },
  colors: Colors,
): string {
  const rows = steps.map(({ sql, runAs, sizeBytes }) => [
    runAs === null ? sql : `${sql} (as ${runAs})`,
    sizeOf(sizeBytes),
  ]);
  const columns = [{ heading: "statement" }, { heading: "size", numeric: true }];
  return [
    renderTable(`Database ${database}`, columns, rows, colors),
    ...locksOf(steps),
    ...notes({ skipped, remarks }),
  ].join("\n");
}

/** Each kind of lock once, with how long it is waited for. */
function locksOf(steps: readonly { readonly lock: string; readonly lockTimeoutMs: number }[]): string[] {
  const lines = steps.map(
    ({ lock, lockTimeoutMs }) => `lock: ${lock}; waits for it ${lockTimeoutMs / 1000} s at most`,
  );
  return [...new Set(lines)];
}

function notes({
  skipped,
  remarks,
}: Pick<MaintenancePlan, "skipped"> & { readonly remarks: readonly string[] }) {
  return [
    ...skipped.map(({ subject, reason }) => `left out: ${subject}: ${reason}`),
    ...remarks.map((remark) => `remark: ${remark}`),
  ];
}

/** What a command of maintenance prints above the findings. */
export function renderMaintenance({ data }: Report<MaintenanceData>, colors: Colors): string {
  const { database, steps, action, confirmed, dryRun } = data;
  if (steps.length === 0) return `${[`there is nothing to ${action}`, ...notes(data)].join("\n")}\n`;
  const rows = steps.map((step) => [
    step.runAs === null ? step.statement : `${step.statement} (as ${step.runAs})`,
    renderOutcome(step),
    sizeOf(step.sizeBytes),
    ...(confirmed ? [sizeOf(step.sizeAfterBytes)] : []),
    ...(confirmed ? [step.durationMs === null ? "" : `${(step.durationMs / 1000).toFixed(1)} s`] : []),
  ]);
  const columns = [
    { heading: "statement" },
    { heading: "" },
    { heading: "size", numeric: true },
    ...(confirmed
      ? [
          { heading: "size after", numeric: true },
          { heading: "time", numeric: true },
        ]
      : []),
  ];
  const done = steps.filter(({ outcome }) => outcome === "done").length;
  const end = confirmed
    ? `${done} of ${plural(steps.length, "statement")} done`
    : dryRun
      ? "nothing was changed: --dry-run"
      : "nothing was done";
  return `${[renderTable(`Database ${database}`, columns, rows, colors), ...locksOf(steps), ...notes(data), end].join("\n")}\n`;
}

const sizeOf = (bytes: number | null): string => (bytes === null ? "" : renderSize(bytes));

function renderOutcome({ outcome }: MaintainedStep): string {
  return outcome === "left" ? "not begun, or ended" : outcome;
}
