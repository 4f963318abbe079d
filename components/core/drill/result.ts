import type { DrillKind } from "./plan";

/** A part of a drill, and how long it took. */
export interface DrillStep {
  readonly name: string;
  readonly seconds: number;
}

/** What came of a drill. */
export interface DrillResult {
  readonly kind: DrillKind;
  /** Name of the backup. */
  readonly backup: string;
  /** Of a logical one. */
  readonly database?: string;
  /** ISO 8601, in UTC. */
  readonly startedAt: string;
  readonly endedAt: string;
  /** What is wrong with what was restored, or why it could not be; empty: it passed. */
  readonly faults: readonly string[];
  /** What a person should know of how it was done. */
  readonly notes: readonly string[];
  /** Time until the restored server could be used (RTO); null: it did not come to that. */
  readonly restoreSeconds: number | null;
  /** The newest moment that it gave back; null: it did not come to that. */
  readonly recoverableAt: string | null;
  /** Its age when the drill was begun (RPO). */
  readonly recoverableAgeSeconds: number | null;
  readonly steps: readonly DrillStep[];
  /** Version of the server that it was restored to. */
  readonly serverVersion: string;
  /** What tables and indexes were checked with; null: they were not. */
  readonly structure: "pg_amcheck" | "amcheck" | null;
  /** Number of assertions that were asked. */
  readonly assertions: number;
  /** Name of the copy that it came from; absent: the repository itself. */
  readonly copy?: string;
}

/**
 * The result of a backup that was brought here first: who restores it waits for that as well.
 *
 * @param begun when it was asked for, in milliseconds
 */
export function withWay(result: DrillResult, begun: number, way: DrillStep): DrillResult {
  const { recoverableAt, restoreSeconds, steps } = result;
  return {
    ...result,
    startedAt: new Date(begun).toISOString(),
    restoreSeconds: restoreSeconds === null ? null : restoreSeconds + way.seconds,
    recoverableAgeSeconds: recoverableAt === null ? null : (begun - Date.parse(recoverableAt)) / 1_000,
    steps: [way, ...steps],
  };
}

/** So many of a kind are told. */
const shown = 20;

/** The first ones of a long list, and how many more there are. */
export function firstOf(texts: readonly string[]): string[] {
  if (texts.length <= shown) return [...texts];
  return [...texts.slice(0, shown), `and ${texts.length - shown} more of this kind`];
}
