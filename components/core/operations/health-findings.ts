import type { Finding } from "../finding";
import { check, firstOf, type HealthCheck } from "./health-check";

/**
 * A check of what others have judged: as bad as the worst of their findings.
 *
 * @param well what is told where there is none
 */
export function checkFindings(name: string, findings: readonly Finding[], well: string): HealthCheck {
  const isCritical = findings.some(({ severity }) => severity === "critical");
  const lines = findings.map(({ subject, message }) => `${subject}: ${message}`);
  return check(name, {
    status: findings.length === 0 ? "ok" : isCritical ? "critical" : "warning",
    value: findings.length,
    warning: 1,
    message: lines.length === 0 ? well : firstOf(lines),
    hint: findings[0]?.hint ?? "",
  });
}
