import type { MetricsSnapshot } from "../../core/operations/metrics";
import type { Session } from "../session";
import { readVersion } from "./indexes";

/** Checkpoints have a view of their own from 17 on. */
const checkpointsSql = (version: number): string =>
  version >= 170_000
    ? `(SELECT pg_catalog.json_build_object('timed', c.num_timed, 'requested', c.num_requested,
         'buffersWritten', c.buffers_written, 'buffersAllocated', b.buffers_alloc)
        FROM pg_catalog.pg_stat_checkpointer AS c, pg_catalog.pg_stat_bgwriter AS b)`
    : `(SELECT pg_catalog.json_build_object('timed', checkpoints_timed, 'requested', checkpoints_req,
         'buffersWritten', buffers_checkpoint, 'buffersAllocated', buffers_alloc)
        FROM pg_catalog.pg_stat_bgwriter)`;

/** A standby that has replayed all that it got has no lag, however long nothing happened. */
const replayLagSql = `
CASE WHEN pg_catalog.pg_is_in_recovery() THEN coalesce(
  CASE WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0
       ELSE extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp()) END, 0)::float8 END`;

const walNowSql = `CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.pg_last_wal_replay_lsn()
  ELSE pg_catalog.pg_current_wal_lsn() END`;

/** The counters of a server in one read; what a login may not see is null: pg_monitor may all of it. */
const snapshotSql = (version: number): string => `
SELECT pg_catalog.json_build_object(
  'atMs', extract(epoch FROM pg_catalog.clock_timestamp())::float8 * 1000,
  'inRecovery', pg_catalog.pg_is_in_recovery(),
  'databases', (
    SELECT pg_catalog.json_agg(pg_catalog.json_build_object('name', b.datname,
      'sizeBytes', CASE WHEN pg_catalog.has_database_privilege(b.oid, 'CONNECT')
                          OR pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE')
                        THEN pg_catalog.pg_database_size(b.oid) END,
      'commits', s.xact_commit, 'rollbacks', s.xact_rollback, 'blocksHit', s.blks_hit, 'blocksRead', s.blks_read,
      'temporaryFiles', s.temp_files, 'temporaryBytes', s.temp_bytes, 'deadlocks', s.deadlocks,
      'xidAge', pg_catalog.age(b.datfrozenxid)) ORDER BY b.datname)
    FROM pg_catalog.pg_database AS b
    JOIN pg_catalog.pg_stat_database AS s ON s.datid = b.oid
    WHERE b.datallowconn AND NOT b.datistemplate
  ),
  'checkpoints', ${checkpointsSql(version)},
  'walBytes', (SELECT wal_bytes::float8 FROM pg_catalog.pg_stat_wal),
  'standbys', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('name', coalesce(r.application_name, '?'),
      'state', coalesce(r.state, '?'),
      'lagBytes', pg_catalog.pg_wal_lsn_diff(${walNowSql}, r.replay_lsn),
      'lagSeconds', extract(epoch FROM r.replay_lag)::float8) ORDER BY r.application_name, r.pid), '[]'::json)
    FROM pg_catalog.pg_stat_replication AS r WHERE r.application_name <> 'pg_basebackup'
  ),
  'replayLagSeconds', ${replayLagSql}
) AS snapshot`;

/** @param pause what is waited for between the two looks */
export async function readSnapshots(
  session: Session,
  pause: () => Promise<void>,
): Promise<readonly [MetricsSnapshot, MetricsSnapshot]> {
  const sql = snapshotSql(await readVersion(session));
  const look = async (): Promise<MetricsSnapshot> => {
    const [row] = await session.query<{ snapshot: MetricsSnapshot }>(sql);
    if (row === undefined) throw new Error("the read of counters gave no row");
    return row.snapshot;
  };
  const first = await look();
  await pause();
  return [first, await look()];
}

/** A table that has many dead rows. */
export interface DeadRows {
  /** With its schema. */
  readonly table: string;
  readonly deadRows: number;
  readonly liveRows: number;
}

/** Tables with more than 1,000 dead rows, the most first; at most so many. */
export async function readDeadRows(session: Session, limit: number): Promise<DeadRows[]> {
  return session.query<DeadRows & Record<string, unknown>>(
    `SELECT schemaname || '.' || relname AS table, n_dead_tup::float8 AS "deadRows", n_live_tup::float8 AS "liveRows"
     FROM pg_catalog.pg_stat_user_tables WHERE n_dead_tup > 1000 ORDER BY n_dead_tup DESC, 1 LIMIT $1`,
    [limit],
  );
}
