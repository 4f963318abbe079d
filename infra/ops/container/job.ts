import type { OpsJob } from "../../../components/core/ops-context";
import type { Log } from "./log";

/** Work that is done again and again. */
export interface Job {
  readonly name: OpsJob;
  /** One line in the help. */
  readonly summary: string;
  /** After this time a run is ended and counts as failed. */
  readonly timeoutMs: number;
  /** True: it runs when the container starts as well, whatever its schedule. */
  readonly runsAtStart: boolean;
  /** Anything that it throws is the reason why the run failed. */
  run(surroundings: JobRun): Promise<void>;
}

/** What a run is given. */
export interface JobRun {
  /** Lines with the job's name. */
  readonly log: Log;
  /** Aborted at the time-out, and when the container has no more time: what is under way is given up. */
  readonly signal: AbortSignal;
  /** True once the container is asked to end: the file at hand is finished, and no other one begun. */
  readonly isStopping: () => boolean;
}

/** How a run ended. A run that the container's end cut short is neither: it is made up for at the next start. */
export type Outcome =
  | { readonly kind: "success"; readonly endedAt: number }
  | { readonly kind: "failure"; readonly endedAt: number; readonly error: unknown }
  | { readonly kind: "cut" };
