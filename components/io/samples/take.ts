import { assertKnownSamples, sampleLimits, sampleTables } from "../../core/operations/sample-tables";
import { keptText } from "../../core/operations/statement-text";
import { problemError } from "../../core/problem";
import { readSamplePlace } from "../catalog/samples";
import {
  findStatementSource,
  statementStateSql,
  type StatementSource,
  type WithoutStatements,
} from "../catalog/statement-source";
import type { Session } from "../session";
import { counters, cutSql, differenceSql } from "./difference-sql";
import { thinSamples } from "./thin";

/** Size of the volume that the data is on, where that can be read. */
export interface VolumeSize {
  readonly bytes: number;
  readonly freeBytes: number;
}

export interface TakenSample {
  /** ISO 8601 in UTC; null: another sampler was at work, or has taken one for this moment or a later one. */
  readonly takenAt: string | null;
  /** Rows of statements that the sample has; null: there are no statements to be had, and `without` says why. */
  readonly statements: number | null;
  readonly without: WithoutStatements | null;
  /** True: it is the first one of this server, from which the next one counts. */
  readonly isFirst: boolean;
  /** True: somebody has reset the counters since the last sample. What had run by then, after it, is in no sample. */
  readonly isReset: boolean;
  /** Statements that pg_stat_statements threw out for others since the last sample. */
  readonly evictions: number;
  /** Whether tables were measured as well. */
  readonly hasRelations: boolean;
}

export interface SampleOptions {
  /** When it is, for tests that cannot wait for days; default: the server's own clock. */
  readonly now?: Date;
  readonly volume?: VolumeSize | undefined;
}

/** Two samplers of a database do not work at once; the key is ASCII `pgsteads`. */
const lockKey = "8099569398603408499";

/**
 * Takes a sample of this session's database, in one transaction: sizes, connections and XIDs, once an hour its largest
 * tables, and what each statement has done since the last one. Then thins out what is old.
 *
 * Costs some 30 ms of the server with 5,000 statements (decision 0034); measuring tables walks their files, some
 * milliseconds for each thousand.
 *
 * @param session of a login that may write the tables: their owner
 * @throws ProblemError where `up` has not made the tables, or the server is a standby
 */
export async function takeSample(
  session: Session,
  { now, volume }: SampleOptions = {},
): Promise<TakenSample> {
  const [state] = await session.query<State>(stateSql);
  if (state === undefined) throw new Error("the read of the server's state gave no row");
  const { database } = state;
  if (state.isStandby) {
    const hint = "samples are taken of the primary, and come here with its changes";
    throw problemError(`samples of ${database}`, "the server is a standby", hint);
  }
  const place = await readSamplePlace(session);
  assertKnownSamples(place);
  if (place.layout === undefined) throw notMade(database);
  // A table that somebody locks, or a server that hangs, is for the next sample.
  await session.query("BEGIN; SET LOCAL lock_timeout = '2s'; SET LOCAL statement_timeout = '60s'");
  try {
    const taken = await sample(session, state, now, volume);
    await session.query("COMMIT");
    return taken;
  } catch (error) {
    // What failed is the error to show, also where the session is lost.
    await session.query("ROLLBACK").catch(() => undefined);
    throw error;
  }
}

interface State {
  readonly isStandby: boolean;
  readonly database: string;
  readonly readsIdentity: boolean;
  readonly readsWal: boolean;
}

/** PostgreSQL looks at the right to a function in FROM before anything runs: so it is asked for before. */
const stateSql = `
SELECT pg_catalog.pg_is_in_recovery() AS "isStandby", pg_catalog.current_database()::text AS database,
       pg_catalog.has_function_privilege('pg_catalog.pg_control_system()', 'EXECUTE') AS "readsIdentity",
       pg_catalog.has_function_privilege('pg_catalog.pg_ls_waldir()', 'EXECUTE') AS "readsWal"`;

function notMade(database: string): Error {
  return problemError(
    `samples of ${database}`,
    "schema pgstead has no tables for them",
    "set pgstead:monitoring.samples to true and run `npm run pulumi -- up`",
  );
}

