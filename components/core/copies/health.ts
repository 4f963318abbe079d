import { renderDuration } from "../duration";
import type { Finding } from "../finding";
import type { LastRun } from "../backup/retention";
import type { CopyDrill } from "./drilled";

/** What is known of a copy's backups of one database. */
export interface CopyHealth {
  readonly copy: string;
  readonly database: string;
  /** The newest that is good there, and when it was taken, in milliseconds. */
  readonly newestGood?: { readonly name: string; readonly takenAt: number } | undefined;
  /** Names of those that are damaged there. */
  readonly damaged: readonly string[];
}

/** @param greatestAgeMs undefined: nobody said how often there are to be some */
export function findStaleCopy(
  { copy, database, newestGood, damaged }: CopyHealth,
  { now, greatestAgeMs }: { readonly now: number; readonly greatestAgeMs: number | undefined },
): Finding[] {
  const subject = `copies of ${database} at ${copy}`;
  const findings: Finding[] = damaged.map((name) => ({
    subject,
    message: `${name} is damaged`,
    hint: "the next run sends it again while the backup is there: `backup send`",
  }));
  const add = (message: string): void => {
    findings.push({ subject, message, hint: "send what is missing, and look why: `backup send`" });
  };
  if (newestGood === undefined) add("there is no good one");
  else if (greatestAgeMs !== undefined && now - newestGood.takenAt > greatestAgeMs) {
    const age = renderDuration((now - newestGood.takenAt) / 1_000);
    add(
      `the newest good one, ${newestGood.name}, is ${age} old: ${renderDuration(greatestAgeMs / 1_000)} at most`,
    );
  }
  return findings;
}

/**
 * A copy whose backups nobody has restored, or not for long, or not whole.
 *
 * @param greatestAgeMs how old the last drill may be; undefined: no drills are declared, and who does none by hand is told
 * and not blamed
 */
export function findUndrilledCopy(
  { copy, database, newestGood }: Pick<CopyHealth, "copy" | "database" | "newestGood">,
  last: CopyDrill | undefined,
  { now, greatestAgeMs }: { readonly now: number; readonly greatestAgeMs: number | undefined },
): Finding[] {
  const subject = `drill of backups of ${database} at ${copy}`;
  const hint = `where the key is: \`backup drill --copy ${copy} --identity <file>\``;
  if (last !== undefined && last.faults > 0) {
    const count = last.faults === 1 ? "a fault" : `${last.faults} faults`;
    const message = `the last one, of ${last.backup}, found ${count}: what they are is told where it was done`;
    return [{ subject, message, hint: `do not count on that backup; do a drill of a newer one ${hint}` }];
  }
  // Of a copy without any there is nothing to restore: that is told already.
  if (greatestAgeMs === undefined || newestGood === undefined) return [];
  if (last === undefined) return [{ subject, message: "there was none yet", hint: `do one ${hint}` }];
  const age = now - Date.parse(last.endedAt);
  if (age <= greatestAgeMs) return [];
  const [old = "", allowed = ""] = [age, greatestAgeMs].map((ms) => renderDuration(ms / 1_000));
  const message = `the last one, of ${last.backup}, was ${old} ago: it is to be ${allowed} at most`;
  return [{ subject, message, hint: `do one ${hint}` }];
}

/** What the last run that sent copies to a destination is told with; undefined: nothing is wrong with it. */
export function findFailedSending(
  copy: string,
  lastRun: LastRun,
  reason: string | undefined,
): Finding | undefined {
  if (lastRun !== "failure") return undefined;
  const message = `the last run failed: ${reason ?? "it did not come to its end"}`;
  return { subject: `copy ${copy}`, message, hint: "mend that, and send what is missing: `backup send`" };
}
