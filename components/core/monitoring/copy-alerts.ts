/** A rule as it is written here; of a stack without copies there is nothing to see, and they stay silent. */
interface CopyRule {
  readonly alert: string;
  readonly expr: string;
  readonly duration: string;
  readonly severity: "critical" | "warning";
  readonly summary: string;
}

/** The greatest time between two backups, and half of it, six hours at most: as `backup status` has it. */
const greatestAge =
  'pgstead_job_interval_seconds{job_name="backup"} + clamp_max(pgstead_job_interval_seconds{job_name="backup"} / 2, 21600)';

const copy = "{{ $labels.database }} at copy {{ $labels.copy }}";

/** Copies of backups: that they come, that they are there, and that somebody has restored one. */
export const copyRules: readonly CopyRule[] = [
  {
    alert: "BackupCopyFailed",
    expr: "max by (instance, job, copy) (pgstead_backup_copy_exit_code) == 1",
    duration: "0m",
    severity: "warning",
    summary:
      "the last run that sent backups to copy {{ $labels.copy }} failed: `backup status` says why, and the next run sends what is missing",
  },
  {
    alert: "BackupCopyStale",
    expr: `time() - pgstead_backup_copy_newest_timestamp_seconds > on (instance) group_left () (${greatestAge})`,
    duration: "5m",
    severity: "warning",
    summary: `the newest good backup of ${copy} is older than its schedule has it`,
  },
  {
    alert: "BackupCopyMissing",
    // Both sides of a stack that has just been made have none.
    expr: "pgstead_backup_copy_count unless on (instance, database, copy) pgstead_backup_copy_newest_timestamp_seconds and on (instance, database) pgstead_backup_newest_timestamp_seconds",
    duration: "1h",
    severity: "critical",
    summary: `there is no good backup of ${copy}, and there is one in the repository`,
  },
  {
    alert: "BackupCopyDrillFailed",
    expr: "pgstead_backup_copy_drill_success == 0",
    duration: "0m",
    severity: "critical",
    summary: `the last restore drill of the backups of ${copy} failed: what it restored is not what was backed up, or cannot be restored`,
  },
  {
    alert: "BackupCopyDrillStale",
    expr: "time() - pgstead_backup_copy_drill_timestamp_seconds > on (instance) group_left () pgstead_backup_copy_drill_max_age_seconds",
    duration: "5m",
    severity: "warning",
    summary: `no backup of ${copy} has been restored for longer than copyMaxAge: \`backup drill --copy\`, where the key is`,
  },
  {
    alert: "BackupCopyNeverDrilled",
    expr: "(pgstead_backup_copy_newest_timestamp_seconds unless on (instance, database, copy) pgstead_backup_copy_drill_timestamp_seconds) and on (instance) pgstead_backup_copy_drill_max_age_seconds",
    // Who has just made a stack has a working day for it.
    duration: "1d",
    severity: "warning",
    summary: `nobody has restored a backup of ${copy} yet: \`backup drill --copy\`, where the key is`,
  },
];
