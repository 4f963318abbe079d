import { futureMonths } from "../../core/audit/log-table";
import type { TrailStatus } from "../../core/status";
import type { Session } from "../session";

/** How a trail stands; undefined: there is none. Without its entries, which this login may not read. */
export async function readTrailStatus(session: Session): Promise<TrailStatus | undefined> {
  const [row] = await session.query<{ month: string; names: string[] | null; size: number | null }>(`
    SELECT pg_catalog.to_char(pg_catalog.now() AT TIME ZONE 'UTC', 'YYYY-MM') AS month,
           pg_catalog.json_agg(p.relname) FILTER (WHERE p.oid IS NOT NULL) AS names,
           sum(pg_catalog.pg_total_relation_size(p.oid))::float8 AS size
    FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
    LEFT JOIN pg_catalog.pg_inherits AS i ON i.inhparent = c.oid
    LEFT JOIN pg_catalog.pg_class AS p ON p.oid = i.inhrelid
    WHERE n.nspname = 'audit' AND c.relname = 'change_log' AND c.relkind = 'p'
    GROUP BY c.oid`);
  if (row === undefined) return undefined;
  const { month, names, size } = row;
  const partitions = (names ?? []).map((name) => ({ name, bound: "", owner: "" }));
  return {
    partitions: partitions.length,
    monthsAhead: futureMonths({ month, partitions }),
    sizeBytes: size ?? 0,
  };
}
