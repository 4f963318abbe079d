import { ProblemError } from "../core/problem";
import type { Plan } from "../core/statement";
import type { RunOutcome } from "../io/migrations/engine";
import { prepareHistory } from "../io/migrations/history";
import type { Way } from "./planned";
import { waitingOf } from "./waiting-of";

/** The failure with its place, after what of the run is done and stays. */
export function assertDone(database: string, { done, failure, cancelled }: RunOutcome): void {
  if (failure === undefined) return;
  const files = done.map(({ file }) => file).join(", ");
  const kept = done.length === 0 ? "nothing was applied before it" : `done before it, and stays: ${files}`;
  const end = cancelled ? "were cancelled" : "failed";
  throw new ProblemError(`the migrations of database ${database} ${end} (${kept})`, [failure]);
}

/** Makes the tables of the history where they are not there. */
export async function prepareRun(database: string, migrator: string | undefined, way: Way): Promise<void> {
  await way.open(database, (session) => prepareHistory(session, migrator, waitingOf(way.request)));
}

/** True where a plan is more than the tables of the history. */
export function isPending({ statements }: Plan): boolean {
  return statements.some(({ migration }) => migration !== undefined);
}
