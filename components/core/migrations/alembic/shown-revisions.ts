import { problemError, ProblemError } from "../../problem";
import type { RevisionDecision } from "./decide-revisions";
import type { RevisionStep } from "./revision-step";

/**
 * What of a decision may run: what was shown, and nothing else; what another run has done meanwhile is left out.
 *
 * @throws ProblemError where more would run than was shown, or nothing may any more
 */
export function shownRevisions(
  shown: readonly RevisionStep[],
  { steps, problems }: RevisionDecision,
): readonly RevisionStep[] {
  if (problems.length > 0) throw new ProblemError("the history has changed meanwhile", problems);
  return steps.map(({ revision, checksum, path }) => {
    const step = shown.find(({ migration }) => migration.version === revision);
    if (step?.migration.checksum === checksum) return step;
    const message = step === undefined ? "would run as well, and was not shown" : "was edited meanwhile";
    throw problemError(path, message, "run this again to see what would run now");
  });
}
