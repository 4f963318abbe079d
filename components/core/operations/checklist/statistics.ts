import type { Finding } from "../../finding";
import { percentOf } from "../health-check";

/** A table whose rows changed since its last ANALYZE. */
export interface StaleTable {
  /** `schema.name`. */
  readonly table: string;
  readonly liveRows: number;
  readonly changedRows: number;
}

/** Fewer rows are not worth a finding; autovacuum begins at 50, and the alert has this one. */
export const leastChangedRows = 10_000;

/**
 * Statistics that say little of what is in their tables, by the threshold of the alert `StatisticsStale`.
 *
 * @param neverAnalyzed tables that have none at all
 */
export function judgeStatistics(
  database: string,
  stale: readonly StaleTable[],
  neverAnalyzed: readonly string[],
  { staleStatistics }: { readonly staleStatistics: number },
): Finding[] {
  const hint = (table: string): string => `\`analyze ${table}\`; does autovacuum get to it?`;
  return [
    ...neverAnalyzed.map((table) => ({
      subject: `${database}: table ${table}`,
      message: "was never analyzed: the planner knows nothing of its rows",
      hint: hint(table),
    })),
    ...stale
      .filter(
        ({ liveRows, changedRows }) =>
          changedRows > leastChangedRows &&
          liveRows > 0 &&
          percentOf(changedRows, liveRows) > staleStatistics,
      )
      .map(({ table, changedRows, liveRows }) => ({
        subject: `${database}: table ${table}`,
        message: `${changedRows.toLocaleString("en")} changes since its last ANALYZE, at ${liveRows.toLocaleString("en")} rows`,
        hint: hint(table),
      })),
  ];
}
