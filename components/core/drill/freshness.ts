import { renderDuration } from "../duration";
import type { Finding } from "../finding";
import type { DrillKind } from "./plan";

/** What is known of the drills of the backups of a database, or of the physical ones. */
export interface DrillHealth {
  readonly kind: DrillKind;
  /** Of logical backups. */
  readonly database?: string;
  /** The last one that came to an end; undefined: there was none. */
  readonly last:
    { readonly backup: string; readonly endedAt: number; readonly faults: readonly string[] } | undefined;
}

/** What is drilled, for people. */
export function drillSubject({ kind, database }: Pick<DrillHealth, "kind" | "database">): string {
  return database === undefined ? `drill of ${kind} backups` : `drill of backups of ${database}`;
}

/**
 * Drills that failed, and those that are not done as they are to be.
 *
 * @param times greatestAgeMs: how old the last one may be; undefined: none are declared
 */
export function findStaleDrills(
  drills: readonly DrillHealth[],
  { now, greatestAgeMs }: { readonly now: number; readonly greatestAgeMs: number | undefined },
): Finding[] {
  return drills.flatMap((drill) => {
    const message = faultOf(drill, now, greatestAgeMs);
    return message === undefined ? [] : [{ subject: drillSubject(drill), ...message }];
  });
}

function faultOf(
  { last }: DrillHealth,
  now: number,
  greatestAgeMs: number | undefined,
): Omit<Finding, "subject"> | undefined {
  if (last !== undefined && last.faults.length > 0) {
    const [first = "", ...more] = last.faults;
    const others = more.length === 0 ? "" : ` (and ${more.length} more)`;
    return {
      message: `the last one, of ${last.backup}, failed: ${first}${others}`,
      hint: "do not count on that backup; take another one, and do a drill of it: `backup`, `backup drill`",
      severity: "critical", // as the alert has it
    };
  }
  if (greatestAgeMs === undefined) return undefined;
  if (last === undefined) {
    return { message: "there was none yet", hint: "do one: `backup drill`" };
  }
  const age = now - last.endedAt;
  if (age <= greatestAgeMs) return undefined;
  const [old, allowed] = [age, greatestAgeMs].map((ms) => renderDuration(ms / 1_000));
  return {
    message: `the last one, of ${last.backup}, was ${old ?? ""} ago: by its schedule it is to be ${allowed ?? ""} at most`,
    hint: "does what runs the schedule still run? Do one: `backup drill`",
  };
}
