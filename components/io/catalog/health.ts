import type { DatabaseHealthFacts, HealthFacts } from "../../core/operations/health-facts";
import type { Session } from "../session";
import { readArchiver } from "./archiver";

/** A session of a list: what it is, and how long it has been so. */
const session = (since: string): string => `pg_catalog.json_build_object(
    'pid', pid, 'user', coalesce(usename, ''), 'database', coalesce(datname, ''),
    'application', coalesce(application_name, ''),
    'ageSeconds', greatest(0, round(extract(epoch FROM pg_catalog.clock_timestamp() - ${since}))::float8))`;

const oldest = (age: string): string => `(
    SELECT pg_catalog.json_build_object('database', datname, 'age', ${age})
    FROM pg_catalog.pg_database ORDER BY ${age} DESC LIMIT 1)`;

/**
 * The server as a whole in one read, as one JSON value: views of statistics and the shared catalogue, no file is
 * measured. Needs pg_monitor and no superuser; works on a standby, and from PostgreSQL 14 on: what came later is asked
 * for by `to_jsonb` and `current_setting(…, true)`, which give NULL where it is not.
 */
const serverHealthSql = `
WITH client AS MATERIALIZED (
  SELECT pid, usesysid, usename, datid, datname, application_name, state, xact_start, state_change
  FROM pg_catalog.pg_stat_activity
  WHERE backend_type = 'client backend' AND pid <> pg_catalog.pg_backend_pid()
), waiting AS MATERIALIZED (
  SELECT c.*, l.since
  FROM client AS c
  JOIN (SELECT pid, min(waitstart) AS since FROM pg_catalog.pg_locks WHERE NOT granted GROUP BY pid) AS l USING (pid)
  WHERE l.since IS NOT NULL
), setting AS MATERIALIZED (
  SELECT name, setting, pending_restart FROM pg_catalog.pg_settings
), place AS MATERIALIZED (
  SELECT CASE WHEN pg_catalog.pg_is_in_recovery()
    THEN coalesce(pg_catalog.pg_last_wal_receive_lsn(), pg_catalog.pg_last_wal_replay_lsn())
    ELSE pg_catalog.pg_current_wal_lsn() END AS lsn
), statistics AS MATERIALIZED (
  SELECT sum(blks_hit) AS hits, sum(blks_read) AS reads, sum(xact_commit) AS commits, sum(xact_rollback) AS rollbacks
  FROM pg_catalog.pg_stat_database
)
SELECT pg_catalog.json_build_object(
  'version', pg_catalog.split_part(pg_catalog.current_setting('server_version'), ' ', 1),
  'uptimeSeconds', extract(epoch FROM pg_catalog.now() - pg_catalog.pg_postmaster_start_time())::bigint,
  'seesSessions', pg_catalog.pg_has_role('pg_read_all_stats', 'USAGE'),
  'connections', pg_catalog.json_build_object(
    'used', (SELECT count(*) FROM client),
    'max', pg_catalog.current_setting('max_connections')::int,
    'superuserReserved', pg_catalog.current_setting('superuser_reserved_connections')::int,
    'reserved', coalesce(pg_catalog.current_setting('reserved_connections', true)::int, 0)
  ),
  'limits', (
    SELECT coalesce(pg_catalog.json_agg(l ORDER BY l.kind, l.name), '[]'::json)
    FROM (
      SELECT 'role' AS kind, r.rolname AS name, r.rolconnlimit AS limit,
        (SELECT count(*) FROM client WHERE usesysid = r.oid) AS used
      FROM pg_catalog.pg_roles AS r WHERE r.rolcanlogin AND r.rolconnlimit > 0 AND NOT r.rolsuper
      UNION ALL
      SELECT 'database', b.datname, b.datconnlimit, (SELECT count(*) FROM client WHERE datid = b.oid)
      FROM pg_catalog.pg_database AS b WHERE b.datallowconn AND b.datconnlimit > 0
    ) AS l
  ),
  'transactions', (
    SELECT coalesce(pg_catalog.json_agg(${session("xact_start")} ORDER BY xact_start), '[]'::json)
    FROM (SELECT * FROM client WHERE xact_start IS NOT NULL ORDER BY xact_start LIMIT 10) AS t
  ),
  'idleInTransaction', (
    SELECT coalesce(pg_catalog.json_agg(${session("state_change")} ORDER BY state_change), '[]'::json)
    FROM (SELECT * FROM client WHERE state LIKE 'idle in transaction%' ORDER BY state_change LIMIT 10) AS t
  ),
  'lockWaits', (
    SELECT coalesce(pg_catalog.json_agg(${session("since")} ORDER BY since), '[]'::json)
    FROM (SELECT * FROM waiting ORDER BY since LIMIT 10) AS t
  ),
  'prepared', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', p.gid, 'owner', p.owner, 'database', p.database,
      'ageSeconds', round(extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared))::float8
    ) ORDER BY p.prepared), '[]'::json)
    FROM pg_catalog.pg_prepared_xacts AS p
  ),
  'cache', (SELECT pg_catalog.json_build_object('hits', hits::float8, 'reads', reads::float8) FROM statistics),
  'ended', (SELECT pg_catalog.json_build_object('commits', commits::float8, 'rollbacks', rollbacks::float8)
            FROM statistics),
  'checksumFailures', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'database', coalesce(datname, 'shared catalogue'), 'count', checksum_failures) ORDER BY datname), '[]'::json)
    FROM pg_catalog.pg_stat_database WHERE checksum_failures > 0
  ),
  'xidAge', ${oldest("pg_catalog.age(datfrozenxid)")},
  'multixactAge', ${oldest("pg_catalog.mxid_age(datminmxid)")},
  'slots', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', s.slot_name, 'active', s.active, 'status', s.wal_status,
      'heldBytes', greatest(0, pg_catalog.pg_wal_lsn_diff((SELECT lsn FROM place), s.restart_lsn))::float8,
      'inactiveSeconds', round(extract(epoch FROM pg_catalog.clock_timestamp()
        - (pg_catalog.to_jsonb(s) ->> 'inactive_since')::pg_catalog.timestamptz))::float8
    ) ORDER BY s.slot_name), '[]'::json)
    FROM pg_catalog.pg_replication_slots AS s WHERE NOT s.temporary
  ),
  'standbys', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object(
      'name', coalesce(nullif(application_name, ''), pid::text), 'state', coalesce(state, 'unknown'),
      'lagSeconds', extract(epoch FROM replay_lag)::float8
    ) ORDER BY application_name, pid), '[]'::json)
    FROM pg_catalog.pg_stat_replication
  ),
  'recovery', CASE WHEN pg_catalog.pg_is_in_recovery() THEN pg_catalog.json_build_object(
    'paused', pg_catalog.pg_get_wal_replay_pause_state() <> 'not paused',
    'follows', coalesce((SELECT setting <> '' FROM setting WHERE name = 'primary_conninfo'), false),
    'streams', EXISTS (SELECT FROM pg_catalog.pg_stat_wal_receiver WHERE status = 'streaming'),
    'lagSeconds', CASE WHEN pg_catalog.pg_last_wal_receive_lsn() = pg_catalog.pg_last_wal_replay_lsn() THEN 0
      ELSE extract(epoch FROM pg_catalog.clock_timestamp() - pg_catalog.pg_last_xact_replay_timestamp())::float8 END
  ) END,
  'archiver', pg_catalog.json_build_object(
    'mode', (SELECT setting FROM setting WHERE name = 'archive_mode'),
    'hasCommand', (SELECT pg_catalog.bool_or(setting <> '') FROM setting WHERE name IN ('archive_command', 'archive_library'))
  ),
  'pendingRestart', (SELECT coalesce(pg_catalog.json_agg(name ORDER BY name), '[]'::json) FROM setting WHERE pending_restart),
  'invalidDatabases', (SELECT coalesce(pg_catalog.json_agg(datname ORDER BY datname), '[]'::json)
                       FROM pg_catalog.pg_database WHERE datconnlimit = -2)
) AS health`;

