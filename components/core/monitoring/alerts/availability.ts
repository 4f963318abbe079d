import { causes, serverGone, type AlertGroup } from "./rule";

/** The server is there, answers, and is what it should be. */
export const availabilityAlerts: AlertGroup = {
  name: "availability",
  rules: () => [
    {
      alert: "PostgresDown",
      expr: "pg_up == 0",
      for: "1m",
      severity: "critical",
      summary: "PostgreSQL does not answer its exporter at {{ $labels.instance }} (pg_up is {{ $value }})",
    },
    {
      // From the ops container, over the socket: it also sees a server that hangs, where the exporter has no answer.
      alert: "ServerUnreachable",
      expr: "pgstead_server_reachable == 0",
      for: "2m",
      severity: "critical",
      summary: "the ops container cannot log in to PostgreSQL (pgstead_server_reachable is {{ $value }})",
      silencedBy: causes("PostgresDown"),
    },
    {
      alert: "PostgresUnseen",
      // An exporter that cannot be scraped is told as that.
      expr: 'absent(pg_up) unless on () (up{job="postgres"} == 0)',
      for: "2m",
      severity: "critical",
      summary: "nothing measures PostgreSQL: there is no pg_up (absent is {{ $value }})",
      silencedBy: serverGone,
    },
    {
      alert: "PostgresRestarted",
      // An outage that was told needs no second message when it is over.
      expr: `time() - pg_postmaster_start_time_seconds < 900 and changes(pg_postmaster_start_time_seconds[15m]) > 0
        unless on () max_over_time(ALERTS{alertname=~"PostgresDown|ServerUnreachable", alertstate="firing"}[15m])`,
      for: "0m",
      severity: "warning",
      summary: "PostgreSQL was restarted {{ $value | humanizeDuration }} ago",
    },
    {
      alert: "PostgresInRecovery",
      expr: "pg_replication_is_replica == 1",
      for: "5m",
      severity: "critical",
      summary: "PostgreSQL is in recovery, and takes no writes (pg_replication_is_replica is {{ $value }})",
    },
    {
      alert: "HealthFailed",
      expr: "pgstead_health_status == 0",
      for: "3m",
      severity: "critical",
      summary:
        "the health service answers 503: a write and a read, or a critical check, failed (pgstead_health_status is {{ $value }})",
      silencedBy: [...serverGone, ...causes("ConnectionsExhausted", "PostgresInRecovery", "VolumeFull")],
    },
  ],
};