async function sample(
  session: Session,
  state: State,
  now: Date | undefined,
  volume: VolumeSize | undefined,
): Promise<TakenSample> {
  const [moment] = await session.query<{ isFree: boolean; takenAt: Date; isLater: boolean; isDue: boolean }>(
    `SELECT pg_catalog.pg_try_advisory_xact_lock(${lockKey}) AS "isFree", now.at AS "takenAt",
            now.at > coalesce((SELECT max(taken_at) FROM ${sampleTables.sample}), '-infinity') AS "isLater",
            -- An hour, less what a schedule may be late by.
            now.at > coalesce((SELECT max(taken_at) FROM ${sampleTables.relation}), '-infinity') + interval '55 min' AS "isDue"
     FROM (SELECT pg_catalog.date_trunc('milliseconds', coalesce($1::timestamptz, pg_catalog.clock_timestamp())) AS at) AS now`,
    [now?.toISOString() ?? null],
  );
  if (moment?.isFree !== true || !moment.isLater) return nothing;
  const { takenAt, isDue } = moment;
  const source = await findStatementSource(session);
  const from = typeof source === "string" ? undefined : source;
  const header = await writeHeader(session, state, { takenAt, volume, source: from });
  const statements = from === undefined ? null : await writeStatements(session, from, takenAt, header);
  if (from !== undefined) await keepTexts(session, from);
  if (isDue) await writeRelations(session, takenAt);
  await thinSamples(session, takenAt);
  return {
    takenAt: takenAt.toISOString(),
    statements,
    without: typeof source === "string" ? source : null,
    isFirst: header.fromAt === null,
    isReset: header.isReset,
    evictions: header.evictions,
    hasRelations: isDue,
  };
}

const nothing: TakenSample = {
  takenAt: null,
  statements: null,
  without: null,
  isFirst: false,
  isReset: false,
  evictions: 0,
  hasRelations: false,
};

interface Header {
  /** The last sample of this server and database; null: there is none to count from. */
  readonly fromAt: Date | null;
  readonly isReset: boolean;
  readonly evictions: number;
}

interface HeaderFacts {
  readonly takenAt: Date;
  readonly volume: VolumeSize | undefined;
  readonly source: StatementSource | undefined;
}

/**
 * A sample of another server, or of a database that was made anew, is nothing to count from: a restored one has the rows
 * of the original where it was restored as files.
 */
async function writeHeader(
  session: Session,
  state: State,
  { takenAt, volume, source }: HeaderFacts,
): Promise<Header> {
  const info =
    source === undefined
      ? "SELECT NULL::timestamptz AS reset, NULL::bigint AS evicted"
      : statementStateSql(source);
  const [row] = await session.query<{ fromAt: Date | null; isReset: boolean; evictions: string }>(
    `WITH now AS (${serverFactsSql(state)}), info AS (${info}), before AS (
       SELECT s.* FROM ${sampleTables.sample} AS s, now
       WHERE s.server = now.server AND s.database = now.database
         AND s.taken_at = (SELECT max(taken_at) FROM ${sampleTables.sample})
     ), made AS (
       SELECT before.taken_at AS from_at, now.*, info.reset, info.evicted,
              coalesce(info.reset IS DISTINCT FROM before.statements_reset
                       OR info.evicted < before.statements_evicted, false) AND before.taken_at IS NOT NULL AS is_reset,
              before.statements_evicted
       FROM now CROSS JOIN info LEFT JOIN before ON true
     )
     INSERT INTO ${sampleTables.sample} (taken_at, from_at, server, database, database_bytes, server_bytes, wal_bytes,
       wal_position, connections, connection_limit, xid, xid_age, volume_bytes, volume_free_bytes, statements_reset,
       statements_evicted, resets, evictions)
     SELECT $1::timestamptz, from_at, server, database, database_bytes, server_bytes, wal_bytes, wal_position, connections,
            connection_limit, xid, xid_age, $2::bigint, $3::bigint, reset, evicted, is_reset::int,
            CASE WHEN from_at IS NULL OR evicted IS NULL THEN 0 WHEN is_reset THEN evicted
                 ELSE evicted - coalesce(statements_evicted, evicted) END
     FROM made
     RETURNING from_at AS "fromAt", resets > 0 AS "isReset", evictions`,
    [takenAt, volume?.bytes ?? null, volume?.freeBytes ?? null],
  );
  if (row === undefined) throw new Error("the sample gave no row");
  return { ...row, evictions: Number(row.evictions) };
}

/**
 * What may not be read is null, and says nothing. Next to its sizes, the server's position in the WAL and the next XID
 * tell how much it writes.
 */
const serverFactsSql = ({ readsIdentity, readsWal }: State): string => `
  SELECT ${readsIdentity ? "(SELECT c.system_identifier::text FROM pg_catalog.pg_control_system() AS c)" : "''"} AS server,
         b.oid AS database, pg_catalog.pg_database_size(b.oid) AS database_bytes,
         (SELECT sum(CASE WHEN pg_catalog.has_database_privilege(o.oid, 'CONNECT')
                               OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
                          THEN pg_catalog.pg_database_size(o.oid) END) FROM pg_catalog.pg_database AS o)::bigint AS server_bytes,
         ${readsWal ? "(SELECT sum(w.size)::bigint FROM pg_catalog.pg_ls_waldir() AS w)" : "NULL::bigint"} AS wal_bytes,
         pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_lsn(), '0/0') AS wal_position,
         (SELECT count(*)::int FROM pg_catalog.pg_stat_activity WHERE backend_type = 'client backend') AS connections,
         pg_catalog.current_setting('max_connections')::int
           - pg_catalog.current_setting('superuser_reserved_connections')::int
           - coalesce(pg_catalog.current_setting('reserved_connections', true)::int, 0) AS connection_limit,
         pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::text::bigint AS xid,
         (SELECT max(pg_catalog.age(o.datfrozenxid)) FROM pg_catalog.pg_database AS o)::bigint AS xid_age
  FROM pg_catalog.pg_database AS b WHERE b.datname = pg_catalog.current_database()`;

