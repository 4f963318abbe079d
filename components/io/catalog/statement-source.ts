import { quoteIdentifier } from "../../core/identifier";
import type { Session } from "../session";

/** Where pg_stat_statements is in a database, and what of it there is. */
export interface StatementSource {
  /** Its schema, quoted. */
  readonly schema: string;
  /** Version of the extension, which may be older than what the server has. */
  readonly version: string;
  /** Columns of its view by name: they differ by the extension's version. */
  readonly columns: ReadonlySet<string>;
}

/** Why there is no source: the extension is not in this database, or its library is not loaded. */
export type WithoutStatements = "no extension" | "not loaded";

/**
 * Where this session's database has pg_stat_statements.
 *
 * Whether its library is loaded is told by its settings, which a server has only then: the list of libraries is for
 * superusers and `pg_read_all_settings`.
 */
export async function findStatementSource(session: Session): Promise<StatementSource | WithoutStatements> {
  const [row] = await session.query<{
    schema: string;
    version: string;
    columns: string[];
    isLoaded: boolean;
  }>(`
    SELECT n.nspname::text AS schema, e.extversion AS version,
           pg_catalog.current_setting('pg_stat_statements.max', true) IS NOT NULL AS "isLoaded",
           (SELECT pg_catalog.array_agg(a.attname::text) FROM pg_catalog.pg_attribute AS a
            WHERE a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped) AS columns
    FROM pg_catalog.pg_extension AS e
    JOIN pg_catalog.pg_namespace AS n ON n.oid = e.extnamespace
    JOIN pg_catalog.pg_class AS c ON c.relnamespace = n.oid AND c.relname = 'pg_stat_statements'
    WHERE e.extname = 'pg_stat_statements'`);
  if (row === undefined) return "no extension";
  if (!row.isLoaded) return "not loaded";
  return { schema: quoteIdentifier(row.schema), version: row.version, columns: new Set(row.columns) };
}

/**
 * A query of the counters of this session's database, as all that keeps or shows them has them: `role, queryid,
 * toplevel, calls, total_ms, square_ms, max_ms, rows, blocks_hit, blocks_read, blocks_written, temp_blocks, io_ms,
 * wal_bytes, since`. Texts are left where they are, in a file.
 *
 * `square_ms` is the sum of the squares of all times, from which the deviation of any span follows. `since` is when the
 * counters of a statement began; null before version 1.11 (PostgreSQL 17), which does not tell.
 */
export function countersSql({ schema, columns }: StatementSource): string {
  const either = (...names: readonly string[]): string | undefined =>
    names.filter((name) => columns.has(name)).map((name) => `s.${name}`)[0];
  const sum = (...terms: readonly (string | undefined)[]): string =>
    terms.filter((term) => term !== undefined).join(" + ") || "0";
  const [total, mean] = [either("total_exec_time", "total_time"), either("mean_exec_time", "mean_time")];
  const deviation = either("stddev_exec_time", "stddev_time");
  const io = sum(
    either("shared_blk_read_time", "blk_read_time"),
    either("shared_blk_write_time", "blk_write_time"),
    either("local_blk_read_time"),
    either("local_blk_write_time"),
    either("temp_blk_read_time"),
    either("temp_blk_write_time"),
  );
  return `
    SELECT s.userid AS role, s.queryid, ${either("toplevel") ?? "true"} AS toplevel, s.calls, ${total ?? "0"} AS total_ms,
           s.calls * (${deviation ?? "0"} * ${deviation ?? "0"} + ${mean ?? "0"} * ${mean ?? "0"}) AS square_ms,
           ${either("max_exec_time", "max_time") ?? "0"} AS max_ms, s.rows, s.shared_blks_hit AS blocks_hit,
           s.shared_blks_read AS blocks_read, s.shared_blks_written AS blocks_written,
           s.temp_blks_read + s.temp_blks_written AS temp_blocks, ${io} AS io_ms,
           ${either("wal_bytes") ?? "0"} AS wal_bytes, ${either("stats_since") ?? "NULL::timestamptz"} AS since
    FROM ${schema}.pg_stat_statements(false) AS s
    WHERE s.queryid IS NOT NULL
      AND s.dbid = (SELECT d.oid FROM pg_catalog.pg_database AS d WHERE d.datname = pg_catalog.current_database())`;
}

/** What pg_stat_statements says of itself, from version 1.9 (PostgreSQL 14) on. */
export function statementStateSql({ schema, columns }: StatementSource): string {
  // The view came with `toplevel`.
  if (!columns.has("toplevel")) return "SELECT NULL::timestamptz AS reset, NULL::bigint AS evicted";
  return `SELECT stats_reset AS reset, dealloc AS evicted FROM ${schema}.pg_stat_statements_info`;
}
