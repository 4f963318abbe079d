import { quoteIdentifier } from "../../identifier";
import type { Problem } from "../../problem";
import type { JudgedMigration } from "../gate/judge";
import { continueFrom, isConcurrentIndex, tracesOf, type FoundTraces, type Traces } from "../leftover";

/** An index that a pending revision builds beside running writes: outside of its transaction. */
export interface ConcurrentBuild {
  /** The revision's file and line. */
  readonly place: string;
  readonly traces: Extract<Traces, { readonly kind: "index made" }>;
}

/**
 * The builds of pending revisions of which an earlier run may have left an index. A revision that drops it by itself
 * before needs nobody.
 */
export function concurrentBuilds(
  pending: readonly Pick<JudgedMigration, "migration" | "up">[],
): ConcurrentBuild[] {
  const dropped = new Set<string>();
  return pending.flatMap(({ migration, up }) =>
    up.flatMap(({ statement: { node, firstLine } }): ConcurrentBuild[] => {
      const traces = tracesOf(node);
      if (traces.kind === "index dropped") dropped.add(withoutSchema(traces.index));
      if (traces.kind !== "index made" || traces.index === undefined || !isConcurrentIndex(node)) return [];
      if (dropped.has(quoteIdentifier(traces.index))) return [];
      return [{ place: `${migration.path}:${firstLine}`, traces }];
    }),
  );
}

function withoutSchema(name: string): string {
  return /(?:^|\.)("(?:[^"]|"")*")$/.exec(name)?.[1] ?? name;
}

/**
 * What an earlier build has left: it keeps the next one from running, or, with IF NOT EXISTS, has it do nothing.
 * Undefined: nothing.
 */
export function leftIndexProblem(
  { place, traces }: ConcurrentBuild,
  found: FoundTraces,
): Problem | undefined {
  const go = continueFrom(traces, found);
  if (found.state !== "invalid" || go.kind !== "run") return undefined;
  const sql = go.before.map((statement) => `${statement};`).join(" ");
  return {
    path: place,
    message: `an earlier build of the index ${traces.index ?? ""} failed and left it invalid: every write pays for it, and no query uses it`,
    hint: `as its owner, outside of a transaction: ${sql} Then run this again`,
  };
}
