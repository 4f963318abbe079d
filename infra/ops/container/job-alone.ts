import { appendFileSync } from "node:fs";
import { join } from "node:path";
import type { OpsJob } from "../../../components/core/ops-context";
import { RepositoryBusyError, withRepository } from "../../../components/io/backup/lock";
import type { Clock } from "./clock";
import type { Outcome } from "./job";
import { openJobState } from "./job-state";
import { createLog, describeError, teeLog, type Log } from "./log";

export interface AloneRun {
  /** Directory with one for each job, which holds its lock, its state and what its runs said. */
  readonly directory: string;
  readonly job: OpsJob;
  readonly clock: Clock;
  readonly log: Log;
}

/** Where the state of a job is, in the directory of all of them. */
export const stateFileOf = (directory: string, job: OpsJob): string => join(directory, job, "state.json");

/**
 * Runs a job, but not beside itself, and keeps what became of it. Whoever starts it, timer or person, takes the same lock:
 * the second one is told who has it, and changes nothing.
 */
export async function runAlone(
  { directory, job, clock, log }: AloneRun,
  run: (log: Log) => Promise<Outcome>,
): Promise<Outcome | { readonly kind: "skipped"; readonly error: unknown }> {
  const own = join(directory, job);
  try {
    return await withRepository(own, `job ${job}`, new AbortController().signal, async () => {
      const state = await openJobState(stateFileOf(directory, job), log);
      const startedAt = clock.now();
      const { reason: _before, ...before } = state.of(job);
      // A run that is killed leaves this behind, and no lock that anybody holds.
      state.record(job, { ...before, began: startedAt });
      const both = teeLog(log, openRunsLog(join(own, "log"), clock));
      const outcome = await run(both);
      if (outcome.kind === "success") both.of(job).info("ended well");
      else both.of(job).error(`failed: ${reasonOf(outcome)}`);
      const { began: _began, lastSuccess, ...rest } = state.of(job);
      const success = outcome.kind === "success" ? outcome.endedAt : lastSuccess;
      state.record(job, {
        ...rest,
        lastAttempt: startedAt,
        ...(success === undefined ? {} : { lastSuccess: success }),
        ...(outcome.kind === "success" ? {} : { reason: reasonOf(outcome) }),
      });
      await state.saved();
      return outcome;
    });
  } catch (error) {
    if (!(error instanceof RepositoryBusyError)) throw error;
    return { kind: "skipped", error };
  }
}

/** What is cut is made up for by nobody: a timer knows only whether the program was started. */
function reasonOf(outcome: Exclude<Outcome, { kind: "success" }>): string {
  return outcome.kind === "cut"
    ? "it was given up, as the host or somebody ended it"
    : describeError(outcome.error);
}

/**
 * What runs said, for whoever comes to look: a journal may be gone, and cron has none. The host's logrotate keeps it small,
 * and takes the file away between two runs.
 */
function openRunsLog(file: string, clock: Clock): Log {
  return createLog((line) => {
    appendFileSync(file, line, { mode: 0o600 });
  }, clock);
}
