import type { Finding } from "../finding";
import type { Thresholds } from "../monitoring/thresholds";

/** What a statement did in a span, as a role. Times are in milliseconds. */
export interface StatementFigures {
  readonly database: string;
  /** Null: the role is gone, or these are the sums of statements that were too many to keep. */
  readonly role: string | null;
  /** A number of 64 bits, as text; null: the sums of statements that were too many to keep. */
  readonly queryId: string | null;
  /** False: within a function or another statement. */
  readonly topLevel: boolean;
  /** Normalised, without anything in quotes; null: it was thrown out before somebody asked. */
  readonly text: string | null;
  readonly calls: number;
  readonly totalMs: number;
  readonly meanMs: number;
  /** Standard deviation of the times. */
  readonly deviationMs: number;
  /** Null: not in this span, as far as is known. */
  readonly maxMs: number | null;
  /** Of the time of all statements of the span in this database, 0 to 1. */
  readonly share: number;
  readonly rows: number;
  readonly rowsPerCall: number;
  /** Blocks that were found in shared_buffers, 0 to 1; null: none was read. */
  readonly hitRatio: number | null;
  readonly blocksRead: number;
  readonly blocksWritten: number;
  readonly tempBytes: number;
  /** Waiting for files, where `track_io_timing` is on. */
  readonly ioMs: number;
  readonly walBytes: number;
}

/** What statements may be put in order by. */
export const statementOrders = ["total", "mean", "calls", "io", "temp", "wal", "rows"] as const;
export type StatementOrder = (typeof statementOrders)[number];

/** A statement whose mean time has grown between two spans. */
export interface Regression {
  readonly before: StatementFigures;
  readonly after: StatementFigures;
  /** Of the mean times. */
  readonly factor: number;
  /** What the calls of the later span took more than they would have before. */
  readonly addedMs: number;
}

/** Fewer calls of a statement say little of its mean: one that waited for a lock makes it. */
export const enoughCalls = 20;

/** From these on a statement counts as slower; both spans have enough calls. */
const slower = { factor: 1.5, share: 0.01 };

/** From these on it is a finding: a cold cache makes milliseconds three times as many, and nobody minds. */
const much = { factor: 2, share: 0.05, addedMs: 1_000 };

const measure: Readonly<Record<StatementOrder, (statement: StatementFigures) => number>> = {
  total: ({ totalMs }) => totalMs,
  mean: ({ meanMs }) => meanMs,
  calls: ({ calls }) => calls,
  io: ({ blocksRead, blocksWritten }) => blocksRead + blocksWritten,
  temp: ({ tempBytes }) => tempBytes,
  wal: ({ walBytes }) => walBytes,
  rows: ({ rows }) => rows,
};

/** The first ones by an order; the sums of what was too many are none. */
export function topStatements(
  statements: readonly StatementFigures[],
  by: StatementOrder,
  top: number,
): StatementFigures[] {
  const value = measure[by];
  return statements
    .filter((statement) => statement.queryId !== null && value(statement) > 0)
    .toSorted((a, b) => value(b) - value(a) || b.totalMs - a.totalMs)
    .slice(0, top);
}

/** Commands that take as long as there is much to do, and that nobody waits for: their mean time is no fault. */
const maintenance =
  /^(analyze|cluster|copy|create (unique )?index|explain|fetch|refresh|reindex|vacuum|alter|call|do|start_replication|base_backup)\b/i;

/**
 * Statements whose mean time is over `slowQuery` at enough calls. What maintains, dumps and migrates is none of them, as
 * a healthy server has that.
 */
export function findSlowStatements(
  statements: readonly StatementFigures[],
  { slowQuery }: Pick<Thresholds, "slowQuery">,
): Finding[] {
  return statements
    .filter(
      ({ queryId, calls, meanMs, text }) =>
        queryId !== null &&
        calls >= enoughCalls &&
        meanMs > slowQuery * 1000 &&
        !maintenance.test(text ?? ""),
    )
    .map(({ database, queryId, calls, meanMs }) => ({
      subject: `statement ${queryId ?? ""} of ${database}`,
      message: `takes ${renderMs(meanMs)} on average, in ${calls} calls`,
      hint: `\`npm run ops -- slow-queries --database ${database} --full\` shows it; EXPLAIN (ANALYZE, BUFFERS) says where the time goes`,
    }));
}

/** What got slower, what costs most first. */
export function findRegressions(
  before: readonly StatementFigures[],
  after: readonly StatementFigures[],
): Regression[] {
  const earlier = new Map(before.map((statement) => [keyOf(statement), statement]));
  const total = totalOf(after);
  return after
    .flatMap((now): Regression[] => {
      const was = earlier.get(keyOf(now));
      if (was === undefined || now.queryId === null) return [];
      if (was.calls < enoughCalls || now.calls < enoughCalls || was.meanMs <= 0) return [];
      const factor = now.meanMs / was.meanMs;
      const addedMs = (now.meanMs - was.meanMs) * now.calls;
      const counts = factor >= slower.factor && addedMs >= slower.share * total;
      return counts ? [{ before: was, after: now, factor, addedMs }] : [];
    })
    .toSorted((a, b) => b.addedMs - a.addedMs);
}

/** What was not there before, and takes part in the time of the later span. */
export function findNewStatements(
  before: readonly StatementFigures[],
  after: readonly StatementFigures[],
): StatementFigures[] {
  const known = new Set(before.map(keyOf));
  const total = totalOf(after);
  return after
    .filter((now) => now.queryId !== null && !known.has(keyOf(now)) && now.totalMs >= slower.share * total)
    .toSorted((a, b) => b.totalMs - a.totalMs);
}

/** Those that cost so much more that somebody should look. */
export function judgeRegressions(
  regressions: readonly Regression[],
  after: readonly StatementFigures[],
): Finding[] {
  const total = totalOf(after);
  return regressions
    .filter(
      ({ factor, addedMs }) =>
        factor >= much.factor && addedMs >= much.addedMs && addedMs >= much.share * total,
    )
    .map(({ before, after: now, factor }) => ({
      subject: `statement ${now.queryId ?? ""} of ${now.database}`,
      message: `got ${factor.toFixed(1)} times slower: ${renderMs(before.meanMs)} before, ${renderMs(now.meanMs)} now, on average`,
      hint: "look whether its plan has changed (EXPLAIN), its tables have grown or lost an index, or ANALYZE is due",
    }));
}

/** A time in milliseconds as people read it: `0.42 ms`, `1.7 s`, `12 min`. */
export function renderMs(ms: number): string {
  if (ms < 1) return `${ms.toFixed(2)} ms`;
  if (ms < 1_000) return `${ms < 10 ? ms.toFixed(1) : ms.toFixed(0)} ms`;
  if (ms < 600_000) return `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`;
  return ms < 36_000_000 ? `${(ms / 60_000).toFixed(0)} min` : `${(ms / 3_600_000).toFixed(0)} h`;
}

const totalOf = (statements: readonly StatementFigures[]): number =>
  statements.reduce((sum, { totalMs }) => sum + totalMs, 0);

const keyOf = ({ database, role, queryId, topLevel }: StatementFigures): string =>
  JSON.stringify([database, role, queryId, topLevel]);
