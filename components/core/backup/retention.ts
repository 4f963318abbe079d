import type { Keep } from "./plan";

/** A backup, as far as is decided from. */
export interface KeptBackup {
  readonly name: string;
  /** In milliseconds. */
  readonly takenAt: number;
  /** What the last look at it found. */
  readonly verified: "good" | "bad" | "never";
}

/** What of the backups of one database goes and what stays, each with why. */
export interface RetentionPlan {
  readonly remove: readonly { readonly name: string; readonly reason: string }[];
  readonly keep: readonly { readonly name: string; readonly reason: string }[];
  /** Why nothing goes, whatever its age; undefined: the rules decide. */
  readonly refused?: string;
}

/** How the last run ended; undefined: there was none. */
export type LastRun = "success" | "failure" | undefined;

const day = 86_400_000;

/**
 * Decides what goes: what no rule wants any more. Nothing goes unless the last run was a success and the newest backup
 * is good, and the newest verified one never does. One that is known to be bad takes the place of no good one.
 */
export function planRetention(
  backups: readonly KeptBackup[],
  keep: Keep,
  { now, lastRun }: { readonly now: number; readonly lastRun: LastRun },
): RetentionPlan {
  const sorted = backups.toSorted((a, b) => b.takenAt - a.takenAt);
  const refused = whyNothing(sorted, lastRun);
  const reasons = new Map<string, string>();
  const want = (backup: KeptBackup | undefined, reason: string): void => {
    if (backup !== undefined && !reasons.has(backup.name)) reasons.set(backup.name, reason);
  };
  want(
    sorted.find(({ verified }) => verified === "good"),
    "the newest verified one",
  );
  for (const backup of sorted.filter(({ takenAt }) => takenAt > now - keep.days * day)) {
    want(backup, `of the last ${keep.days} ${keep.days === 1 ? "day" : "days"}`);
  }
  const usable = sorted.filter(({ verified }) => verified !== "bad");
  for (const backup of newestOfEach(usable, weekOf, keep.weekly)) want(backup, "the newest of its week");
  for (const backup of newestOfEach(usable, monthOf, keep.monthly)) want(backup, "the newest of its month");
  if (refused !== undefined) for (const backup of sorted) want(backup, refused);
  return {
    remove: sorted.flatMap(({ name, verified }) =>
      reasons.has(name) ? [] : [{ name, reason: whyRemoved(verified, keep) }],
    ),
    keep: sorted.flatMap(({ name }) => {
      const reason = reasons.get(name);
      return reason === undefined ? [] : [{ name, reason }];
    }),
    ...(refused === undefined ? {} : { refused }),
  };
}

function whyNothing(sorted: readonly KeptBackup[], lastRun: LastRun): string | undefined {
  if (lastRun === undefined)
    return "no run of this repository is known to have succeeded: nothing is removed";
  if (lastRun === "failure") return "the last run failed: nothing is removed";
  const [newest] = sorted;
  if (newest === undefined || newest.verified === "good") return undefined;
  return newest.verified === "bad"
    ? "the newest backup is damaged: nothing is removed"
    : "the newest backup was never verified: nothing is removed";
}

function whyRemoved(verified: KeptBackup["verified"], { days, weekly, monthly }: Keep): string {
  const older = `older than ${days} ${days === 1 ? "day" : "days"}`;
  if (verified === "bad") return `${older}, and damaged`;
  return `${older}, and none that is kept of ${weekly} weeks or ${monthly} months`;
}

/** @param sorted the newest first */
function newestOfEach(
  sorted: readonly KeptBackup[],
  periodOf: (moment: number) => number,
  count: number,
): KeptBackup[] {
  const newest = new Map<number, KeptBackup>();
  for (const backup of sorted) {
    const period = periodOf(backup.takenAt);
    if (!newest.has(period)) newest.set(period, backup);
  }
  return [...newest.values()].slice(0, count);
}

/** Weeks begin on Mondays; the first day of 1970 was a Thursday. */
function weekOf(moment: number): number {
  return Math.floor((moment / day + 3) / 7);
}

function monthOf(moment: number): number {
  const date = new Date(moment);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}
