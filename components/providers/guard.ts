import { ProblemError } from "../core/problem";
import type { Refusal } from "../core/statement";
import type { ResourceType } from "./contract";
import { hasUnknown, reveal, type PropertyMap } from "./properties";

/**
 * Fails a preview with everything that the other resources refuse, together, before anything is changed.
 *
 * In a preview every resource plans to its end and hands its refusals to this one, which depends on all of them.
 */
export const guard: ResourceType = {
  check: ({ newInputs }) => Promise.resolve({ inputs: newInputs, failures: [] }),
  diff({ inputs }) {
    assertNothingRefused(inputs);
    return Promise.resolve({ changed: false });
  },
  create({ name, inputs }) {
    assertNothingRefused(inputs);
    return Promise.resolve({ id: name, state: inputs });
  },
  update({ inputs }) {
    assertNothingRefused(inputs);
    return Promise.resolve(inputs);
  },
  read: ({ id, inputs, state }) => Promise.resolve({ id, inputs, state }),
  delete: () => Promise.resolve(),
};

function assertNothingRefused(inputs: PropertyMap): void {
  if (hasUnknown(inputs.refusals)) return;
  const refusals = (reveal(inputs.refusals) ?? []) as unknown as Refusal[][];
  assertNoRefusals(refusals.flat());
}

/** Throws where a resource's own plan refuses something: a resource calls it before its first statement. */
export function assertNoRefusals(refusals: readonly Refusal[]): void {
  if (refusals.length === 0) return;
  const title = `refused before any statement was sent (${refusals.length} ${refusals.length === 1 ? "refusal" : "refusals"})`;
  throw new ProblemError(
    title,
    refusals.map(({ subject, message, hint }) => ({ path: subject, message, hint })),
  );
}
