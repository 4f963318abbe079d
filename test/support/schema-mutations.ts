import type { Mutation } from "./schema-mutation";
import { code, privileges } from "./schema-mutations-code";
import { others } from "./schema-mutations-other";
import { tableParts } from "./schema-mutations-parts";
import { columns, tables } from "./schema-mutations-tables";

export const mutations: readonly Mutation[] = [
  ...tables,
  ...columns,
  ...tableParts,
  ...code,
  ...privileges,
  ...others,
];

/** What changes nothing of a schema. */
export const benign: readonly string[] = [
  "SELECT nextval('app.numbers'), setval('app.orders_id_seq', 900)",
  "ANALYZE",
  "REINDEX TABLE app.orders",
  "INSERT INTO app.customers (mail) VALUES ('a@b'); DELETE FROM app.customers",
  "TRUNCATE app.cache",
  "CLUSTER app.copied",
  "REFRESH MATERIALIZED VIEW app.totals",
  "REFRESH MATERIALIZED VIEW app.totals WITH NO DATA",
  "GRANT SELECT ON app.cache TO postgres; REVOKE ALL ON app.cache FROM base_reader",
  "REVOKE SELECT ON app.orders FROM base_reader; GRANT SELECT ON app.orders TO base_reader",
  "GRANT EXECUTE ON FUNCTION app.many() TO PUBLIC",
  "GRANT USAGE ON LANGUAGE plpgsql TO base_reader; REVOKE USAGE ON LANGUAGE plpgsql FROM base_reader",
  "ALTER TABLE app.cache ADD COLUMN gone int; ALTER TABLE app.cache DROP COLUMN gone",
  "DROP VIEW app.guarded; CREATE VIEW app.guarded WITH (security_barrier = true) AS SELECT id FROM app.customers; GRANT SELECT ON app.guarded TO postgres",
  "CREATE TEMPORARY TABLE t (id int)",
  "ALTER SEQUENCE app.numbers RESTART 70",
  "ALTER DATABASE %DB% SET quote_all_identifiers = on; ALTER DATABASE %DB% RESET quote_all_identifiers",
  "CREATE SCHEMA pgstead; CREATE TABLE pgstead.migration (version text)",
];
