import type { TargetFacts } from "../../core/move/target";
import type { Session } from "../session";

/** Reads what the server is that a copy goes to. @param maintenance in its maintenance database */
export async function lookTarget(maintenance: Session, database: string): Promise<TargetFacts> {
  const [facts] = await maintenance.query<Omit<TargetFacts, "size"> & { size: string | null }>(targetSql, [
    database,
  ]);
  if (facts === undefined) throw new Error("the server said nothing of itself");
  return { ...facts, size: facts.size === null ? null : Number(facts.size) };
}

const targetSql = `
SELECT (SELECT rolsuper FROM pg_catalog.pg_roles WHERE rolname = current_user) AS "isSuperuser",
  d.oid IS NOT NULL AS "isThere",
  CASE WHEN pg_catalog.has_database_privilege(d.oid, 'CONNECT') THEN pg_catalog.pg_database_size(d.oid)::text END AS size,
  (SELECT pg_catalog.count(*)::int FROM pg_catalog.pg_stat_activity AS a
   WHERE a.datid = d.oid AND a.backend_type = 'client backend') AS sessions,
  ARRAY(SELECT subname::text FROM pg_catalog.pg_subscription AS s WHERE s.subdbid = d.oid ORDER BY 1) AS subscriptions,
  ARRAY(SELECT slot_name::text FROM pg_catalog.pg_replication_slots AS s WHERE s.database = d.datname ORDER BY 1) AS slots,
  ARRAY(SELECT rolname::text FROM pg_catalog.pg_roles) AS roles,
  ARRAY(SELECT name::text FROM pg_catalog.pg_available_extensions) AS extensions
FROM (SELECT $1::text AS wanted) AS w LEFT JOIN pg_catalog.pg_database AS d ON d.datname = w.wanted`;
