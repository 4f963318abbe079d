import { counted, serverGone, worse, type AlertGroup } from "./rule";

/** Rows that were written, of all databases. */
const written = ["inserted", "updated", "deleted"]
  .map((kind) => `sum by (instance) (increase(pg_stat_database_tup_${kind}[15m] offset 15m))`)
  .join(" + ");

/** Size of the log, in units of max_wal_size. */
export const walRatio =
  "pg_wal_size_bytes / on (instance) group_left () max by (instance) (pg_settings_max_wal_size_bytes)";

/** Seconds that the log may wait to be sent to the repository. */
export const longestWait = 300;

/** Seconds since a file of the log was archived, while rows are written. */
export const archiveAge = 1800;

/** Checkpoints, the write-ahead log, and whoever keeps it. */
export const walAlerts: AlertGroup = {
  name: "wal",
  rules: (limits) => [
    {
      alert: "CheckpointsRequested",
      // Three at least: a backup and a CREATE DATABASE ask for one each.
      expr: `increase(pg_stat_checkpointer_num_requested_total[30m]) > 2
        and increase(pg_stat_checkpointer_num_requested_total[30m]) > increase(pg_stat_checkpointer_num_timed_total[30m])`,
      for: "15m",
      severity: "warning",
      summary:
        '{{ $value | printf "%.0f" }} checkpoints within 30 minutes were asked for before their time: max_wal_size is too small for what is written',
    },
    {
      alert: "ArchiveFailed",
      // One window for both: what was archived after a failure stays in it longer than the failure does.
      expr: "increase(pg_stat_archiver_failed_count[2m]) > 0 unless on (instance) increase(pg_stat_archiver_archived_count[2m]) > 0",
      for: "1m",
      severity: "warning",
      summary: `archive_command has failed ${counted("time", "times")} within 2 minutes, and not succeeded once`,
      silencedBy: [...serverGone, { alert: "LogNotArchived", equal: [] }],
    },
    {
      alert: "ArchiveStale",
      // A server without writes has nothing to archive: rows have to be written, and archive_timeout to be over.
      expr: `pg_stat_archiver_last_archive_age > ${archiveAge}
        and on (instance) (${written} > 0)
        and on (instance) (max by (instance) (pg_settings_archive_timeout_seconds) > 0 <= 900)`,
      for: "5m",
      severity: "critical",
      summary:
        "the last file of the log was archived {{ $value | humanizeDuration }} ago, and rows have been written since",
      silencedBy: [...serverGone, { alert: "LogNotArchived", equal: [] }],
    },
    {
      alert: "LogNotArchived",
      expr: `pgstead_wal_waiting_seconds > ${longestWait}`,
      for: "1m",
      severity: "critical",
      summary:
        "the log has not been sent to the repository for {{ $value | humanizeDuration }}: it stays on the data volume until that is full",
      silencedBy: serverGone,
    },
    {
      alert: "LogFillsVolume",
      expr: 'pgstead_wal_waiting_files > 1 and on (instance) (pgstead_volume_free_bytes{volume="data"} / pgstead_volume_size_bytes{volume="data"} < 0.2)',
      for: "1m",
      severity: "critical",
      summary:
        "{{ $value | humanize }} files of the log wait to be sent, and less than 20% of the data volume is free: the server stops when it is full",
    },
    {
      alert: "WalLarge",
      expr: `${walRatio} > ${limits.walRatio}`,
      for: "15m",
      severity: "warning",
      summary:
        'the log takes {{ $value | printf "%.1f" }} times max_wal_size: a slot, the archiver or wal_keep_size holds it',
      silencedBy: [worse("LogNotArchived"), worse("SlotHoldsWal")],
    },
    {
      alert: "SlotInactive",
      expr: "pg_replication_slot_slot_is_active == 0",
      for: "15m",
      severity: "warning",
      summary:
        "nobody reads replication slot {{ $labels.slot_name }} (active is {{ $value }}), and it keeps the log until somebody does",
      silencedBy: [worse("SlotLost")],
    },
    {
      alert: "SlotHoldsWal",
      expr: `max by (instance, slot_name) (pg_replication_slots_pg_wal_lsn_diff) > ${limits.slotBytes}`,
      for: "5m",
      severity: "warning",
      summary: "replication slot {{ $labels.slot_name }} keeps {{ $value | humanize1024 }}B of the log",
    },
    {
      alert: "SlotLost",
      expr: 'max by (instance, slot_name, wal_status) (pg_replication_slot_wal_status{wal_status=~"unreserved|lost"}) == 1',
      for: "1m",
      severity: "critical",
      summary:
        "the log that replication slot {{ $labels.slot_name }} needs is {{ $labels.wal_status }} (status is {{ $value }}): its reader has to be made anew",
    },
    {
      alert: "ReplicationLag",
      expr: `pg_replication_lag_seconds > ${limits.replicationLag} and on (instance) pg_replication_is_replica == 1`,
      for: "5m",
      severity: "warning",
      summary: "the standby at {{ $labels.instance }} is {{ $value | humanizeDuration }} behind its primary",
    },
  ],
};
