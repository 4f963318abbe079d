import { sampleTables } from "../../core/operations/sample-tables";
import { countersSql, type StatementSource } from "../catalog/statement-source";

/** Counters that add up; of `max_ms` there is no difference. */
export const summed = [
  "calls",
  "total_ms",
  "square_ms",
  "rows",
  "blocks_hit",
  "blocks_read",
  "blocks_written",
  "temp_blocks",
  "io_ms",
  "wal_bytes",
] as const;

/** All columns of counters, in the order in which the tables have them. */
export const counters = ["calls", "total_ms", "square_ms", "max_ms", ...summed.slice(3)] as const;

/**
 * Common table expressions `present` and `difference`: the counters now, and what each statement has done since the last
 * sample.
 *
 * What is new since then counts whole, and so does what began anew: after a reset of all, after one of
 * this statement, after it was thrown out for others and came back, and after a crash. Where the server tells since when
 * a statement counts (17), that says so; before, fewer calls than at the last sample do.
 *
 * The greatest time is that of the span only where it has risen within: else it may be of before, and stays unknown.
 *
 * No moment of a server's clock is compared with another one: clocks are set back.
 *
 * @param source where the counters are
 * @param isAll whether all began anew
 */
export function differenceSql(source: StatementSource, isAll: boolean): string {
  const isAnew = isAll ? "true" : "(l.queryid IS NULL OR p.since <> l.since OR p.calls < l.calls)";
  const differences = summed.map(
    (name) => `CASE WHEN ${isAnew} THEN p.${name} ELSE greatest(p.${name} - l.${name}, 0) END AS ${name}`,
  );
  return `present AS MATERIALIZED (${countersSql(source)}
  ), difference AS MATERIALIZED (
    SELECT p.role, p.queryid, p.toplevel, ${differences.join(", ")},
           CASE WHEN ${isAnew} OR p.max_ms > l.max_ms THEN p.max_ms END AS max_ms
    FROM present AS p
    LEFT JOIN ${sampleTables.last} AS l
      ON l.queryid = p.queryid AND l.role = p.role AND l.toplevel = p.toplevel
    WHERE ${isAnew} OR p.calls > l.calls
  )`;
}

/** What a statement may stand out by: of each the first hundred are kept, and the rest is one row. */
const ranks = ["total_ms", "calls", "blocks_hit + blocks_read + blocks_written", "temp_blocks", "wal_bytes"];
const perRank = 100;

/**
 * The rows of a relation with what each stands out by cut to at most 500 (`sampleLimits.statements`), and one without a
 * queryid that has the sums of all others.
 *
 * @param from a relation with the columns of `difference`
 */
export function cutSql(from: string): string {
  const over = (order: string): string => `row_number() OVER (ORDER BY ${order} DESC, queryid)`;
  const sums = counters.map((name) =>
    name === "max_ms" ? "max(max_ms) AS max_ms" : `sum(${name}) AS ${name}`,
  );
  return `
    SELECT CASE WHEN is_kept THEN role END AS role, CASE WHEN is_kept THEN queryid END AS queryid,
           CASE WHEN is_kept THEN toplevel END AS toplevel, ${sums.join(", ")}
    FROM (SELECT *, queryid IS NOT NULL AND least(${ranks.map(over).join(", ")}) <= ${perRank} AS is_kept FROM ${from}) AS ranked
    GROUP BY 1, 2, 3`;
}
