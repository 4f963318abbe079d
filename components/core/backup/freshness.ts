import { renderDuration } from "../duration";
import type { Finding } from "../finding";
import type { LastRun } from "./retention";

/** What is known of the backups of a database. */
export interface BackupHealth {
  readonly database: string;
  /** The newest that is good, and when it was taken, in milliseconds. */
  readonly newestGood?: { readonly name: string; readonly takenAt: number } | undefined;
  /** Names of those that are damaged. */
  readonly damaged: readonly string[];
  readonly lastRun: LastRun;
  /** Why the last run failed. */
  readonly reason?: string | undefined;
}

const hour = 3_600_000;

/**
 * How old the newest good backup may be: the greatest time between two runs, and half of it for the run itself, six hours
 * at most. Daily backups are stale after 30 hours.
 *
 * @param intervalMs greatest time between two runs of the schedule
 */
export function greatestAge(intervalMs: number): number {
  return intervalMs + Math.min(intervalMs / 2, 6 * hour);
}

/**
 * Severities are those of the alerts `BackupMissing`, `BackupStale` and `BackupFailed`.
 *
 * @param greatestAgeMs undefined: nobody said how often there are to be some
 */
export function findStale(
  { database, newestGood, damaged, lastRun, reason }: BackupHealth,
  { now, greatestAgeMs }: { readonly now: number; readonly greatestAgeMs: number | undefined },
): Finding[] {
  const subject = `backups of ${database}`;
  const findings: Finding[] = [];
  const add = (message: string, hint: string, severity: Finding["severity"] = "warning"): void => {
    findings.push({ subject, message, hint, severity });
  };
  if (lastRun === "failure") {
    add(
      `the last run failed: ${reason ?? "it did not come to its end"}`,
      "mend that, and take one: `backup`",
    );
  }
  // A stack that was just made has none: it is critical once a run is over, as the alert has it.
  if (newestGood === undefined)
    add("there is no good one", "take one: `backup`", lastRun === undefined ? "warning" : "critical");
  else if (greatestAgeMs !== undefined && now - newestGood.takenAt > greatestAgeMs) {
    const age = renderDuration((now - newestGood.takenAt) / 1_000);
    const allowed = renderDuration(greatestAgeMs / 1_000);
    add(
      `the newest good one, ${newestGood.name}, is ${age} old: by its schedule it is to be ${allowed} at most`,
      "does what runs the schedule still run? Take one: `backup`",
      "critical",
    );
  }
  for (const name of damaged) {
    add(`${name} is damaged`, "`backup verify` says how; is the disk sound? It goes by its age");
  }
  return findings;
}
