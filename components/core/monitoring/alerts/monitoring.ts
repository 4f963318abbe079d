import { counted, serverGone, type AlertGroup } from "./rule";

/** Who watches the watchers. */
export const monitoringAlerts: AlertGroup = {
  name: "monitoring",
  rules: () => [
    {
      alert: "Watchdog",
      expr: "vector(1)",
      for: "0m",
      severity: "watchdog",
      summary:
        "a sign of life: alerts are judged and sent (always {{ $value }}); where it stops coming they are not",
    },
    {
      alert: "ScrapeFailed",
      expr: "up == 0",
      for: "2m",
      severity: "critical",
      summary: "{{ $labels.job }} at {{ $labels.instance }} cannot be scraped (up is {{ $value }})",
      // The exporter has no answer where the server hangs.
      silencedBy: serverGone.map((silencer) => ({ ...silencer, where: { job: "postgres.*" } })),
    },
    {
      alert: "ScrapeSlow",
      expr: "scrape_duration_seconds > 5",
      for: "10m",
      severity: "warning",
      summary:
        '{{ $labels.job }} takes {{ $value | printf "%.1f" }} s to answer a scrape: after 10 s there are no figures at all',
      silencedBy: serverGone,
    },
    {
      alert: "CollectorFailed",
      expr: "pg_scrape_collector_success == 0",
      for: "5m",
      severity: "warning",
      summary:
        "the exporter cannot read {{ $labels.collector }} (success is {{ $value }}): does its role have pg_monitor?",
      silencedBy: serverGone,
    },
    {
      alert: "PrometheusRuleFailed",
      expr: "sum by (instance, rule_group) (increase(prometheus_rule_evaluation_failures_total[10m])) > 0",
      for: "0m",
      severity: "critical",
      summary:
        `Prometheus could not judge rules of {{ $labels.rule_group }} ${counted("time", "times")} within 10 minutes: ` +
        "their alerts do not come",
    },
    {
      alert: "PrometheusNotificationsFailed",
      expr: `sum by (instance) (increase(prometheus_notifications_errors_total[10m]))
        + sum by (instance) (increase(prometheus_notifications_dropped_total[10m])) > 0`,
      for: "5m",
      severity: "critical",
      summary: `${counted("alert", "alerts")} within 10 minutes did not get from Prometheus to Alertmanager`,
    },
    {
      alert: "PrometheusConfigStale",
      expr: "prometheus_config_last_reload_successful == 0",
      for: "1m",
      severity: "critical",
      summary:
        "Prometheus did not take its last configuration (success is {{ $value }}): it works with the one before",
    },
    {
      alert: "AlertmanagerConfigStale",
      expr: "alertmanager_config_last_reload_successful == 0",
      for: "1m",
      severity: "critical",
      summary:
        "Alertmanager did not take its last configuration (success is {{ $value }}): it works with the one before",
    },
    {
      alert: "AlertmanagerSendsFailed",
      expr: "sum by (instance, integration) (increase(alertmanager_notifications_failed_total[10m])) > 0",
      for: "5m",
      severity: "critical",
      summary: `${counted("message", "messages")} of Alertmanager by {{ $labels.integration }} failed within 10 minutes`,
    },
  ],
};
