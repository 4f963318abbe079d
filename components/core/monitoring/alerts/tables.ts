import { worse, type AlertGroup } from "./rule";

/** The exporter calls them seconds; they are transactions. */
const xidAge = "pg_database_wraparound_age_datfrozenxid_seconds";
const multixactAge = "pg_database_wraparound_age_datminmxid_seconds";

const table = "{{ $labels.datname }}.{{ $labels.schemaname }}.{{ $labels.relname }}";

/** What vacuum and analyze are there for. */
export const tableAlerts: AlertGroup = {
  name: "tables",
  rules: (limits) => [
    {
      alert: "XidWraparoundNear",
      expr: `${xidAge} >= ${limits.wraparoundWarning}`,
      for: "5m",
      severity: "warning",
      summary:
        "the oldest row of {{ $labels.datname }} is {{ $value | humanize }} transactions old: PostgreSQL takes no more writes at 2.1G",
      silencedBy: [worse("XidWraparoundImminent")],
    },
    {
      alert: "XidWraparoundImminent",
      expr: `${xidAge} >= ${limits.wraparoundCritical}`,
      for: "0m",
      severity: "critical",
      summary:
        "the oldest row of {{ $labels.datname }} is {{ $value | humanize }} transactions old: PostgreSQL takes no more writes at 2.1G",
    },
    {
      alert: "MultixactWraparoundNear",
      expr: `${multixactAge} >= ${limits.wraparoundWarning}`,
      for: "5m",
      severity: "warning",
      summary:
        "the oldest multixact of {{ $labels.datname }} is {{ $value | humanize }} multixacts old: PostgreSQL takes no more row locks at 2.1G",
      silencedBy: [worse("MultixactWraparoundImminent")],
    },
    {
      alert: "MultixactWraparoundImminent",
      expr: `${multixactAge} >= ${limits.wraparoundCritical}`,
      for: "0m",
      severity: "critical",
      summary:
        "the oldest multixact of {{ $labels.datname }} is {{ $value | humanize }} multixacts old: PostgreSQL takes no more row locks at 2.1G",
    },
    {
      alert: "FreezeBehind",
      // Autovacuum begins at the setting whatever else is; a quarter more is time enough for it.
      expr: `${xidAge} > on (instance) group_left () (1.25 * max by (instance) (pg_settings_autovacuum_freeze_max_age))`,
      for: "1h",
      severity: "warning",
      summary:
        "the oldest row of {{ $labels.datname }} is {{ $value | humanize }} transactions old, a quarter beyond autovacuum_freeze_max_age: the vacuum that freezes it does not get through",
      silencedBy: [worse("XidWraparoundNear"), worse("XidWraparoundImminent")],
    },
    {
      alert: "DeadRowsMany",
      expr: `100 * pg_stat_user_tables_n_dead_tup / (pg_stat_user_tables_n_dead_tup + pg_stat_user_tables_n_live_tup) > ${limits.deadRows}
        and pg_stat_user_tables_n_dead_tup > 100000`,
      for: "1h",
      severity: "warning",
      summary: `{{ $value | printf "%.0f" }}% of the rows of ${table} are dead, and autovacuum has not removed them for an hour`,
    },
    {
      alert: "StatisticsStale",
      // Autovacuum analyzes after a tenth; small tables cost nothing whatever the planner thinks of them.
      expr: `100 * pg_stat_user_tables_n_mod_since_analyze / (pg_stat_user_tables_n_live_tup > 0) > ${limits.staleStatistics}
        and pg_stat_user_tables_n_mod_since_analyze > 10000`,
      for: "1h",
      severity: "warning",
      summary: `{{ $value | printf "%.0f" }}% of the rows of ${table} have changed since it was analyzed: plans are made for what it was`,
    },
  ],
};