/**
 * The database of the session in one read. A table whose index is being built is left out: its new index is not valid
 * before the end. Temporary schemas carry the number of their session (pg_temp_3), which
 * `pg_stat_get_backend_idset` gives from 16 on.
 */
const databaseHealthSql = `
WITH orphan AS MATERIALIZED (
  SELECT CASE WHEN pg_catalog.current_setting('server_version_num')::int >= 160000 AND NOT pg_catalog.pg_is_in_recovery()
    THEN (
      SELECT count(*) FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE c.relpersistence = 't' AND c.relkind = 'r' AND n.nspname ~ '^pg_temp_[0-9]+$'
        AND pg_catalog.substr(n.nspname, 9)::int NOT IN (SELECT pg_catalog.pg_stat_get_backend_idset())
    ) END AS tables
)
SELECT pg_catalog.json_build_object(
  'database', pg_catalog.current_database(),
  'invalidIndexes', (
    SELECT coalesce(pg_catalog.json_agg(name ORDER BY name), '[]'::json) FROM (
      SELECT pg_catalog.concat(n.nspname, '.', c.relname) AS name
      FROM pg_catalog.pg_index AS i
      JOIN pg_catalog.pg_class AS c ON c.oid = i.indexrelid
      JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
      WHERE NOT (i.indisvalid AND i.indisready) AND n.nspname !~ '^pg_temp_'
        AND i.indrelid NOT IN (SELECT relid FROM pg_catalog.pg_stat_progress_create_index
                               WHERE relid IS NOT NULL AND datname = pg_catalog.current_database())
      ORDER BY name LIMIT 20
    ) AS invalid
  ),
  'deadRows', (
    SELECT coalesce(pg_catalog.json_agg(pg_catalog.json_build_object('table', name, 'dead', dead, 'live', live)
                    ORDER BY dead DESC), '[]'::json) FROM (
      SELECT pg_catalog.concat(schemaname, '.', relname) AS name, n_dead_tup AS dead, n_live_tup AS live
      FROM pg_catalog.pg_stat_all_tables WHERE n_dead_tup > 100000 ORDER BY n_dead_tup DESC LIMIT 10
    ) AS dying
  ),
  'orphanedTables', (SELECT tables FROM orphan)
) AS health`;

type ServerFacts = Omit<HealthFacts, "archiver" | "inside" | "volume"> & {
  readonly archiver: Omit<HealthFacts["archiver"], "failure">;
};

/** Asks a server how it does, and the session's database. Reads only: three statements that go out together. */
export async function readHealth(session: Session): Promise<HealthFacts> {
  const [server, archiver, inside] = await Promise.all([
    readOne<ServerFacts>(session, serverHealthSql),
    readArchiver(session),
    readDatabaseHealth(session),
  ]);
  return {
    ...server,
    archiver: { ...server.archiver, failure: archiver.failure ?? null },
    inside: [inside],
  };
}

/** Asks one more database of the server. */
export function readDatabaseHealth(session: Session): Promise<DatabaseHealthFacts> {
  return readOne<DatabaseHealthFacts>(session, databaseHealthSql);
}

async function readOne<Facts>(session: Session, sql: string): Promise<Facts> {
  const [row] = await session.query<{ health: Facts }>(sql);
  if (row === undefined) throw new Error("the look at the server's health gave no row");
  return row.health;
}
