import type { OpsJob } from "../../../components/core/ops-context";
import { describeMissed, whyNotLive } from "../../../components/core/ops/schedule";
import type { Clock } from "./clock";
import type { Job, Outcome } from "./job";
import type { JobState } from "./job-state";
import { describeError, type Log } from "./log";
import { cleanUpMs, settledWithin, startJob, type RunningJob } from "./running-job";
import type { Timetable } from "../../../components/core/ops/timetable";

export interface ScheduledJob {
  readonly job: Job;
  readonly timetable: Timetable;
}

/** Hears what becomes of the jobs. */
export interface JobObserver {
  ended(job: OpsJob, startedAt: number, outcome: Exclude<Outcome, { kind: "cut" }>): void;
  skipped(job: OpsJob): void;
}

export interface SchedulerSurroundings {
  readonly clock: Clock;
  readonly log: Log;
  readonly state: JobState;
  readonly observer: JobObserver;
}

export interface Scheduler {
  /**
   * Begins no run any more, lets those that are under way finish the file at hand, and gives them up after a time.
   *
   * @param patienceMs how long they have
   */
  stop(patienceMs: number): Promise<void>;
  /** Why it does not do its work; undefined: it does. */
  whyNotLive(): string | undefined;
}

/** How often it looks at the clock: a clock that is set, or a machine that slept, is noticed within that time. */
const tickMs = 1_000;

/** A job with its next moment, and the run that is under way. */
interface Slot extends ScheduledJob {
  next: number;
  run?: RunningJob;
  hangsSince?: number;
}

/** Runs each job by its timetable, and never beside itself. A failure is told and measured; it ends nothing. */
export function startScheduler(
  jobs: readonly ScheduledJob[],
  surroundings: SchedulerSurroundings,
): Scheduler {
  const { clock, log, state, observer } = surroundings;
  let lastTick = clock.now();
  let isStopped = false;
  const slots: Slot[] = jobs.map((job) => ({ ...job, next: job.timetable.next(lastTick) }));

  const tick = (): void => {
    const now = clock.now();
    // Set back by more than a tick: the moments that were worked out are too far away.
    if (now < lastTick - tickMs) for (const slot of slots) slot.next = slot.timetable.next(now);
    lastTick = now;
    for (const slot of slots.filter(({ next }) => next <= now)) {
      slot.next = slot.timetable.next(now);
      if (slot.run === undefined) begin(slot, surroundings);
      else skip(slot, log, observer);
    }
    cancelTick = clock.after(tickMs, tick);
  };

  for (const slot of slots) {
    if (isDueAtStart(slot, state, log, lastTick)) begin(slot, surroundings);
  }
  let cancelTick = clock.after(tickMs, tick);

  return {
    async stop(patienceMs) {
      isStopped = true;
      cancelTick();
      await endRuns(slots, clock, log, patienceMs);
      await state.saved();
    },
    whyNotLive: () =>
      whyNotLive({
        now: clock.now(),
        isStopped,
        lastTick,
        jobs: slots.map(({ job, hangsSince }) => ({
          name: job.name,
          ...(hangsSince === undefined ? {} : { hangsSince }),
        })),
      }),
  };
}

function begin(slot: Slot, { clock, log, state, observer }: SchedulerSurroundings): void {
  const { job } = slot;
  const run = startJob(job, log.of(job.name), clock);
  slot.run = run;
  void run.outcome.then((outcome) => {
    if (outcome.kind === "cut") return;
    record(state, job.name, run.startedAt, outcome);
    observer.ended(job.name, run.startedAt, outcome);
    if (outcome.kind === "failure") log.of(job.name).error(`failed: ${describeError(outcome.error)}`);
    if (slot.run === run) slot.hangsSince = run.startedAt; // until it has settled, which comes right after
  });
  void run.settled.then(() => {
    delete slot.run;
    delete slot.hangsSince;
  });
}

/** A run that was missed is told and made up for, once, however many there were. */
function isDueAtStart({ job, timetable }: Slot, state: JobState, log: Log, now: number): boolean {
  const { lastAttempt } = state.of(job.name);
  if (lastAttempt === undefined) return job.runsAtStart;
  const missed = timetable.count(lastAttempt, now);
  if (missed === 0) return job.runsAtStart;
  log.of(job.name).warning(describeMissed(missed, new Date(lastAttempt).toISOString()), { missed });
  return true;
}

function skip({ job, run }: Slot, log: Log, observer: JobObserver): void {
  observer.skipped(job.name);
  const since = new Date(run?.startedAt ?? 0).toISOString();
  log.of(job.name).warning(`a run is skipped: that of ${since} has not ended`);
}

function record(state: JobState, job: OpsJob, startedAt: number, outcome: Outcome): void {
  const { lastSuccess } = state.of(job);
  const success = outcome.kind === "success" ? outcome.endedAt : lastSuccess;
  state.record(job, {
    lastAttempt: startedAt,
    ...(success === undefined ? {} : { lastSuccess: success }),
    ...(outcome.kind === "failure" ? { reason: describeError(outcome.error) } : {}),
  });
}

async function endRuns(slots: readonly Slot[], clock: Clock, log: Log, patienceMs: number): Promise<void> {
  const underWay = (): { job: Job; run: RunningJob }[] =>
    slots.flatMap(({ job, run }) => (run === undefined ? [] : [{ job, run }]));
  const first = underWay();
  if (first.length === 0) return;
  for (const { job, run } of first) {
    log.of(job.name).info("is about to end with the container: it finishes what it is at");
    run.stop();
  }
  await settledWithin(
    first.map(({ run }) => run),
    patienceMs,
    clock,
  );
  const late = underWay();
  for (const { job, run } of late) {
    log.of(job.name).warning("is given up: the container ends; it is made up for at the next start");
    run.cut();
  }
  await settledWithin(
    late.map(({ run }) => run),
    cleanUpMs,
    clock,
  );
}
