import { renderDuration } from "../../../components/core/duration";
import type { HealthCheck } from "../../../components/core/operations/health-check";
import { renderSize } from "../../../components/core/size";
import type { Colors } from "../colors";
import type { HealthData } from "./found";
import type { Report } from "../report";
import { renderTable } from "../table";

export function renderHealth({ stack, data }: Report<HealthData>, colors: Colors): string {
  const { place, role, version, inRecovery, uptimeSeconds, databases, checks, remarks } = data;
  const standby = inRecovery ? ", in recovery" : "";
  const head = [
    `stack ${stack}: PostgreSQL ${version} at ${place} answers${standby}, up ${renderDuration(uptimeSeconds)}`,
    `looked as ${role} into ${databases.join(", ")}`,
  ];
  const columns = [
    { heading: "status" },
    { heading: "check" },
    { heading: "value", numeric: true },
    { heading: "" },
  ];
  const rows = checks.map((check) => [check.status, check.name, renderValue(check), check.message]);
  const sections = [head.join("\n"), renderTable("Checks", columns, rows, colors)];
  return `${[...sections, ...remarks.map((remark) => colors.dim(remark))].join("\n\n")}\n`;
}

function renderValue({ value, unit }: HealthCheck): string {
  if (value === null) return "-";
  if (unit === "s") return renderDuration(value);
  if (unit === "B") return renderSize(value);
  return unit === "%" ? `${value}%` : value.toLocaleString("en");
}
