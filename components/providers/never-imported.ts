import { problemError } from "../core/problem";
import type { ResourceType } from "./contract";

/**
 * The `read` of what is declared and never imported: a refresh gives back what the state has.
 *
 * @param what why there is no import, such as `a login is not imported`
 * @throws ProblemError for an import, which has no state yet
 */
export function neverImported(what: string, hint: string): ResourceType["read"] {
  return ({ id, inputs, state }) => {
    if (Object.keys(state).length > 0) return Promise.resolve({ id, inputs, state });
    throw problemError(`import of ${id}`, what, hint);
  };
}
