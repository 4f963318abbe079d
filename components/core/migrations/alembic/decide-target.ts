import { base } from "../decide";
import {
  compareRevisions,
  decideRevisions,
  findRevision,
  type RevisionDecision,
  type RevisionState,
} from "./decide-revisions";
import { ancestorsOf, inRunningOrder } from "./revision";

/** What a stack's target has run. */
export interface TargetDecision extends RevisionDecision {
  /** Files behind the target, which are not to be applied. */
  readonly held: readonly string[];
  /** Files that are applied behind it, and stay: nothing goes down unless somebody says so himself. */
  readonly above: readonly string[];
}

/**
 * Which revisions a stack has run.
 *
 * @param target of its configuration
 * @param to the last one that a user wants now; default the target
 */
export function decideTarget(state: RevisionState, target: string | undefined, to?: string): TargetDecision {
  const { revisions, current } = state;
  const last = target === undefined ? undefined : findRevision(target, revisions);
  // One that is not known is told as a problem.
  if (target === undefined || (target !== base && last === undefined))
    return { ...decideRevisions(state, to ?? target), held: [], above: [] };
  const wanted = ancestorsOf(last === undefined ? [] : [last.revision], revisions);
  const applied = ancestorsOf(current, revisions);
  const behind = inRunningOrder(revisions).filter(({ revision }) => !wanted.has(revision));
  const held = behind.map(({ file }) => file);
  const above = behind.filter(({ revision }) => applied.has(revision)).map(({ file }) => file);
  const decided =
    to !== undefined
      ? decideRevisions(state, to)
      : [...wanted].every((id) => applied.has(id))
        ? { steps: [], problems: compareRevisions(state) }
        : decideRevisions(state, target);
  const beyond = decided.steps.find(({ revision }) => !wanted.has(revision));
  if (beyond === undefined) return { ...decided, held, above };
  const message = `is above the target of the stack, ${target}`;
  const hint = "raise pgstead:migrations.target in the stack's file, or remove it";
  return { steps: [], problems: [{ path: beyond.path, message, hint }], held, above };
}
