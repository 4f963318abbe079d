import { causes, serverGone, type AlertGroup } from "./rule";

const lastAttempt = "pgstead_job_last_attempt_timestamp_seconds";
const lastSuccess = "pgstead_job_last_success_timestamp_seconds";

/** Of a nightly job that fails an hour is soon over: it is told until a run succeeds, whatever restarts in between. */
const lastRunFailed = `${lastAttempt} > (${lastSuccess} or 0 * ${lastAttempt})`;

const job = "job {{ $labels.job_name }} of the ops container";

/** What the ops container does by itself. */
export const jobAlerts: AlertGroup = {
  name: "jobs",
  rules: () => [
    {
      alert: "JobFailed",
      expr: `time() - ${lastAttempt} and (increase(pgstead_job_failures_total[1h]) > 0 or ${lastRunFailed})`,
      for: "0m",
      severity: "warning",
      summary: `${job} failed; its last run was begun {{ $value | humanizeDuration }} ago`,
      silencedBy: [
        ...serverGone,
        ...causes("BackupFailed", "BackupMissing").map((cause) => ({
          ...cause,
          where: { job_name: "backup" },
        })),
        ...causes("BackupDrillFailed").map((cause) => ({ ...cause, where: { job_name: "drill" } })),
      ],
    },
    {
      alert: "JobStale",
      expr: `time() - ${lastSuccess} > 2 * pgstead_job_interval_seconds + 300`,
      for: "5m",
      severity: "warning",
      summary: `${job} last succeeded {{ $value | humanizeDuration }} ago, more than two of its intervals`,
      silencedBy: [
        ...serverGone,
        ...causes("BackupStale").map((cause) => ({ ...cause, where: { job_name: "backup" } })),
        { alert: "JobFailed", equal: ["instance", "job_name"] },
      ],
    },
    {
      alert: "JobSkipped",
      expr: "increase(pgstead_job_skipped_total[1d]) > 3",
      for: "0m",
      severity: "info",
      summary: `${job} was skipped {{ $value | printf "%.0f" }} times within a day, as the run before had not ended`,
    },
  ],
};
