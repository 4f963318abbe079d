import type { Thresholds } from "../thresholds";

/** How soon somebody has to look: at once, in working hours, when there is time. `watchdog` is a sign of life, and no fault. */
export const severities = ["critical", "warning", "info", "watchdog"] as const;

export type Severity = (typeof severities)[number];

/** An alert as Prometheus judges it. */
export interface AlertRule {
  /** Its name, and that of its runbook. */
  readonly alert: string;
  /** PromQL; of a part that a stack does not have it finds nothing. */
  readonly expr: string;
  /** How long it has to hold, as Prometheus writes a time: one scrape that failed is no fault. */
  readonly for: string;
  readonly severity: Severity;
  /** One sentence with the value, as a template of Prometheus. */
  readonly summary: string;
  /** While one of these fires, this one is not sent: it follows from it, or says the same with less weight. */
  readonly silencedBy?: readonly Silencer[];
}

export interface Silencer {
  readonly alert: string;
  /** Labels in which both have to agree; the stack always is one. A label that neither has agrees. */
  readonly equal: readonly string[];
  /** Only such of the silenced alerts: labels, and what they have to match (anchored). */
  readonly where?: Readonly<Record<string, string>>;
}

/** The value as a count with what it counts, for a summary: `1 object is`, `3 objects are`. */
export function counted(one: string, several: string): string {
  const count = 'printf "%.0f"';
  return `{{ $value | ${count} }} {{ if eq (${count} $value) "1" }}${one}{{ else }}${several}{{ end }}`;
}

export interface AlertGroup {
  readonly name: string;
  readonly rules: (thresholds: Thresholds) => readonly AlertRule[];
}

/** What an alert can be about; of two alerts about the same thing none of these differs. */
const things = [
  "instance",
  "database",
  "datname",
  "volume",
  "device",
  "mountpoint",
  "slot_name",
  "certificate",
] as const;

/** The other alert says the same of the same thing, and with more weight. */
export function worse(alert: string): Silencer {
  return { alert, equal: things };
}

/** The other alert is the cause, whatever this one is about. */
export function causes(...alerts: readonly string[]): readonly Silencer[] {
  return alerts.map((alert) => ({ alert, equal: [] }));
}

/** What asks a server that is not there finds nothing good: that it is not there is the one thing to tell. */
export const serverGone = causes("PostgresDown", "ServerUnreachable");
