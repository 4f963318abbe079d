import { resolveAlerts, type AlertChange } from "./alerts";
import { renderFile } from "./file";
import { tableScrapes, type MeasuredDatabase } from "./scrapes";
import type { Thresholds } from "./thresholds";

/** What Prometheus scrapes, by the containers' names in the stack's network. */
const targets = [
  { job: "postgres", address: "exporter:9187" },
  { job: "node", address: "node-exporter:9100" },
  { job: "ops", address: "ops:9188" },
  { job: "prometheus", address: "localhost:9090" },
  { job: "alertmanager", address: "alertmanager:9093" },
] as const;

/** Prometheus' own, which has to be within the interval. */
const greatestTimeout = 10;

/**
 * Prometheus' configuration (prometheus.yml): what it scrapes and how often, the rules, and where alerts go.
 *
 * @param stack name of the stack: a label of everything that is scraped, so that several stacks can share a view
 * @param interval seconds between two scrapes, and between two looks at the rules
 * @param measured databases whose tables are measured, without the one that the exporter is in
 */
export function renderPrometheus(
  stack: string,
  interval: number,
  measured: readonly MeasuredDatabase[] = [],
): string {
  return renderFile({
    global: {
      scrape_interval: `${interval}s`,
      scrape_timeout: `${Math.min(interval, greatestTimeout)}s`,
      evaluation_interval: `${interval}s`,
      external_labels: { stack },
    },
    rule_files: ["/etc/pgstead/monitoring/alerts.yml"],
    alerting: { alertmanagers: [{ static_configs: [{ targets: ["alertmanager:9093"] }] }] },
    scrape_configs: [
      ...targets.map(({ job, address }) => ({
        job_name: job,
        static_configs: [{ targets: [address] }],
      })),
      ...tableScrapes(measured),
    ],
  });
}

/** What a stack declares of its alerts. */
export interface AlertsPlan {
  readonly thresholds: Thresholds;
  /** By the names of alerts. */
  readonly alerts: Readonly<Record<string, AlertChange>>;
  /** What stands before the name of a runbook's file, with a / at its end: a URL, or the directory in the project. */
  readonly runbooks: string;
}

/** Rules of Prometheus (alerts.yml), of which each has a summary with its value and the address of its runbook. */
export function renderAlerts({ thresholds, alerts, runbooks }: AlertsPlan): string {
  return renderFile({
    groups: resolveAlerts(thresholds, alerts).map(({ name, rules }) => ({
      name,
      rules: rules.map(({ alert, expr, for: duration, severity, summary }) => ({
        alert,
        expr: expr.replace(/\s+/g, " "),
        for: duration,
        labels: { severity },
        annotations: { summary, runbook_url: `${runbooks}${alert}.md` },
      })),
    })),
  });
}
