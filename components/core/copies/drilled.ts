import type { DrillResult } from "../drill/result";
import { parseBackupName } from "../backup/name";

/** Raised when a field changes its meaning or goes; new fields may come without. */
const format = 1;

/**
 * What came of the last drill of a copy's backups of a database, as it lies beside them for every machine that reaches the
 * copy: the one that has the key is often none that knows the repository. It tells nothing of what is in the backup, so
 * faults are counted and not told.
 */
export interface CopyDrill {
  /** Its name. */
  readonly backup: string;
  /** ISO 8601, in UTC, as all moments here. */
  readonly startedAt: string;
  readonly endedAt: string;
  /** 0: it passed. */
  readonly faults: number;
  /** Time until the restored server could be used, the way from the copy included (RTO); null: it did not come to that. */
  readonly restoreSeconds: number | null;
  /** The newest moment that it gave back (RPO); null: it did not come to that. */
  readonly recoverableAt: string | null;
}

/** Its file at a copy, below no backup's name: whatever removes backups leaves it. */
export const drillNote = (database: string): string => `drills/${encodeURIComponent(database)}.json`;

/** The part of a drill's result that everybody may know. */
export function copyDrillOf(result: DrillResult): CopyDrill {
  const { backup, startedAt, endedAt, faults, restoreSeconds, recoverableAt } = result;
  return { backup, startedAt, endedAt, faults: faults.length, restoreSeconds, recoverableAt };
}

export function renderCopyDrill(drill: CopyDrill): string {
  return `${JSON.stringify({ format, drill }, null, 2)}\n`;
}

/** Clocks differ; one that is of later than that would never grow old. */
const futureMs = 3_600_000;

/**
 * Reads what another machine has left. Whoever can write to the copy can write this as well, so it is told, and counts for
 * nothing else.
 *
 * @param now milliseconds since 1970
 * @returns undefined: it is damaged, of another format, of another database, or of the future; there was no drill then
 */
export function parseCopyDrill(text: string, database: string, now: number): CopyDrill | undefined {
  const drill = parseJson(text);
  if (drill === undefined) return undefined;
  const { backup, startedAt, endedAt, faults, restoreSeconds, recoverableAt } = drill;
  const isOwn = typeof backup === "string" && parseBackupName(backup)?.database === database;
  if (!isOwn || !isMoment(startedAt) || !isMoment(endedAt)) return undefined;
  if (Date.parse(endedAt) > now + futureMs) return undefined;
  if (!isCount(faults) || !(restoreSeconds === null || isAmount(restoreSeconds))) return undefined;
  if (!(recoverableAt === null || isMoment(recoverableAt))) return undefined;
  return { backup, startedAt, endedAt, faults, restoreSeconds, recoverableAt };
}

function parseJson(text: string): Partial<Record<keyof CopyDrill, unknown>> | undefined {
  try {
    const found = JSON.parse(text) as { readonly format?: unknown; readonly drill?: unknown } | null;
    const drill = found?.format === format ? found.drill : undefined;
    return typeof drill === "object" && drill !== null ? drill : undefined;
  } catch {
    return undefined; // what is cut off has no better reason than that it is damaged
  }
}

function isMoment(value: unknown): value is string {
  return (
    typeof value === "string" && !Number.isNaN(Date.parse(value)) && new Date(value).toISOString() === value
  );
}

const isAmount = (value: unknown): value is number => Number.isFinite(value) && (value as number) >= 0;
const isCount = (value: unknown): value is number => isAmount(value) && Number.isInteger(value);

/** Of two that are known, the one that ended last. */
export function laterDrill(one: CopyDrill | undefined, other: CopyDrill | undefined): CopyDrill | undefined {
  if (one === undefined || other === undefined) return one ?? other;
  return one.endedAt < other.endedAt ? other : one;
}
