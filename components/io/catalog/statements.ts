import { sampleTables } from "../../core/operations/sample-tables";
import type { StatementFigures } from "../../core/operations/statements";
import { keptText } from "../../core/operations/statement-text";
import { counters, differenceSql, summed } from "../samples/difference-sql";
import type { Session } from "../session";
import { countersSql, type StatementSource, statementStateSql } from "./statement-source";

/** Statements of one database in a span. */
export interface StatementSpan {
  /** ISO 8601 in UTC; null: since the counters began, which the server does not tell. */
  readonly from: string | null;
  readonly to: string;
  readonly statements: readonly StatementFigures[];
  /** Resets of the counters within the span: what ran just before each is not in it. */
  readonly resets: number;
  /** Statements that were thrown out for others: each may have done more than is told here. */
  readonly evictions: number;
}

/** The counters as they are now. */
export async function readStatementsNow(session: Session, source: StatementSource): Promise<StatementSpan> {
  const rows = await readFigures(
    session,
    `WITH total AS (${countersSql(source)}), texts AS (${liveTexts(source)})`,
    [],
  );
  const [state] = await session.query<{ reset: Date | null; evicted: string | null; now: Date }>(
    `SELECT i.*, pg_catalog.now() AS now FROM (${statementStateSql(source)}) AS i`,
  );
  return {
    from: state?.reset?.toISOString() ?? null,
    to: (state?.now ?? new Date()).toISOString(),
    statements: rows,
    resets: 0,
    evictions: Number(state?.evicted ?? 0),
  };
}

/** What of a span samples have. */
export interface SampledSpan {
  /** ISO 8601 in UTC, of the oldest sample that has statements; null: there is none. */
  readonly oldest: string | null;
  readonly span: StatementSpan;
}

/**
 * The statements of a span, from the samples that end within it: the first of them may have begun before it.
 *
 * @param source the counters of now, which add what ran since the newest sample; absent: only samples count
 */
export async function readStatementsSince(
  session: Session,
  {
    since,
    until,
    source,
  }: { readonly since: Date; readonly until?: Date; readonly source?: StatementSource },
): Promise<SampledSpan> {
  const { statement, text } = sampleTables;
  const bounds = [since, until ?? null];
  const span = await readSpan(session, bounds);
  // What ran since the newest sample is of the span where that is open.
  const withRest = source !== undefined && until === undefined && span.newest !== null;
  const isReset = withRest && (await wasReset(session, source, span.reset));
  const rest = withRest ? `${differenceSql(source, isReset)}, ` : "";
  const names = counters.join(", ");
  const restRows = withRest ? `UNION ALL SELECT role, queryid, toplevel, ${names} FROM difference` : "";
  const sums = [...summed.map((name) => `sum(${name}) AS ${name}`), "max(max_ms) AS max_ms"].join(", ");
  const statements = await readFigures(
    session,
    `WITH ${rest}parts AS (
       SELECT s.role, s.queryid, s.toplevel, ${names} FROM ${statement} AS s WHERE ${inSpan} ${restRows}
     ), total AS (SELECT role, queryid, toplevel, ${sums} FROM parts GROUP BY 1, 2, 3),
     texts AS (
       SELECT queryid, text FROM ${text}
       ${withRest ? `UNION ALL SELECT l.* FROM (${liveTexts(source)}) AS l WHERE NOT EXISTS (SELECT FROM ${text} AS t WHERE t.queryid = l.queryid)` : ""})`,
    bounds,
  );
  const from = span.from ?? (withRest ? span.newest : null);
  return {
    oldest: span.oldest?.toISOString() ?? null,
    span: {
      from: from?.toISOString() ?? null,
      to: (withRest ? span.now : (span.to ?? until ?? span.now)).toISOString(),
      statements,
      resets: span.resets + (isReset ? 1 : 0),
      evictions: span.evictions,
    },
  };
}

