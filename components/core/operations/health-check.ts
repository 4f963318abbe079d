import type { Thresholds } from "../monitoring/thresholds";
import { visible } from "../visible";

export type HealthStatus = "ok" | "warning" | "critical";

/** What was looked at, and what is to be thought of it. */
export interface HealthCheck {
  /** One of a fixed few, in the spelling of metrics: `idle_in_transaction`. */
  readonly name: string;
  readonly status: HealthStatus;
  /** The figure that was judged; null: it cannot be told, or there is too little to judge. */
  readonly value: number | null;
  /** Absent: a count. */
  readonly unit?: "s" | "B" | "%";
  /** In lower case and without a full stop. */
  readonly message: string;
  /** What to do, where it is not ok; else empty. */
  readonly hint: string;
  /** From where on it is a warning and critical, in the unit of the value. */
  readonly warning?: number;
  readonly critical?: number;
}

/** The thresholds that a server's health is judged by. */
export type HealthThresholds = Pick<
  Thresholds,
  | "connectionsWarning"
  | "connectionsCritical"
  | "transaction"
  | "idleInTransaction"
  | "lockWait"
  | "cacheHit"
  | "rollbacks"
  | "wraparoundWarning"
  | "wraparoundCritical"
  | "deadRows"
  | "replicationLag"
  | "slotBytes"
  | "diskWarning"
  | "diskCritical"
>;

/** What a check says, without its name. */
export type Judgement = Omit<HealthCheck, "name" | "hint"> & { readonly hint?: string };

export function check(name: string, { hint, message, ...judgement }: Judgement): HealthCheck {
  // A name on the server may hold what a terminal obeys.
  return {
    name,
    ...judgement,
    message: visible(message),
    hint: judgement.status === "ok" ? "" : (hint ?? ""),
  };
}

/** The status of a figure that grows worse as it grows. */
export function above(value: number, warning: number, critical = Infinity): HealthStatus {
  if (value >= critical) return "critical";
  return value >= warning ? "warning" : "ok";
}

/** The age of the oldest transaction ID or multixact: `health` and `metrics` judge it alike. */
export function judgeXidAge(
  age: number,
  { wraparoundWarning, wraparoundCritical }: Pick<Thresholds, "wraparoundWarning" | "wraparoundCritical">,
): HealthStatus {
  return above(age, wraparoundWarning, wraparoundCritical);
}

/** Where the server refuses writes, 3 million transactions before 2^31 ("Preventing Transaction ID Wraparound Failures"). */
export const writesEnd = "at 2,144 million the server refuses writes";

/** `part` of `whole` in percent, with one decimal. */
export function percentOf(part: number, whole: number): number {
  return whole === 0 ? 0 : Math.round((part / whole) * 1000) / 10;
}

/** The first of some names: `a, b, c and 4 more`. */
export function firstOf(names: readonly string[], most = 3): string {
  const rest = names.length - most;
  const shown = names.slice(0, most).join(", ");
  return rest > 0 ? `${shown} and ${rest} more` : shown;
}
