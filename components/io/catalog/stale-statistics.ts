import type { StaleTable } from "../../core/operations/checklist/statistics";
import type { Session } from "../session";
import { isOfExtensionSql, userSchemaSql } from "./relation-size";

/** Any login may; from PostgreSQL 14 on. A partitioned table has no rows of its own. */
const staleStatisticsSql = `
SELECT pg_catalog.concat(n.nspname, '.', c.relname) AS "table",
  s.n_live_tup::float8 AS "liveRows", s.n_mod_since_analyze::float8 AS "changedRows"
FROM pg_catalog.pg_stat_all_tables AS s
JOIN pg_catalog.pg_class AS c ON c.oid = s.relid
JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND ${userSchemaSql("n.nspname")} AND NOT ${isOfExtensionSql("c.oid")}
  AND s.n_mod_since_analyze > $1
ORDER BY s.n_mod_since_analyze DESC, 1`;

/** Tables of a database with more than so many rows changed since their last ANALYZE, the most first. */
export function readStaleStatistics(session: Session, leastChanges: number): Promise<StaleTable[]> {
  return session.query<StaleTable & Record<string, unknown>>(staleStatisticsSql, [leastChanges]);
}
