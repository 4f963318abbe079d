import type { HealthCheck } from "./health-check";
import type { Probe } from "./probe";

/** What the health service knows of a server. */
export interface ServiceFacts {
  readonly probe: Probe;
  /** Undefined: they have not been looked at, or could not be. */
  readonly checks: readonly HealthCheck[] | undefined;
}

/** What everybody is told: no figure, no name, no reason. */
export interface ServiceHealth {
  /** It takes a login, a read and a write, and no check is critical. */
  readonly healthy: boolean;
  /** It may take traffic: it answers reads, and is no server that is still recovering. */
  readonly ready: boolean;
  /** Why it is not healthy; for whoever may see the details. */
  readonly reasons: readonly string[];
}

export function judgeService({ probe, checks = [] }: ServiceFacts): ServiceHealth {
  const critical = checks.filter(({ status }) => status === "critical");
  const reasons = [
    ...(probe.writable ? [] : [probe.reason ?? "the probe failed"]),
    ...critical.map(({ name, message }) => `${name}: ${message}`),
  ];
  const ready = probe.readable && probe.inRecovery === false;
  return { healthy: reasons.length === 0, ready, reasons };
}
