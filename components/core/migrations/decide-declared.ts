import { base, decideDowngrade, decideUpgrade, lastOf, type Decision, type DecisionInput } from "./decide";
import type { AppliedMigration } from "./history";

/** How far a stack's configuration has its migrations go. */
export interface DeclaredTarget {
  /** The last one that is applied; absent: the last file. */
  readonly target?: string;
  /** May what is above the target be taken back? */
  readonly downgrade: "allow" | "refuse";
}

/** What brings a database to its target. */
export interface DeclaredDecision extends Decision {
  /** What is applied above the target and stays so, as nobody said that it may go. */
  readonly above: readonly AppliedMigration[];
}

/** Which files run, in which direction: down only where the stack says so. */
export function decideDeclared(
  input: DecisionInput,
  { target, downgrade }: DeclaredTarget,
): DeclaredDecision {
  const { applied } = input.history;
  const last = lastOf(target, input.migrations);
  const isKnown = target !== undefined && (target === base || last !== undefined);
  const above = isKnown ? applied.filter(({ version }) => Number(version) > Number(last?.version ?? -1)) : [];
  if (above.length === 0) return { ...decideUpgrade(input, target), above };
  if (downgrade === "allow") {
    return { ...decideDowngrade(input, last === undefined ? base : { to: last.version }), above: [] };
  }
  // Nothing goes down, and what is above is no reason to stop: what else is wrong is told.
  return { ...decideUpgrade(input, applied.at(-1)?.version), above };
}
