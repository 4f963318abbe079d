import { sampleTables } from "../../core/operations/sample-tables";
import type { Session } from "../session";

/** What all statements of a database did between two samples. */
export interface StatementLoad {
  /** Milliseconds since 1970, of the later sample. */
  readonly at: number;
  /** Since the sample before. */
  readonly seconds: number;
  readonly calls: number;
  readonly totalMs: number;
}

/** The load of this session's database since a moment, from its samples; the oldest first. */
export async function readStatementLoad(session: Session, since: Date): Promise<StatementLoad[]> {
  const { sample, statement } = sampleTables;
  return session.query<StatementLoad & Record<string, unknown>>(
    `SELECT (extract(epoch FROM s.taken_at) * 1000)::float8 AS at,
            extract(epoch FROM s.taken_at - s.from_at)::float8 AS seconds,
            coalesce(sum(t.calls), 0)::float8 AS calls, coalesce(sum(t.total_ms), 0)::float8 AS "totalMs"
     FROM ${sample} AS s LEFT JOIN ${statement} AS t USING (taken_at)
     WHERE s.taken_at >= $1 AND s.from_at < s.taken_at
     GROUP BY s.taken_at, s.from_at ORDER BY s.taken_at`,
    [since],
  );
}
