import { problemError } from "../../../components/core/problem";
import { renderDuration } from "../../../components/core/duration";
import type { Clock } from "./clock";
import type { Job, Outcome } from "./job";
import type { Log } from "./log";

/** A run that is under way. */
export interface RunningJob {
  readonly startedAt: number;
  /** Known at the time-out at the latest, when the job itself may still hang. */
  readonly outcome: Promise<Outcome>;
  /** Comes when the job's own work has ended, and never before the outcome. */
  readonly settled: Promise<void>;
  /** Has it finish the file at hand and begin no other. */
  stop(): void;
  /** Gives up what is under way. */
  cut(): void;
}

/** Begins a run. It never throws: a failure is an outcome. */
export function startJob(job: Job, log: Log, clock: Clock): RunningJob {
  const startedAt = clock.now();
  const controller = new AbortController();
  let isStopping = false;
  let tell: (outcome: Outcome) => void = () => undefined;
  const outcome = new Promise<Outcome>((resolve) => (tell = resolve));

  const cancelTimeout = clock.after(job.timeoutMs, () => {
    const error = timeout(job);
    tell({ kind: "failure", endedAt: clock.now(), error }); // the first outcome counts
    controller.abort(error);
  });
  // In an async function, so that what a job throws before its first wait is a failure as well.
  const work = (async () => job.run({ log, signal: controller.signal, isStopping: () => isStopping }))();
  const settled = work
    .then(
      () => {
        tell({ kind: "success", endedAt: clock.now() });
      },
      (error: unknown) => {
        tell({ kind: "failure", endedAt: clock.now(), error });
      },
    )
    .finally(cancelTimeout);
  return {
    startedAt,
    outcome,
    settled,
    stop() {
      isStopping = true;
    },
    cut() {
      tell({ kind: "cut" });
      controller.abort(new Error("the container is about to end"));
    },
  };
}

/** What was given up takes back what it had begun: it has this time for that. */
export const cleanUpMs = 5_000;

/** Comes when all work has ended, or after a time at the latest. */
export async function settledWithin(runs: readonly RunningJob[], ms: number, clock: Clock): Promise<void> {
  let cancel = (): void => undefined;
  const patience = new Promise<void>((resolve) => (cancel = clock.after(ms, resolve)));
  await Promise.race([Promise.all(runs.map(({ settled }) => settled)), patience]);
  cancel();
}

function timeout({ name, timeoutMs }: Job): Error {
  return problemError(
    `job ${name}`,
    `did not end within ${renderDuration(timeoutMs / 1_000)}`,
    "its last line before this one says what it was doing: look whether the server, or the disk, is slow",
  );
}
