import type { Case } from "./gate-statements";

/** What runs elsewhere than where it is written. */
export const callCases: readonly Case[] = [
  [
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'TRUNCATE a'; SELECT f()",
    "data-loss truncate + review function-call",
  ],
  [
    ["CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'TRUNCATE a'", "SELECT f()"],
    "data-loss truncate + review function-call",
  ],
  [
    "CREATE FUNCTION f() RETURNS void LANGUAGE plpgsql AS $$ BEGIN TRUNCATE a; END $$; DO $$ BEGIN PERFORM f(); END $$",
    "data-loss truncate + review function-call",
  ],
  [
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql BEGIN ATOMIC DELETE FROM a; END; SELECT f()",
    "data-loss delete-all + review function-call",
  ],
  [
    "CREATE PROCEDURE p() LANGUAGE sql AS 'TRUNCATE a'; CALL p()",
    "data-loss truncate + opaque call-procedure",
  ],
  [
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'TRUNCATE a'; CREATE FUNCTION g() RETURNS void LANGUAGE sql AS 'SELECT f()'; SELECT g()",
    "data-loss truncate + review function-call",
  ],
  [
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql SET role = 'postgres' AS 'SELECT 1'",
    "review session-guard",
  ],
  [
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql SET session_replication_role = replica AS 'SELECT 1'",
    "review session-guard",
  ],
  ["ALTER FUNCTION f() SET lock_timeout = 0", "review session-guard"],
  ["SELECT pg_drop_replication_slot('x')", "review function-call"],
  ["SELECT query_to_xml('DELETE FROM a', true, true, '')", "opaque dynamic-sql"],
  ["SELECT dblink_exec('x', 'DROP TABLE a')", "opaque dynamic-sql"],
  ["SELECT pg_read_file('/etc/passwd')", "opaque run-program"],
  ["SELECT pg_sleep(3)", "safe"],
  ["ALTER TABLE a ADD COLUMN b int; SELECT pg_sleep(3)", "lock lock-table"],
  ["CREATE TABLE a (x int); ALTER TABLE a ADD COLUMN b int; SELECT pg_sleep(3)", "safe"],
  ["SELECT setval('a_id_seq', 1)", "review restart-sequence"],
  ["SELECT setval('a_id_seq', (SELECT max(id) FROM a))", "safe"],
  ["SELECT setval('a_id_seq', max(id)) FROM a", "safe"],
  ["CREATE TABLE a (id serial); SELECT setval('a_id_seq', 100)", "safe"],
  ["CREATE SEQUENCE s; SELECT setval('s', 100)", "safe"],
  ["CREATE SEQUENCE s; ALTER SEQUENCE s RESTART WITH 5", "safe"],
  ["ALTER SEQUENCE s AS smallint", "review restart-sequence"],
  ["SELECT set_config('lock_' || 'timeout', '0', true)", "opaque dynamic-sql"],
  ["SELECT set_config('ro' || 'le', 'postgres', true)", "opaque dynamic-sql"],
  ["SELECT app.a OPERATOR(app.+) 1 FROM a", "review function-call"],
  ["SELECT 1 OPERATOR(pg_catalog.+) 1", "safe"],
  ["DO $$ BEGIN PERFORM dblink_exec('x', 'y'); END $$", "opaque dynamic-sql"],
  ["DO $$ BEGIN EXECUTE 'DROP TABLE ' || quote_ident('a'); END $$", "opaque dynamic-sql"],
  [
    "DO $$ DECLARE r record; BEGIN FOR r IN SELECT tablename FROM pg_tables LOOP EXECUTE 'TRUNCATE ' || r.tablename; END LOOP; END $$",
    "opaque dynamic-sql",
  ],
  ["DO $$ BEGIN EXECUTE $q$ DELETE FROM a $q$; END $$", "data-loss delete-all"],
  ["DO $$ BEGIN EXECUTE 'DELETE FROM a WHERE id = $1' USING 1; END $$", "safe"],
  ["DO $$ BEGIN BEGIN DELETE FROM a; EXCEPTION WHEN OTHERS THEN NULL; END; END $$", "data-loss delete-all"],
  ["DO $$ BEGIN IF false THEN TRUNCATE a; END IF; END $$", "data-loss truncate"],
  ["DO $$ DECLARE c CURSOR FOR SELECT app.f(); BEGIN OPEN c; END $$", "review function-call"],
  ["DO $$ BEGIN ASSERT app.f(); END $$", "review function-call"],
  ["DO $$ BEGIN RAISE NOTICE '%', app.f(); END $$", "review function-call"],
  [
    "DO $$ BEGIN CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'TRUNCATE a'; PERFORM f(); END $$",
    "data-loss truncate + review function-body + review function-call",
  ],
  [
    "CREATE FUNCTION f(int) RETURNS void LANGUAGE sql AS 'TRUNCATE a'; CREATE OR REPLACE FUNCTION f(text) RETURNS void LANGUAGE sql AS 'SELECT 1'; SELECT f('x')",
    "data-loss truncate + review function-call",
  ],
  [
    "CREATE FUNCTION f() RETURNS void LANGUAGE sql AS 'TRUNCATE a'; CREATE OR REPLACE FUNCTION f() RETURNS void LANGUAGE sql AS 'SELECT 1'; SELECT f()",
    "review function-call",
  ],
  [
    "CREATE FUNCTION app.f() RETURNS void LANGUAGE sql AS 'TRUNCATE a'; SELECT other.f()",
    "review function-call",
  ],
  [
    "CREATE FUNCTION app.f() RETURNS void LANGUAGE sql AS 'TRUNCATE a'; SELECT f()",
    "data-loss truncate + review function-call",
  ],
  [
    "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM b; RETURN NEW; END $$; CREATE TRIGGER t AFTER INSERT ON a EXECUTE FUNCTION f()",
    "breaking change-trigger",
  ],
  ["CREATE VIEW v AS SELECT app.cleanup()", "safe"],
  ["CREATE TRIGGER t INSTEAD OF DELETE ON v FOR EACH ROW EXECUTE FUNCTION f()", "breaking change-trigger"],
  ["CREATE RULE r AS ON INSERT TO a DO ALSO DELETE FROM b", "review rewrite-rule"],
  ['CREATE RULE "_RETURN" AS ON SELECT TO a DO INSTEAD SELECT 1', "review rewrite-rule"],
  ["SELECT pg_terminate_backend(pid) FROM pg_stat_activity", "review function-call"],
  ["SELECT lo_truncate(lo_open(1, 131072), 0)", "data-loss drop-large-object + review function-call"],
  ["SELECT pg_catalog.lo_unlink(oid) FROM pg_largeobject_metadata", "data-loss drop-large-object"],
  ["SELECT crosstab('DELETE FROM a')", "opaque dynamic-sql"],
  ["SELECT pg_ls_dir('.')", "opaque run-program"],
  ["SELECT lo_import('/etc/passwd')", "opaque run-program"],
  ["EXPLAIN (ANALYZE, BUFFERS) UPDATE a SET b = 1", "data-loss update-all"],
  ["EXPLAIN ANALYZE EXECUTE q", "opaque run-prepared"],
  ["DECLARE c CURSOR FOR SELECT app.f()", "review function-call"],
  ["VALUES (app.f())", "review function-call"],
  ["TABLE a", "safe"],
];

/** Settings of a migration. */
export const settingCases: readonly Case[] = [
  ["SET LOCAL lock_timeout = '1h'", "review session-guard"],
  ["SET LOCAL lock_timeout = '5s'", "safe"],
  ["SET LOCAL lock_timeout = 5000", "safe"],
  ["SET LOCAL lock_timeout = 500000", "review session-guard"],
];