/** What lies within a span, by parameters `$1` and `$2`, which is null where it is open. */
const inSpan = "s.taken_at > $1::timestamptz AND s.taken_at <= coalesce($2::timestamptz, 'infinity')";

interface SpanRow {
  readonly oldest: Date | null;
  readonly newest: Date | null;
  readonly from: Date | null;
  readonly to: Date | null;
  readonly now: Date;
  readonly resets: number;
  readonly evictions: number;
  /** When the counters were last reset, as the newest sample knows it. */
  readonly reset: Date | null;
}

async function readSpan(session: Session, bounds: readonly unknown[]): Promise<SpanRow> {
  const { sample } = sampleTables;
  const [span] = await session.query<SpanRow & Record<string, unknown>>(
    `SELECT pg_catalog.now() AS now, (SELECT min(from_at) FROM ${sample}) AS oldest,
            (SELECT max(taken_at) FROM ${sample}) AS newest, min(s.from_at) AS from, max(s.taken_at) AS to,
            coalesce(sum(s.resets), 0)::int AS resets, coalesce(sum(s.evictions), 0)::int AS evictions,
            (SELECT statements_reset FROM ${sample} ORDER BY taken_at DESC LIMIT 1) AS reset
     FROM ${sample} AS s WHERE s.from_at IS NOT NULL AND ${inSpan}`,
    bounds,
  );
  if (span === undefined) throw new Error("the read of the samples gave no row");
  return span;
}

async function wasReset(session: Session, source: StatementSource, before: Date | null): Promise<boolean> {
  const [state] = await session.query<{ reset: Date | null }>(statementStateSql(source));
  return state?.reset?.getTime() !== before?.getTime();
}

const liveTexts = ({ schema }: StatementSource): string =>
  `SELECT DISTINCT ON (queryid) queryid, pg_catalog.left(query, 65536) AS text FROM ${schema}.pg_stat_statements(true)
   WHERE queryid IS NOT NULL ORDER BY queryid`;

/** One row for a statement of a role, from `total`, a relation with the counters, and `texts`. */
async function readFigures(
  session: Session,
  expressions: string,
  values: readonly unknown[],
): Promise<StatementFigures[]> {
  const rows = await session.query<Omit<StatementFigures, "share"> & Record<string, unknown>>(
    `${expressions}
     SELECT pg_catalog.current_database()::text AS database, r.rolname::text AS role, t.queryid::text AS "queryId",
            coalesce(t.toplevel, true) AS "topLevel", x.text, t.calls::float8 AS calls, t.total_ms::float8 AS "totalMs",
            (t.total_ms / t.calls)::float8 AS "meanMs",
            -- What two nearly equal numbers differ by may be below nothing.
            pg_catalog.sqrt(greatest(t.square_ms / t.calls - (t.total_ms / t.calls) ^ 2, 0))::float8 AS "deviationMs",
            t.max_ms::float8 AS "maxMs", t.rows::float8 AS rows, (t.rows::float8 / t.calls)::float8 AS "rowsPerCall",
            t.blocks_hit::float8 / nullif(t.blocks_hit + t.blocks_read, 0)::float8 AS "hitRatio",
            t.blocks_read::float8 AS "blocksRead", t.blocks_written::float8 AS "blocksWritten",
            t.temp_blocks::float8 * pg_catalog.current_setting('block_size')::int AS "tempBytes",
            t.io_ms::float8 AS "ioMs", t.wal_bytes::float8 AS "walBytes"
     FROM total AS t LEFT JOIN pg_catalog.pg_roles AS r ON r.oid = t.role
     LEFT JOIN texts AS x ON x.queryid = t.queryid
     WHERE t.calls > 0`,
    values,
  );
  const all = rows.reduce((sum, { totalMs }) => sum + totalMs, 0);
  return rows.map((row) => ({
    ...row,
    text: row.text === null ? null : keptText(row.text),
    share: all === 0 ? 0 : row.totalMs / all,
  }));
}
