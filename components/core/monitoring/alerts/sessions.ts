import { counted, worse, type AlertGroup } from "./rule";

const clients = 'pg_stat_activity_count{backend_type="client backend"}';

/** What ordinary roles may have: some are kept for superusers and, from PostgreSQL 16, for pg_use_reserved_connections. */
const forClients = `(max by (instance) (pg_settings_max_connections)
  - max by (instance) (pg_settings_superuser_reserved_connections)
  - (max by (instance) (pg_settings_reserved_connections) or 0 * max by (instance) (pg_settings_max_connections)))`;

/** Of what ordinary roles may have, in percent, as `resolveConnectionUse` has it: who uses what is reserved takes none of what the others may have. */
export const connectionsUsed = `clamp_max(100 * sum by (instance) (${clients}) / ${forClients}, 100)`;

/** Of transactions: a dump is one long transaction by its nature. */
export const ours = 'application_name!~"pg_dump|pg_basebackup|pgbackrest.*"';

/** Sessions, and what they do to each other. */
export const sessionAlerts: AlertGroup = {
  name: "sessions",
  rules: (limits) => [
    {
      alert: "ConnectionsHigh",
      expr: `${connectionsUsed} >= ${limits.connectionsWarning}`,
      for: "5m",
      severity: "warning",
      summary: '{{ $value | printf "%.0f" }}% of the connections of ordinary roles are in use',
      silencedBy: [worse("ConnectionsExhausted")],
    },
    {
      alert: "ConnectionsExhausted",
      expr: `${connectionsUsed} >= ${limits.connectionsCritical}`,
      for: "2m",
      severity: "critical",
      summary:
        '{{ $value | printf "%.0f" }}% of the connections of ordinary roles are in use: at 100% their logins are refused',
    },
    {
      alert: "TransactionLong",
      expr: `max by (instance, datname, usename) (pg_stat_activity_max_tx_duration{state="active", backend_type="client backend", ${ours}}) > ${limits.transaction}`,
      for: "1m",
      severity: "warning",
      summary:
        "a transaction of {{ $labels.usename }} in {{ $labels.datname }} has run for {{ $value | humanizeDuration }}: nothing that died since can be vacuumed",
    },
    {
      alert: "IdleInTransaction",
      expr: `max by (instance, datname, usename) (pg_stat_activity_max_tx_duration{state=~"idle in transaction.*", ${ours}}) > ${limits.idleInTransaction}`,
      for: "1m",
      severity: "warning",
      summary:
        "a session of {{ $labels.usename }} in {{ $labels.datname }} has a transaction open for {{ $value | humanizeDuration }}, and does nothing",
    },
    {
      alert: "LocksWaiting",
      expr: 'sum by (instance, datname) (pg_stat_activity_count{wait_event_type="Lock"}) > 0',
      for: `${limits.lockWait}s`,
      severity: "warning",
      summary:
        `${counted("session in {{ $labels.datname }} waits", "sessions in {{ $labels.datname }} wait")} for locks, ` +
        `and some have at every look of the last ${limits.lockWait} s`,
    },
    {
      alert: "Deadlocks",
      expr: `increase(pg_stat_database_deadlocks{datname!=""}[10m]) > ${limits.deadlocks}`,
      for: "0m",
      severity: "warning",
      summary: `${counted("deadlock", "deadlocks")} in {{ $labels.datname }} within 10 minutes`,
    },
    {
      alert: "RollbacksHigh",
      // At least one in 10 s: of five transactions one that was taken back means nothing.
      expr: `100 * rate(pg_stat_database_xact_rollback{datname!=""}[15m])
        / (rate(pg_stat_database_xact_commit[15m]) + rate(pg_stat_database_xact_rollback[15m])) > ${limits.rollbacks}
        and rate(pg_stat_database_xact_rollback[15m]) > 0.1`,
      for: "15m",
      severity: "warning",
      summary: '{{ $value | printf "%.0f" }}% of the transactions in {{ $labels.datname }} are rolled back',
    },
    {
      alert: "TemporaryFilesLarge",
      expr: `rate(pg_stat_database_temp_bytes{datname!=""}[15m]) > ${limits.temporaryBytes}`,
      for: "5m",
      severity: "warning",
      summary:
        "queries in {{ $labels.datname }} write {{ $value | humanize1024 }}B of temporary files a second: their sorts and hashes do not fit into work_mem",
    },
    {
      alert: "CacheHitLow",
      // 100 blocks a second: what reads less costs nothing.
      expr: `100 * rate(pg_stat_database_blks_hit{datname!=""}[1h])
        / (rate(pg_stat_database_blks_hit[1h]) + rate(pg_stat_database_blks_read[1h])) < ${limits.cacheHit}
        and rate(pg_stat_database_blks_read[1h]) > 100`,
      for: "1h",
      severity: "info",
      summary:
        '{{ $value | printf "%.0f" }}% of the blocks that {{ $labels.datname }} reads are in shared_buffers',
    },
  ],
};
