import { greatestAge } from "../backup/freshness";
import { renderDuration } from "../duration";
import type { Finding } from "../finding";

/** What is known of a job; moments are in milliseconds. */
export interface JobLook {
  readonly job: string;
  /** When its last run that came to an end was begun. */
  readonly lastAttempt?: number | undefined;
  readonly lastSuccess?: number | undefined;
  /** Why the last run failed. */
  readonly reason?: string | undefined;
  /** When a run was begun of which no end is known. */
  readonly began?: number | undefined;
  /** Whether one is under way. */
  readonly isRunning: boolean;
}

/** When jobs were to run. */
export interface JobTime {
  readonly now: number;
  /** The greatest time between two runs by the schedule. */
  readonly intervalMs: number;
  /** Since when what runs them knows the schedule. */
  readonly since: number;
}

/**
 * What is wrong with a job: its last run failed, or never came to its end, or none came for too long, which nobody would
 * notice otherwise. The bound is that of the age of backups.
 */
export function judgeJob(look: JobLook, { now, intervalMs, since }: JobTime): Finding[] {
  const { job, lastAttempt, lastSuccess, reason, began, isRunning } = look;
  const subject = `job ${job}`;
  if (isRunning) return [];
  const findings: Finding[] = [];
  const hint = "what its runs said is beside its state, in `log`; mend it, and run it by hand";
  if (began !== undefined && began > (lastAttempt ?? 0)) {
    const message = `the run that began at ${iso(began)} did not come to its end: it was killed, or the host went down`;
    findings.push({ subject, message, hint, severity: "critical" });
  } else if (hasFailed(look)) {
    const why = reason ?? "it did not say why";
    const good =
      lastSuccess === undefined ? "none was good yet" : `the last good one ended at ${iso(lastSuccess)}`;
    const message = `its last run, of ${iso(lastAttempt ?? 0)}, failed: ${why} (${good})`;
    findings.push({ subject, message, hint, severity: "warning" });
  }
  const last = Math.max(lastAttempt ?? 0, began ?? 0);
  const bound = greatestAge(intervalMs);
  if (now - Math.max(last, since) > bound) {
    const before = last === 0 ? "has never run" : `has not run since ${iso(last)}`;
    findings.push({
      subject,
      message: `${before}: by its schedule ${renderDuration(bound / 1_000)} is the most`,
      hint: "does what starts it still run? `systemctl list-timers 'pgstead-*'`, or cron, on the server's host",
      severity: "critical",
    });
  }
  return findings;
}

/** Whether the last run that came to an end failed: a success ends after its run has begun. */
export function hasFailed({
  lastAttempt,
  lastSuccess,
}: Pick<JobLook, "lastAttempt" | "lastSuccess">): boolean {
  return lastAttempt !== undefined && (lastSuccess === undefined || lastSuccess < lastAttempt);
}

function iso(moment: number): string {
  return new Date(moment).toISOString();
}
