import { copyRules } from "./copy-alerts";
import { tableScrapes, type MeasuredDatabase } from "./scrapes";

/** What Prometheus scrapes, by the containers' names in the stack's network. */
const targets = [
  { job: "postgres", address: "exporter:9187" },
  { job: "node", address: "node-exporter:9100" },
  { job: "ops", address: "ops:9188" },
  { job: "prometheus", address: "localhost:9090" },
  { job: "alertmanager", address: "alertmanager:9093" },
] as const;

/**
 * Prometheus' configuration (prometheus.yml): what it scrapes and how often, the rules, and where alerts go.
 *
 * @param stack name of the stack: a label of everything that is scraped, so that several stacks can share a view
 * @param measured databases whose tables are measured, without the one that the exporter is in
 */
export function renderPrometheus(stack: string, measured: readonly MeasuredDatabase[] = []): string {
  return render({
    global: {
      // Prometheus' own default is a minute: a short outage would fall between two scrapes.
      scrape_interval: "15s",
      evaluation_interval: "15s",
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

/** Of a nightly job that fails an hour is soon over: it is told until a run succeeds, whatever restarts in between. */
const lastRunFailed =
  "pgstead_job_last_attempt_timestamp_seconds > (pgstead_job_last_success_timestamp_seconds or 0 * pgstead_job_last_attempt_timestamp_seconds)";

/** The first rules: the server answers, what measures it works, and what runs at night succeeded. */
export function renderAlerts(): string {
  return render({
    groups: [
      {
        name: "pgstead",
        rules: [
          rule("PostgresDown", "pg_up == 0", "1m", "critical", "PostgreSQL does not answer its exporter"),
          rule("ScrapeFailed", "up == 0", "2m", "critical", "{{ $labels.job }} cannot be scraped"),
          rule(
            "CollectorFailed",
            "pg_scrape_collector_success == 0",
            "5m",
            "warning",
            "the exporter cannot read {{ $labels.collector }}: does its role have pg_monitor?",
          ),
          rule(
            "JobFailed",
            `increase(pgstead_job_failures_total[1h]) > 0 or ${lastRunFailed}`,
            "0m",
            "warning",
            "job {{ $labels.job_name }} of the ops container failed",
          ),
          rule(
            "JobStale",
            "time() - pgstead_job_last_success_timestamp_seconds > 2 * pgstead_job_interval_seconds + 300",
            "5m",
            "warning",
            "job {{ $labels.job_name }} of the ops container has not succeeded for two of its intervals",
          ),
          ...logRules,
          ...drillRules,
          ...copyRules.map(({ alert, expr, duration, severity, summary }) =>
            rule(alert, expr, duration, severity, summary),
          ),
        ],
      },
    ],
  });
}

/** Of a stack without physical backups there is nothing to see, and they stay silent. */
const logRules = [
  rule(
    "LogNotArchived",
    "pgstead_wal_waiting_seconds > 300",
    "1m",
    "critical",
    "the log has not been sent to the repository for {{ $value | humanizeDuration }}: it stays on the data volume until that is full",
  ),
  rule(
    "LogFillsVolume",
    'pgstead_wal_waiting_files > 1 and on (instance) (pgstead_volume_free_bytes{volume="data"} / pgstead_volume_size_bytes{volume="data"} < 0.2)',
    "1m",
    "critical",
    "{{ $value | humanize }} files of the log wait to be sent, and less than 20% of the data volume is free: the server stops when it is full",
  ),
];

/** Of a stack without drills there is nothing to see. */
const drillRules = [
  rule(
    "BackupDrillFailed",
    "pgstead_backup_drill_success == 0",
    "0m",
    "critical",
    "the last restore drill of {{ $labels.kind }} backups {{ $labels.database }} failed: what it restored is not what was backed up, or cannot be restored",
  ),
  rule(
    "BackupDrillStale",
    'time() - pgstead_backup_drill_timestamp_seconds > on (instance) group_left () (pgstead_job_interval_seconds{job_name="drill"} + 43200)',
    "5m",
    "warning",
    "no {{ $labels.kind }} backup {{ $labels.database }} has been restored in a drill for longer than its schedule has it",
  ),
];

function rule(alert: string, expr: string, duration: string, severity: string, summary: string) {
  return { alert, expr, for: duration, labels: { severity }, annotations: { summary } };
}

/** Alertmanager's configuration (alertmanager.yml): alerts are kept and shown there, and sent to nobody yet. */
export function renderAlertmanager(): string {
  return render({
    route: { receiver: "none", group_by: ["alertname", "stack"] },
    receivers: [{ name: "none" }],
  });
}

/** JSON is YAML as well, and every reader of the one takes the other. */
function render(value: unknown): string {
  return `${JSON.stringify(value, null, 2)}\n`;
}
