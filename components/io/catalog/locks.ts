import type { LockFacts } from "../../core/operations/locks";
import type { Session } from "../session";
import { sessionJson } from "./sessions";

/**
 * What is locked, for people, from `l`, a row of pg_locks. Names of relations are in the catalogue of their own
 * database: of another one there is the number. A row is waited for by its transaction; the relation is then that of
 * the tuple lock which the first in the queue holds meanwhile.
 */
const target = `CASE l.locktype
    WHEN 'relation' THEN ${relation("l")}
    WHEN 'tuple' THEN 'a row of ' || ${relation("l")}
    WHEN 'transactionid' THEN coalesce(
      (SELECT 'a row of ' || ${relation("t")} FROM lock AS t
       WHERE t.pid = l.pid AND t.locktype = 'tuple' AND t.granted LIMIT 1) || ', ', '') || 'transaction ' || l.transactionid
    WHEN 'virtualxid' THEN 'transaction ' || l.virtualxid
    WHEN 'advisory' THEN 'advisory lock ' || ${advisoryKey("l")}
    WHEN 'extend' THEN 'the growth of ' || ${relation("l")}
    WHEN 'object' THEN pg_catalog.concat(l.classid::pg_catalog.regclass, ' ', l.objid)
    ELSE l.locktype END`;

/**
 * Sessions that wait and sessions that they wait for, prepared transactions and advisory locks, in one read.
 *
 * pg_blocking_pids is asked for those that wait alone, as it stops all locking for a moment. A parallel worker waits in
 * its leader's name, as pg_blocking_pids has it.
 */
const locksSql = `
WITH lock AS MATERIALIZED (
  SELECT l.*, coalesce(w.leader_pid, l.pid) AS session
  FROM pg_catalog.pg_locks AS l
  LEFT JOIN pg_catalog.pg_stat_activity AS w ON w.pid = l.pid
  WHERE l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid()
), waiting AS MATERIALIZED (
  SELECT DISTINCT ON (l.session) l.session AS pid,
    pg_catalog.jsonb_build_object('type', l.locktype, 'mode', l.mode, 'target', ${target},
      'waitSeconds', coalesce(greatest(0, round(extract(epoch FROM pg_catalog.clock_timestamp() - l.waitstart))), 0)::float8
    ) AS wants
  FROM lock AS l WHERE NOT l.granted
  ORDER BY l.session, l.waitstart
), blocked AS MATERIALIZED (
  SELECT w.pid, w.wants,
    (SELECT coalesce(pg_catalog.array_agg(DISTINCT b ORDER BY b), '{}') FROM pg_catalog.unnest(pg_catalog.pg_blocking_pids(w.pid)) AS b) AS blockers
  FROM waiting AS w
)
SELECT pg_catalog.jsonb_build_object(
  'sessions', (
    SELECT coalesce(pg_catalog.jsonb_agg(${sessionJson} || pg_catalog.jsonb_build_object(
      'wants', b.wants, 'blockedBy', pg_catalog.to_jsonb(coalesce(b.blockers, '{}'))) ORDER BY a.pid), '[]'::jsonb)
    FROM pg_catalog.pg_stat_activity AS a LEFT JOIN blocked AS b ON b.pid = a.pid
    WHERE b.pid IS NOT NULL OR a.pid IN (SELECT pg_catalog.unnest(blockers) FROM blocked)
  ),
  'prepared', (
    SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'name', p.gid, 'owner', p.owner, 'database', p.database,
      'preparedSeconds', round(extract(epoch FROM pg_catalog.clock_timestamp() - p.prepared))::float8
    ) ORDER BY p.prepared), '[]'::jsonb)
    FROM pg_catalog.pg_prepared_xacts AS p
  ),
  'advisory', (
    SELECT coalesce(pg_catalog.jsonb_agg(pg_catalog.jsonb_build_object(
      'key', ${advisoryKey("l")}, 'database', coalesce(d.datname, ''), 'mode', l.mode, 'pid', l.pid, 'granted', l.granted
    ) ORDER BY l.classid, l.objid, l.granted DESC, l.pid), '[]'::jsonb)
    FROM lock AS l LEFT JOIN pg_catalog.pg_database AS d ON d.oid = l.database
    WHERE l.locktype = 'advisory'
  )
) AS locks`;

function relation(row: string): string {
  return `CASE WHEN ${row}.database IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
      THEN coalesce((SELECT pg_catalog.concat(n.nspname, '.', c.relname) FROM pg_catalog.pg_class AS c
        JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = ${row}.relation), 'relation ' || ${row}.relation)
      ELSE 'relation ' || ${row}.relation END`;
}

/** One number of 64 bits, or two of 32: pg_locks has both in two columns ("pg_locks", objsubid). */
function advisoryKey(row: string): string {
  return `CASE WHEN ${row}.objsubid = 1 THEN ((${row}.classid::bigint << 32) | ${row}.objid::bigint)::text
      ELSE pg_catalog.concat(${row}.classid::bigint::bit(32)::int, ', ', ${row}.objid::bigint::bit(32)::int) END`;
}

/**
 * Who waits for whom on the server. Needs pg_monitor; names of relations are those of the session's database.
 *
 * @param what queries: with the text of statements
 */
export async function readLocks(
  session: Session,
  { queries = false }: { readonly queries?: boolean } = {},
): Promise<LockFacts> {
  const [row] = await session.query<{ locks: LockFacts }>(locksSql, [queries]);
  return row?.locks ?? { sessions: [], prepared: [], advisory: [] };
}
