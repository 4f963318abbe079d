import { ProblemError } from "../core/problem";
import type { RunOutcome } from "../io/migrations/engine";
import type { Waiting } from "../io/waiting";
import type { ResourceRequest } from "./contract";

/** How a run within `up` speaks, and is told to stop. */
export function waitingOf({ log, signal }: ResourceRequest): Waiting {
  return { say: (text) => log("info", text), signal };
}

/** The failure with its place, after what of the run is done and stays. */
export function assertDone(database: string, { done, failure, cancelled }: RunOutcome): void {
  if (failure === undefined) return;
  const files = done.map(({ file }) => file).join(", ");
  const kept = done.length === 0 ? "nothing was applied before it" : `done before it, and stays: ${files}`;
  const end = cancelled ? "were cancelled" : "failed";
  throw new ProblemError(`the migrations of database ${database} ${end} (${kept})`, [failure]);
}
