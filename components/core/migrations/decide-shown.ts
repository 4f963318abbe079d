import { problemError, ProblemError } from "../problem";
import type { Decision, MigrationStep } from "./decide";
import { fileNameOf } from "./history";

const changed = "the history has changed meanwhile";

/**
 * What of a decision may run: what was shown, and nothing else; what another run has done meanwhile is left out.
 *
 * @throws ProblemError where more would run than was shown, or nothing may any more
 */
export function decideShown(
  shown: readonly MigrationStep[],
  { steps, problems }: Decision,
): readonly MigrationStep[] {
  if (problems.length > 0) throw new ProblemError(changed, problems);
  const isShown = (step: MigrationStep): boolean =>
    shown.some((one) => one.migration === step.migration && one.direction === step.direction);
  const other = steps.find((step) => !isShown(step));
  if (other === undefined) return steps;
  throw notShown(fileNameOf(other.migration));
}

/** A file that nobody has seen would run. */
export function notShown(file: string): ProblemError {
  const hint = "run this again to see what would run now";
  return problemError(changed, `${file} would run as well, and was not shown`, hint);
}
