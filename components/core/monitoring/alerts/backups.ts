import { causes, serverGone, type AlertGroup, type Silencer } from "./rule";

const day = 86_400;

/** The greatest time between two backups, and half of it, six hours at most: as `backup status` has it. */
export const greatestAge =
  'pgstead_job_interval_seconds{job_name="backup"} + clamp_max(pgstead_job_interval_seconds{job_name="backup"} / 2, 21600)';

/** Seconds since every byte of the newest backup was read. */
export const verifiedAge = 8 * day;

const newest = "pgstead_backup_newest_timestamp_seconds";
const verified = "pgstead_backup_last_verified_timestamp_seconds";
const missing = `(pgstead_backup_count unless on (instance, database) ${newest})`;
const sameDatabase: Silencer = { alert: "BackupMissing", equal: ["instance", "database"] };

/** Logical and physical backups: that they are there, new, whole, and have room. */
export const backupAlerts: AlertGroup = {
  name: "backups",
  rules: () => [
    {
      alert: "BackupMissing",
      // A stack that was just made has none: its first run has to be over, unless there was one within a day.
      expr: `${missing} and on (instance, database) last_over_time(${newest}[1d])
        or ${missing} and on (instance) pgstead_job_last_attempt_timestamp_seconds{job_name="backup"}`,
      for: "5m",
      severity: "critical",
      summary: "there is no good backup of {{ $labels.database }} ({{ $value }} that are not)",
    },
    {
      alert: "BackupsUnreadable",
      expr: 'pgstead_job_interval_seconds{job_name="backup"} unless on (instance) pgstead_backup_count',
      for: "15m",
      severity: "critical",
      summary:
        "backups are taken every {{ $value | humanizeDuration }}, and the directory that keeps them cannot be read",
    },
    {
      alert: "BackupFailed",
      // A run that is under way has no duration yet and counts as failed, as does one that was killed: after six hours.
      expr: `time() - pgstead_backup_last_attempt_timestamp_seconds and on (instance, database) pgstead_backup_exit_code == 1
        and on (instance, database) (pgstead_backup_duration_seconds or time() - pgstead_backup_last_attempt_timestamp_seconds > 21600)`,
      for: "0m",
      severity: "warning",
      summary:
        "the last backup of {{ $labels.database }} failed; it was begun {{ $value | humanizeDuration }} ago",
      silencedBy: [...serverGone, sameDatabase],
    },
    {
      alert: "BackupStale",
      expr: `time() - ${newest} > on (instance) group_left () (${greatestAge})`,
      for: "5m",
      severity: "critical",
      summary:
        "the newest good backup of {{ $labels.database }} is {{ $value | humanizeDuration }} old, which is more than its schedule has it",
      silencedBy: serverGone,
    },
    {
      alert: "BackupUnverified",
      expr: `time() - ${verified} > ${verifiedAge} or (time() - ${newest} unless on (instance, database) ${verified}) > 3600`,
      for: "5m",
      severity: "warning",
      summary:
        "no byte of the newest backup of {{ $labels.database }} has been read for {{ $value | humanizeDuration }}",
    },
    {
      alert: "BackupShrunk",
      expr: "100 * pgstead_backup_newest_bytes / avg_over_time(pgstead_backup_newest_bytes[7d]) < 50",
      for: "5m",
      severity: "warning",
      summary:
        'the newest backup of {{ $labels.database }} has {{ $value | printf "%.0f" }}% of the size of those of the last week',
    },
    {
      alert: "BackupSpaceLow",
      // The next one, and once more for what grows meanwhile.
      expr: 'pgstead_volume_free_bytes{volume="repository"} < on (instance) group_left () (2 * sum by (instance) (pgstead_backup_newest_bytes))',
      for: "15m",
      severity: "warning",
      summary:
        "{{ $value | humanize1024 }}B are free where backups are kept: less than twice what the newest ones take",
      silencedBy: causes("VolumeFull"),
    },
    {
      alert: "PhysicalBackupMissing",
      expr: "pgstead_physical_repository_readable == 1 unless on (instance, repository) pgstead_physical_backup_newest_timestamp_seconds",
      // `up` takes the first one, and may be at it.
      for: "1h",
      severity: "critical",
      summary:
        "repository {{ $labels.repository }} can be read (readable is {{ $value }}), and has no good physical backup",
    },
    {
      alert: "PhysicalBackupStale",
      expr: `${physicalStale("1", "")} or ${physicalStale("2", "-2")}`,
      for: "5m",
      severity: "critical",
      summary:
        "the newest good physical backup in repository {{ $labels.repository }} is {{ $value | humanizeDuration }} old, which is more than its schedule has it",
      silencedBy: [...serverGone, { alert: "RepositoryUnreadable", equal: ["instance", "repository"] }],
    },
    {
      alert: "RepositoryUnreadable",
      expr: "pgstead_physical_repository_readable == 0",
      for: "15m",
      severity: "critical",
      summary:
        "repository {{ $labels.repository }} of physical backups cannot be read (readable is {{ $value }})",
    },
    {
      alert: "BackupDrillFailed",
      expr: "time() - pgstead_backup_drill_timestamp_seconds and on (instance, kind, database) pgstead_backup_drill_success == 0",
      for: "0m",
      severity: "critical",
      summary:
        "the last restore drill of {{ $labels.kind }} backups {{ $labels.database }} failed, {{ $value | humanizeDuration }} ago: what it restored is not what was backed up, or cannot be restored",
    },
    {
      alert: "BackupDrillStale",
      expr: 'time() - pgstead_backup_drill_timestamp_seconds > on (instance) group_left () (pgstead_job_interval_seconds{job_name="drill"} + 43200)',
      for: "5m",
      severity: "warning",
      summary:
        "no {{ $labels.kind }} backup {{ $labels.database }} has been restored in a drill for {{ $value | humanizeDuration }}, which is longer than its schedule has it",
    },
  ],
};

/** Each repository has jobs of its own. */
function physicalStale(repository: string, ending: string): string {
  const interval = `pgstead_job_interval_seconds{job_name=~"physical-(full|incremental)${ending}"}`;
  return `time() - pgstead_physical_backup_newest_timestamp_seconds{repository="${repository}"} > on (instance) group_left () (1.5 * min by (instance) (${interval}))`;
}
