import { greatestAge } from "./backups";
import { worse, type AlertGroup } from "./rule";

const copy = "{{ $labels.database }} at copy {{ $labels.copy }}";

/** Copies of backups: that they come, that they are there, and that somebody has restored one. */
export const copyAlerts: AlertGroup = {
  name: "copies",
  rules: () => [
    {
      alert: "BackupCopyFailed",
      expr: "max by (instance, job, copy) (pgstead_backup_copy_exit_code) == 1",
      // One that is under way counts as failed until it ends.
      for: "1h",
      severity: "warning",
      summary:
        "the last run that sent backups to copy {{ $labels.copy }} failed (it ended with {{ $value }}): the next run sends what is missing",
    },
    {
      alert: "BackupCopyStale",
      expr: `time() - pgstead_backup_copy_newest_timestamp_seconds > on (instance) group_left () (${greatestAge})`,
      for: "5m",
      severity: "warning",
      summary: `the newest good backup of ${copy} is {{ $value | humanizeDuration }} old, which is more than its schedule has it`,
      silencedBy: [{ alert: "BackupStale", equal: ["instance", "database"] }],
    },
    {
      alert: "BackupCopyMissing",
      // Both sides of a stack that has just been made have none.
      expr: "pgstead_backup_copy_count unless on (instance, database, copy) pgstead_backup_copy_newest_timestamp_seconds and on (instance, database) pgstead_backup_newest_timestamp_seconds",
      for: "1h",
      severity: "critical",
      summary: `there is no good backup of ${copy} ({{ $value }} that are not), and there is one in the repository`,
    },
    {
      alert: "BackupCopyDrillFailed",
      expr: "time() - pgstead_backup_copy_drill_timestamp_seconds and on (instance, database, copy) pgstead_backup_copy_drill_success == 0",
      for: "0m",
      severity: "critical",
      summary: `the last restore drill of the backups of ${copy} failed, {{ $value | humanizeDuration }} ago: what it restored is not what was backed up, or cannot be restored`,
    },
    {
      alert: "BackupCopyDrillStale",
      expr: "time() - pgstead_backup_copy_drill_timestamp_seconds > on (instance) group_left () pgstead_backup_copy_drill_max_age_seconds",
      for: "5m",
      severity: "warning",
      summary: `no backup of ${copy} has been restored for {{ $value | humanizeDuration }}, which is longer than copyMaxAge`,
      silencedBy: [worse("BackupCopyDrillFailed")],
    },
    {
      alert: "BackupCopyNeverDrilled",
      expr: "(time() - pgstead_backup_copy_newest_timestamp_seconds unless on (instance, database, copy) pgstead_backup_copy_drill_timestamp_seconds) and on (instance) pgstead_backup_copy_drill_max_age_seconds",
      // Who has just made a stack has a working day for it.
      for: "1d",
      severity: "warning",
      summary: `nobody has restored a backup of ${copy} yet, the newest of which is {{ $value | humanizeDuration }} old`,
    },
  ],
};
