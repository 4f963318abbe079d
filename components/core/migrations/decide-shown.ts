import { problemError, ProblemError } from "../problem";
import type { Decision, MigrationStep } from "./decide";
import { fileNameOf } from "./history";

/**
 * What of a decision may run: what was shown, and nothing else; what another run has done meanwhile is left out.
 *
 * @throws ProblemError where more would run than was shown, or nothing may any more
 */
export function decideShown(
  shown: readonly MigrationStep[],
  { steps, problems }: Decision,
): readonly MigrationStep[] {
  const changed = "the history has changed meanwhile";
  if (problems.length > 0) throw new ProblemError(changed, problems);
  const isShown = (step: MigrationStep): boolean =>
    shown.some((one) => one.migration === step.migration && one.direction === step.direction);
  const other = steps.find((step) => !isShown(step));
  if (other === undefined) return steps;
  const message = `${fileNameOf(other.migration)} would run as well, and was not shown`;
  throw problemError(changed, message, "run this again to see what would run now");
}
