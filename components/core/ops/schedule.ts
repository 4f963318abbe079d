/**
 * The greatest time between two runs that follow each other, in milliseconds: how long a job that works may stay
 * silent. `0 1 * * 1-5` is silent from Friday to Monday.
 *
 * @param runs moments in milliseconds, in their order; at least two
 */
export function greatestInterval(runs: readonly number[]): number {
  return Math.max(0, ...runs.slice(1).map((run, index) => run - (runs[index] ?? run)));
}

/** More than so many missed runs are not counted: nobody needs the number. */
export const countedRuns = 100;

/** What is told at start of the runs that fell into the time in which there was no scheduler. */
export function describeMissed(count: number, lastAttempt: string): string {
  const runs = count === 1 ? "1 run was" : `${count >= countedRuns ? "at least " : ""}${count} runs were`;
  return `${runs} missed while the container was down, the last attempt began at ${lastAttempt}; it runs now`;
}

/** What the scheduler shows of itself. */
export interface SchedulerPulse {
  readonly now: number;
  readonly isStopped: boolean;
  /** When it last looked at the clock. */
  readonly lastTick: number;
  readonly jobs: readonly {
    readonly name: string;
    /** When a run that its time-out did not end was begun. */
    readonly hangsSince?: number;
  }[];
}

/** The scheduler looks at the clock once a second: a silence of this time is no busy machine any more. */
const silenceMs = 30_000;

/** Why the scheduler does not do its work; undefined: it does. */
export function whyNotLive({ now, isStopped, lastTick, jobs }: SchedulerPulse): string | undefined {
  if (isStopped) return "the scheduler is stopped";
  const silent = now - lastTick;
  if (silent > silenceMs) {
    return `the scheduler has not looked at the clock for ${Math.round(silent / 1000)} s`;
  }
  const [hanging] = jobs.filter(({ hangsSince }) => hangsSince !== undefined);
  if (hanging === undefined) return undefined;
  const began = new Date(hanging.hangsSince ?? now).toISOString();
  return `job ${hanging.name} did not end at its time-out and cannot run again; the run began at ${began}`;
}
