import { extra, missing, one, type Mutation } from "./schema-mutation";

/** Views, functions, sequences. */
export const code: readonly Mutation[] = [
  one("DROP VIEW app.recent", "view app.recent", missing),
  one("CREATE VIEW app.by_hand AS SELECT 1 AS one", "view app.by_hand", extra),
  one(
    "CREATE OR REPLACE VIEW app.recent AS SELECT id, total FROM app.orders",
    "view app.recent",
    /^definition: line \d+: /,
  ),
  one(
    "CREATE OR REPLACE VIEW app.recent AS SELECT id, total, state FROM app.orders WHERE placed_at > now() - interval '7 days'",
    "view app.recent",
    /^definition: line \d+: /,
  ),
  one(
    "ALTER VIEW app.guarded RESET (security_barrier)",
    "view app.guarded",
    "options: expected security_barrier=true, found none",
  ),
  one("DROP MATERIALIZED VIEW app.totals", "materialized view app.totals", missing),
  one("DROP FUNCTION app.many()", "function app.many()", missing),
  one(
    "CREATE FUNCTION app.by_hand(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "function app.by_hand(integer)",
    extra,
  ),
  one(
    "CREATE OR REPLACE FUNCTION app.touched() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN OLD; END $$",
    "function app.touched()",
    /^body: expected .*NEW.*, found .*OLD/,
  ),
  one("ALTER FUNCTION app.many() COST 9", "function app.many()", "cost: expected 7, found 9"),
  one("ALTER FUNCTION app.many() ROWS 9", "function app.many()", "rows: expected 20, found 9"),
  one("ALTER FUNCTION app.many() VOLATILE", "function app.many()", "volatility: expected stable, found none"),
  one(
    "ALTER FUNCTION app.many() SECURITY INVOKER",
    "function app.many()",
    "security definer: expected yes, found none",
  ),
  one(
    "ALTER FUNCTION app.many() SET search_path = public",
    "function app.many()",
    "settings: expected search_path=app, found search_path=public",
  ),
  one(
    "ALTER FUNCTION app.many() PARALLEL SAFE",
    "function app.many()",
    "parallel: expected none, found safe",
  ),
  one(
    "ALTER FUNCTION app.modern(int) STRICT",
    "function app.modern(integer)",
    "strict: expected none, found yes",
  ),
  one(
    "ALTER FUNCTION app.add(int, int) OWNER TO base_reader",
    "function app.add(integer, integer)",
    /^owner: expected base_owner, found /,
  ),
  one(
    "CREATE OR REPLACE FUNCTION app.modern(a int) RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT a * 3; END",
    "function app.modern(integer)",
    /^body: line \d+: /,
  ),
  one("DROP PROCEDURE app.tidy(int)", "procedure app.tidy(integer)", missing),
  one(
    "COMMENT ON FUNCTION app.add(int, int) IS NULL",
    "function app.add(integer, integer)",
    "comment: expected adds, found none",
  ),
  one("CREATE SEQUENCE app.by_hand", "sequence app.by_hand", extra),
  one(
    "ALTER SEQUENCE app.numbers INCREMENT 5 CYCLE",
    "sequence app.numbers",
    "increment: expected 10, found 5; cycle: expected none, found yes",
  ),
  one(
    "ALTER SEQUENCE app.orders_id_seq OWNED BY NONE",
    "sequence app.orders_id_seq",
    "owned by: expected app.orders.id, found none; owner: expected none, found postgres",
  ),
];

export const privileges: readonly Mutation[] = [
  one(
    "REVOKE SELECT ON app.orders FROM base_reader",
    "table app.orders",
    "privileges of base_reader: expected SELECT, found none",
  ),
  one(
    "GRANT SELECT ON app.secrets TO PUBLIC",
    "table app.secrets",
    "privileges of PUBLIC: expected none, found SELECT",
  ),
  one(
    "GRANT SELECT ON app.orders TO base_reader WITH GRANT OPTION",
    "table app.orders",
    "privileges of base_reader: expected SELECT, found SELECT WITH GRANT OPTION",
  ),
  one(
    "REVOKE EXECUTE ON FUNCTION app.many() FROM PUBLIC",
    "function app.many()",
    "privileges of PUBLIC: expected the default, found none",
  ),
  one(
    "REVOKE EXECUTE ON FUNCTION app.add(int, int) FROM base_reader",
    "function app.add(integer, integer)",
    "privileges of base_reader: expected EXECUTE, found none",
  ),
  one(
    "GRANT UPDATE ON SEQUENCE app.numbers TO base_reader",
    "sequence app.numbers",
    "privileges of base_reader: expected USAGE, found UPDATE, USAGE",
  ),
  one(
    "REVOKE USAGE ON SCHEMA app FROM base_reader",
    "schema app",
    "privileges of base_reader: expected USAGE, found none",
  ),
  one(
    "REVOKE UPDATE (note) ON app.customers FROM base_reader",
    "column app.customers.note",
    "privileges of base_reader: expected UPDATE, found none",
  ),
  one(
    "REVOKE INSERT ON app.customers FROM base_owner",
    "table app.customers",
    /^privileges of base_owner: expected the default, found DELETE, /,
  ),
  one(
    "GRANT USAGE ON TYPE app.status TO base_reader",
    "type app.status",
    "privileges of base_reader: expected none, found USAGE",
  ),
];
