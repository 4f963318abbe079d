import { nameSql } from "../repeatables/objects";

/** What operators and applications call: ends idle sessions, counts sessions, says the size of the database. */
export function operationsFunctions(schema: string): string {
  const at = (name: string): string => nameSql({ schema, name });
  return `-- Ends sessions of this database that have been idle for so many minutes, and says how many.
--
-- It runs with the rights of whoever calls it, so that PostgreSQL itself says whose sessions that may be: those of the
-- caller's own roles; of everybody where the caller belongs to pg_signal_backend and pg_read_all_stats. Sessions of
-- superusers and of roles that administer the server stay in any case.
CREATE OR REPLACE FUNCTION ${at("terminate_idle_connections")}(minutes integer) RETURNS integer
LANGUAGE plpgsql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
  ended integer;
BEGIN
  IF minutes IS NULL OR minutes < 1 THEN
    RAISE EXCEPTION 'minutes is %: say 1 or more', coalesce(minutes::text, 'NULL') USING ERRCODE = '22023';
  END IF;
  SELECT count(*) FILTER (WHERE pg_terminate_backend(a.pid)) INTO ended
  FROM pg_stat_activity AS a JOIN pg_roles AS r ON r.oid = a.usesysid
  WHERE a.datname = current_database() AND a.backend_type = 'client backend' AND a.pid <> pg_backend_pid()
    AND a.state = 'idle' AND a.state_change < clock_timestamp() - make_interval(mins => minutes)
    AND NOT (r.rolsuper OR r.rolcreaterole OR r.rolcreatedb OR r.rolreplication OR r.rolbypassrls);
  RETURN ended;
END
$fn$;
REVOKE ALL ON FUNCTION ${at("terminate_idle_connections")}(integer) FROM PUBLIC;

-- The size of this database in bytes; pg_size_pretty() makes it readable.
CREATE OR REPLACE FUNCTION ${at("database_size")}() RETURNS bigint
LANGUAGE sql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, pg_temp
AS $fn$ SELECT pg_database_size(current_database()) $fn$;
REVOKE ALL ON FUNCTION ${at("database_size")}() FROM PUBLIC;

-- The sessions of this database by role and state; the state of others' sessions is seen by members of
-- pg_read_all_stats, and is NULL for everybody else.
CREATE OR REPLACE FUNCTION ${at("active_connections")}()
RETURNS TABLE (role_name text, state text, connections bigint)
LANGUAGE sql VOLATILE SECURITY INVOKER SET search_path = pg_catalog, pg_temp
AS $fn$
  SELECT a.usename::text, a.state, count(*) FROM pg_stat_activity AS a
  WHERE a.datname = current_database() AND a.backend_type = 'client backend'
  GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
$fn$;
REVOKE ALL ON FUNCTION ${at("active_connections")}() FROM PUBLIC;
`;
}

/** How large tables are. */
export function tableSizesView(schema: string): string {
  const view = nameSql({ schema, name: "table_sizes" });
  return `-- How large the tables of this database are, the largest first, in bytes; of a partitioned table each partition.
CREATE OR REPLACE VIEW ${view} AS
SELECT n.nspname AS schema_name,
       c.relname AS table_name,
       greatest(c.reltuples, 0)::bigint AS estimated_rows,
       pg_catalog.pg_table_size(c.oid) AS table_bytes,
       pg_catalog.pg_indexes_size(c.oid) AS index_bytes,
       pg_catalog.pg_total_relation_size(c.oid) AS total_bytes,
       pg_catalog.pg_size_pretty(pg_catalog.pg_total_relation_size(c.oid)) AS total_size
FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_namespace AS n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'm') AND c.relpersistence <> 't'
  AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pgstead')
ORDER BY pg_catalog.pg_total_relation_size(c.oid) DESC, 1, 2;
`;
}