/** Writes what has changed since the last sample, and the counters to count the next one from, in one statement. */
async function writeStatements(
  session: Session,
  source: StatementSource,
  takenAt: Date,
  { fromAt, isReset }: Header,
): Promise<number> {
  const names = counters.join(", ");
  const set = counters.map((name) => `${name} = excluded.${name}`).join(", ");
  const [row] = await session.query<{ count: number }>(
    `WITH ${differenceSql(source, isReset || fromAt === null)}, written AS (
       INSERT INTO ${sampleTables.statement} (taken_at, role, queryid, toplevel, ${names})
       SELECT $1::timestamptz, role, queryid, toplevel, ${names} FROM (${cutSql("difference")}) AS cut
       WHERE $2::boolean
       RETURNING 1
     ), kept AS (
       INSERT INTO ${sampleTables.last} (role, queryid, toplevel, since, ${names})
       SELECT p.role, p.queryid, p.toplevel, p.since, ${counters.map((name) => `p.${name}`).join(", ")}
       FROM present AS p JOIN difference AS d USING (role, queryid, toplevel)
       ON CONFLICT (queryid, role, toplevel) DO UPDATE SET since = excluded.since, ${set}
     ), gone AS (
       DELETE FROM ${sampleTables.last} AS l WHERE NOT EXISTS (
         SELECT FROM present AS p WHERE p.queryid = l.queryid AND p.role = l.role AND p.toplevel = l.toplevel)
     )
     SELECT count(*)::int AS count FROM written`,
    // Of another server nothing counts: all that is there is the beginning.
    [takenAt, fromAt !== null],
  );
  return row?.count ?? 0;
}

/** The texts that are not kept yet: the file that has them is read only where there are any. */
async function keepTexts(session: Session, { schema }: StatementSource): Promise<void> {
  const missing = await session.query<{ queryid: string }>(
    `SELECT DISTINCT s.queryid::text AS queryid FROM ${sampleTables.statement} AS s
     LEFT JOIN ${sampleTables.text} AS t USING (queryid) WHERE s.queryid IS NOT NULL AND t.queryid IS NULL`,
  );
  if (missing.length === 0) return;
  const found = await session.query<{ queryid: string; text: string }>(
    `SELECT DISTINCT ON (s.queryid) s.queryid::text AS queryid, pg_catalog.left(s.query, 65536) AS text
     FROM ${schema}.pg_stat_statements(true) AS s WHERE s.queryid = ANY ($1::bigint[]) AND s.query IS NOT NULL
     ORDER BY s.queryid`,
    [missing.map(({ queryid }) => queryid)],
  );
  if (found.length === 0) return;
  await session.query(
    `INSERT INTO ${sampleTables.text} (queryid, text)
     SELECT * FROM ROWS FROM (pg_catalog.unnest($1::bigint[]), pg_catalog.unnest($2::text[])) AS one ON CONFLICT (queryid) DO NOTHING`,
    [found.map(({ queryid }) => queryid), found.map(({ text }) => keptText(text))],
  );
}

/** The largest tables with their indexes and TOAST; partitions are of their table. */
async function writeRelations(session: Session, takenAt: Date): Promise<void> {
  await session.query(
    `INSERT INTO ${sampleTables.relation} (taken_at, schema_name, name, bytes)
     SELECT $1::timestamptz, n.nspname, r.relname, sum(t.bytes)
     FROM (SELECT coalesce(pg_catalog.pg_partition_root(c.oid), c.oid) AS root,
                  pg_catalog.pg_total_relation_size(c.oid) AS bytes
           FROM pg_catalog.pg_class AS c
           WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't') AS t
     JOIN pg_catalog.pg_class AS r ON r.oid = t.root
     JOIN pg_catalog.pg_namespace AS n ON n.oid = r.relnamespace
     WHERE t.bytes IS NOT NULL AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
     GROUP BY 2, 3 ORDER BY sum(t.bytes) DESC, 2, 3 LIMIT ${sampleLimits.relations}`,
    [takenAt],
  );
}
