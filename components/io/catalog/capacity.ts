import type { CapacityFacts, SizeSample } from "../../core/operations/capacity";
import { sampleTables } from "../../core/operations/sample-tables";
import type { Session } from "../session";

/**
 * Sizes of this session's database over the last days, from its samples: of the server and database that the newest one
 * is of, as a restored one has those of the original. Of tables every six hours one figure.
 */
export async function readCapacityFacts(
  session: Session,
  database: string,
  days: number,
): Promise<CapacityFacts> {
  const { sample, relation } = sampleTables;
  const since = `(SELECT max(taken_at) FROM ${sample}) - pg_catalog.make_interval(days => $1)`;
  const samples = await session.query<SizeSample & Record<string, unknown>>(
    `SELECT (extract(epoch FROM s.taken_at) * 1000)::float8 AS at, s.database_bytes::float8 AS "databaseBytes",
            s.server_bytes::float8 AS "serverBytes", s.wal_bytes::float8 AS "walBytes",
            s.wal_position::float8 AS "walPosition", s.connections, s.connection_limit AS "connectionLimit",
            s.xid::float8 AS xid, s.xid_age::float8 AS "xidAge", s.volume_bytes::float8 AS "volumeBytes",
            s.volume_free_bytes::float8 AS "volumeFreeBytes"
     FROM ${sample} AS s
     JOIN (SELECT server, database FROM ${sample} ORDER BY taken_at DESC LIMIT 1) AS newest USING (server, database)
     WHERE s.taken_at >= ${since} ORDER BY s.taken_at`,
    [days],
  );
  const relations = await session.query<CapacityFacts["relations"][number] & Record<string, unknown>>(
    `SELECT schema_name AS schema, name, pg_catalog.json_agg(pg_catalog.json_build_object(
              'at', extract(epoch FROM taken_at) * 1000, 'value', bytes) ORDER BY taken_at) AS points
     FROM (SELECT DISTINCT ON (schema_name, name, pg_catalog.date_bin('6 hours', taken_at, '2000-01-01Z')) *
           FROM ${relation} WHERE taken_at >= ${since}
           ORDER BY schema_name, name, pg_catalog.date_bin('6 hours', taken_at, '2000-01-01Z'), taken_at DESC) AS r
     GROUP BY 1, 2
     -- What is not among the largest any more, or is gone, grows no more.
     HAVING max(taken_at) = (SELECT max(taken_at) FROM ${relation})`,
    [days],
  );
  return { database, samples, relations };
}
