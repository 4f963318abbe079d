import type { Problem } from "../problem";
import type { PhysicalBackup } from "./repository";
import { isOnTimeline, type Timeline } from "./timelines";

/** The moments that can be restored, in milliseconds since 1970. */
export interface RecoverableWindow {
  readonly oldest: number;
  readonly newest: number;
}

/**
 * What can be restored: from the end of the oldest backup on, as none is whole before its end, to the last change whose
 * log has arrived.
 *
 * @param backups good ones only
 * @param archivedAt when the newest file of the log arrived; undefined: nobody knows, and the end of the newest backup counts
 * @returns undefined: nothing can be restored
 */
export function recoverableWindow(
  backups: readonly PhysicalBackup[],
  archivedAt: number | undefined,
): RecoverableWindow | undefined {
  if (backups.length === 0) return undefined;
  // The log that a backup itself needs has arrived before it counts.
  const newest = Math.max(...backups.map(({ stoppedAt }) => stoppedAt), archivedAt ?? 0);
  const oldest = Math.min(...backups.map(usableFrom));
  // Soon after the first backup nothing newer may have arrived yet.
  return { oldest, newest: Math.max(oldest, newest) };
}

/** Its end is told in whole seconds: it may have ended late in that one. */
function usableFrom({ stoppedAt }: PhysicalBackup): number {
  return stoppedAt + 1_000;
}

/** What a moment is restored from, or why it cannot be. */
export type Choice =
  | { readonly kind: "backup"; readonly backup: PhysicalBackup }
  | { readonly kind: "refused"; readonly problem: Problem };

/**
 * The backup that a moment is restored from: the last one that ended before it, as the least log is to be replayed then.
 *
 * @param target milliseconds since 1970
 * @param timeline the line of the log that the server was on then: one of another line leads elsewhere
 */
export function chooseBackup(
  backups: readonly PhysicalBackup[],
  window: RecoverableWindow | undefined,
  target: number,
  timeline?: Timeline,
): Choice {
  if (window === undefined) {
    return refused("nothing can be restored: there is no good physical backup", "take one first");
  }
  const outside = describeOutside(window, target);
  if (outside !== undefined) return outside;
  const [backup] = backups
    .filter((candidate) => timeline === undefined || isOnTimeline(candidate, timeline))
    .filter((candidate) => usableFrom(candidate) <= target)
    .toSorted((one, other) => other.stoppedAt - one.stoppedAt);
  return backup === undefined
    ? refused(`no backup ended before ${renderMoment(target)}`, "choose a later moment")
    : { kind: "backup", backup };
}

function describeOutside({ oldest, newest }: RecoverableWindow, target: number): Choice | undefined {
  const where = target < oldest ? "before the oldest" : target > newest ? "after the newest" : undefined;
  if (where === undefined) return undefined;
  return refused(
    `${renderMoment(target)} is ${where} moment that can be restored`,
    `choose one from ${renderMoment(oldest)} to ${renderMoment(newest)}`,
  );
}

function refused(message: string, hint: string): Choice {
  return { kind: "refused", problem: { path: "", message, hint } };
}

/** A moment as PostgreSQL reads it, in UTC: `2026-11-20 14:30:00+00`; with its fraction where it has one. */
export function renderMoment(ms: number): string {
  return `${new Date(ms)
    .toISOString()
    .replace("T", " ")
    .replace(/(?:\.000)?Z$/, "")}+00`;
}
