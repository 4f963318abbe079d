import type { Finding } from "../../../components/core/finding";
import { parseSchedule } from "../../../components/core/ops/timetable";
import { ProblemError } from "../../../components/core/problem";
import { readRecovery, type RecoveryData, type RecoverySource } from "../recovery/read-recovery";

/** What is known of physical backups. */
export interface PhysicalStatus extends RecoveryData {
  /** ISO 8601, in UTC. */
  readonly nextFullAt: string;
  readonly nextIncrementalAt: string;
}

/**
 * Looks at physical backups; where they cannot be looked at, such as when the server does not answer, that is a finding, and
 * keeps nothing else from being told.
 *
 * @param source undefined: none are declared here
 */
export async function readPhysicalStatus(
  source: RecoverySource | undefined,
): Promise<{ readonly data: PhysicalStatus | null; readonly findings: readonly Finding[] }> {
  if (source === undefined) return { data: null, findings: [] };
  const { schedules, timeZone, now } = source;
  const next = (schedule: string): string =>
    new Date(parseSchedule(schedule, timeZone).next(now)).toISOString();
  try {
    const { data, findings } = await readRecovery(source);
    const times = { nextFullAt: next(schedules.full), nextIncrementalAt: next(schedules.incremental) };
    return { data: { ...data, ...times }, findings };
  } catch (error) {
    const message =
      error instanceof ProblemError ? (error.problems[0]?.message ?? error.title) : String(error);
    const hint = "`recovery` says more once that is mended";
    return { data: null, findings: [{ subject: "physical backups", message, hint }] };
  }
}
