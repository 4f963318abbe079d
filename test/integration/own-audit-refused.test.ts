import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planAudit } from "../../components/core/audit/plan";
import { readAuditCatalog } from "../../components/io/catalog/audit";
import { scramVerifier } from "../../components/io/scram";
import type { Session } from "../../components/io/session";
import { auditedDatabase, type AuditedDatabase } from "../support/audit";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let shop: AuditedDatabase;

beforeAll(async () => {
  server = await startServer();
  shop = await auditedDatabase(server);
  await shop.migrator.query(`CREATE TABLE app.orders (id int PRIMARY KEY, status text);
    CREATE TABLE app.events (id int, month int, PRIMARY KEY (id, month)) PARTITION BY LIST (month);
    CREATE TABLE app.aside (id int, month int, PRIMARY KEY (id, month));
    CREATE TABLE app.events_1 PARTITION OF app.events FOR VALUES IN (1);
    CREATE FUNCTION app.nothing() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$`);
  await shop.admin.query(`CREATE TABLE public.all_orders (id int, status text) PARTITION BY LIST (id);
    ALTER TABLE public.all_orders OWNER TO ${shop.name}_owner; GRANT USAGE ON SCHEMA pgstead TO PUBLIC`);
  await shop.app.query("INSERT INTO app.orders VALUES (1, 'new')");
});

afterAll(async () => {
  await shop.close();
  await server.stop();
});

const roles = ["app", "migrator", "reader"] as const;

/** What somebody might try to get past the trail, or to change what it says. */
const attempts: Readonly<Record<string, string>> = {
  "change an entry": "UPDATE audit.change_log SET login = 'somebody else'",
  "delete an entry": "DELETE FROM audit.change_log",
  "empty the trail": "TRUNCATE audit.change_log",
  "forge an entry": `INSERT INTO audit.change_log (at, transaction, login, operation)
    VALUES (now(), pg_current_xact_id(), 'somebody else', 'DELETE')`,
  "forge an entry in a partition": `INSERT INTO audit.change_log_rest (at, transaction, login, operation)
    VALUES (now(), pg_current_xact_id(), 'somebody else', 'DELETE')`,
  "copy entries into the trail": "COPY audit.change_log FROM STDIN",
  "alter the trail": "ALTER TABLE audit.change_log ADD COLUMN note text",
  "rename the trail": "ALTER TABLE audit.change_log RENAME TO gone",
  "drop the trail": "DROP TABLE audit.change_log",
  "drop a partition of the trail": "DROP TABLE audit.change_log_rest",
  "detach a partition of the trail": "ALTER TABLE audit.change_log DETACH PARTITION audit.change_log_rest",
  "put a trigger onto the trail":
    "CREATE TRIGGER x BEFORE INSERT ON audit.change_log FOR EACH ROW EXECUTE FUNCTION app.nothing()",
  "put a rule onto the trail": "CREATE RULE x AS ON INSERT TO audit.change_log DO INSTEAD NOTHING",
  "call a writing function": "SELECT audit.record_truncate()",
  "use a writing function on a table of one's own":
    "CREATE TEMP TABLE mine (id int); CREATE TRIGGER x AFTER INSERT ON mine FOR EACH STATEMENT EXECUTE FUNCTION audit.record_truncate()",
  "replace a writing function":
    "CREATE OR REPLACE FUNCTION audit.record_insert() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$",
  "drop a writing function": "DROP FUNCTION audit.record_insert() CASCADE",
  "alter a writing function": "ALTER FUNCTION audit.record_insert() SECURITY INVOKER",
  "make something in the schema": "CREATE TABLE audit.mine (id int)",
  "drop the schema": "DROP SCHEMA audit CASCADE",
  "become the owner of the trail": "SET ROLE trail1_audit",
  "disable a trigger": "ALTER TABLE app.orders DISABLE TRIGGER pgstead_audit_update",
  "disable all triggers": "ALTER TABLE app.orders DISABLE TRIGGER ALL",
  "disable the user's triggers": "ALTER TABLE app.orders DISABLE TRIGGER USER",
  "have a trigger fire not always": "ALTER TABLE app.orders ENABLE REPLICA TRIGGER pgstead_audit_delete",
  "drop a trigger": "DROP TRIGGER pgstead_audit_delete ON app.orders",
  "drop a trigger of a partition": "DROP TRIGGER pgstead_audit_delete ON app.events_1",
  "rename a trigger": "ALTER TRIGGER pgstead_audit_delete ON app.orders RENAME TO mine",
  "replace a trigger": `CREATE OR REPLACE TRIGGER pgstead_audit_update AFTER UPDATE ON app.orders
    FOR EACH STATEMENT EXECUTE FUNCTION app.nothing()`,
  "detach a partition": "ALTER TABLE app.events DETACH PARTITION app.events_1",
  "attach a table with rows": "ALTER TABLE app.events ATTACH PARTITION app.aside FOR VALUES IN (2)",
  "hide a table below one that is not audited":
    "ALTER TABLE public.all_orders ATTACH PARTITION app.orders DEFAULT",
  "turn triggers off for the session": "SET session_replication_role = replica",
  "drop an event trigger": "DROP EVENT TRIGGER pgstead_audit_guard",
  "disable an event trigger": "ALTER EVENT TRIGGER pgstead_audit_ddl DISABLE",
  "replace what keeps the triggers":
    "CREATE OR REPLACE FUNCTION pgstead.audit_guard() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN END $$",
  "put triggers where they want": "SELECT pgstead.audit_attach('app', 'orders', '{table,status}')",
};

describe.each(roles)("%s", (role) => {
  const session = (): Session => shop[role];

  test.each(Object.entries(attempts))("cannot %s", async (_what, sql) => {
    if (role === "migrator")
      await session().query("CREATE TABLE IF NOT EXISTS app.aside (id int, month int)");
    const before = await state();
    // Whatever is refused halfway is taken back whole, so that the next attempt finds what this one did.
    await session().query("BEGIN");
    const attempt = async (): Promise<void> => {
      for (const statement of sql.split(/;\s+(?=ALTER|CREATE TRIGGER)/)) await session().query(statement);
    };
    const refusal = await attempt().then(
      () => undefined,
      (error: unknown) => error,
    );
    await session().query("ROLLBACK");
    expect(refusal).toMatchObject({ code: "42501" });
    expect(await state()).toEqual(before);
  });
});

/** What the attempts are about: entries, triggers, functions, partitions. */
async function state(): Promise<unknown> {
  const [row] = await shop.admin.query(`SELECT
    (SELECT count(*)::int FROM audit.change_log) AS entries,
    (SELECT count(*)::int FROM pg_trigger WHERE tgname LIKE 'pgstead%' AND tgenabled = 'A') AS triggers,
    (SELECT md5(string_agg(prosrc, '' ORDER BY proname)) FROM pg_proc WHERE proname LIKE 'record_%' OR proname LIKE 'audit_%') AS functions,
    (SELECT count(*)::int FROM pg_inherits) AS partitions,
    (SELECT string_agg(evtname || evtenabled::text, ',' ORDER BY evtname) FROM pg_event_trigger) AS "eventTriggers"`);
  return row;
}

test("a refusal of the guard says what is refused and where it is declared", async () => {
  await expect(shop.migrator.query("ALTER TABLE app.orders DISABLE TRIGGER ALL")).rejects.toMatchObject({
    message: "audit: the triggers of app.orders may not be changed",
    hint: "A superuser may; pgstead:audit says which tables are audited.",
  });
  await expect(shop.migrator.query("DROP TRIGGER pgstead_audit_delete ON app.orders")).rejects.toMatchObject({
    message: "audit: pgstead_audit_delete on app.orders may not be dropped",
  });
});

test("nobody but the reader sees the trail, and the reader sees all of it", async () => {
  await expect(shop.app.query("SELECT FROM audit.change_log")).rejects.toMatchObject({ code: "42501" });
  await expect(shop.migrator.query("SELECT FROM audit.change_log")).rejects.toMatchObject({ code: "42501" });
  const seen = await shop.reader.query("SELECT FROM audit.change_log");
  const [all] = await shop.admin.query<{ count: number }>("SELECT count(*)::int FROM audit.change_log");
  expect(seen).toHaveLength(all?.count ?? -1);
});

test("a login that only looks at previews compares all of it, and reads no entry", async () => {
  await shop.admin.query(
    `CREATE ROLE viewer LOGIN PASSWORD '${scramVerifier("of a test")}' IN ROLE pg_monitor`,
  );
  const viewer = await server.connect(shop.name, { user: "viewer", password: "of a test" });
  const catalog = await readAuditCatalog(viewer, shop.declaration);
  const { statements, refusals, undeclared } = planAudit(shop.declaration, catalog);
  expect({ statements, undeclared }).toEqual({ statements: [], undeclared: [] });
  expect(refusals).toEqual([]);
  await viewer.close();
});

test("the owner goes on changing tables that are audited, and drops them", async () => {
  await shop.migrator.query(
    "ALTER TABLE app.orders ADD COLUMN note text; ALTER TABLE app.orders RENAME COLUMN note TO memo",
  );
  await shop.migrator.query(
    "CREATE INDEX ON app.orders (memo); ALTER TABLE app.orders ALTER COLUMN memo SET DEFAULT 'x'",
  );
  await shop.migrator.query("CREATE TRIGGER mine AFTER INSERT ON app.orders EXECUTE FUNCTION app.nothing()");
  await shop.migrator.query("DROP TRIGGER mine ON app.orders");
  await shop.migrator.query(
    "CREATE TABLE app.events_5 PARTITION OF app.events FOR VALUES IN (5); DROP TABLE app.events_5",
  );
  await shop.migrator.query("CREATE TABLE app.short (id int PRIMARY KEY); DROP TABLE app.short");
  expect((await shop.plan()).statements).toEqual([]);
});

test("what a superuser changes, the next plan mends", async () => {
  await shop.admin.query("ALTER TABLE app.orders DISABLE TRIGGER pgstead_audit_update");
  await shop.admin.query("DROP TRIGGER pgstead_audit_truncate ON app.orders");
  await shop.admin.query("ALTER TRIGGER pgstead_audit_insert ON app.events_1 RENAME TO mine");
  await shop.admin.query(
    "CREATE OR REPLACE FUNCTION audit.record_delete() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$ BEGIN RETURN NULL; END $$",
  );
  await shop.admin.query(
    `GRANT INSERT ON audit.change_log TO ${shop.name}_app; GRANT EXECUTE ON FUNCTION audit.record_insert() TO PUBLIC`,
  );
  await shop.admin.query(
    `GRANT ${shop.name}_audit TO ${shop.name}_app; GRANT CREATE ON SCHEMA audit TO ${shop.name}_owner`,
  );
  await shop.admin.query("CREATE RULE lost AS ON INSERT TO audit.change_log DO INSTEAD NOTHING");
  await shop.admin.query("DROP TABLE audit.change_log_rest; ALTER EVENT TRIGGER pgstead_audit_ddl DISABLE");
  const { statements } = await shop.apply();
  expect(
    statements.map(
      ({ sql, summary, reason }) =>
        `${(summary ?? sql).replace(/\(\d+ lines, [0-9a-f]{8}\)/, "(lines and digest)")} -- ${reason}`,
    ),
  ).toMatchInlineSnapshot(`
    [
      "REVOKE "trail1_audit" FROM "trail1_app" GRANTED BY "postgres" CASCADE -- who belongs to trail1_audit could change the trail (by postgres)",
      "REVOKE CREATE ON SCHEMA "audit" FROM "trail1_owner" CASCADE -- nobody but its owner writes to the trail, by its functions alone",
      "REVOKE INSERT ON TABLE "audit"."change_log" FROM "trail1_app" CASCADE -- nobody but its owner writes to the trail, by its functions alone",
      "SET LOCAL ROLE "trail1_audit" -- what follows belongs to the trail's owner",
      "DROP RULE lost ON audit.change_log -- nothing stands between who writes to the trail and the trail",
      "CREATE TABLE "audit"."change_log_rest" PARTITION OF "audit"."change_log" DEFAULT -- takes what no other partition takes, so that no write ever fails for want of one",
      "REVOKE ALL ON FUNCTION "audit"."record_insert"() FROM PUBLIC -- nobody calls it: it runs as a trigger",
      "CREATE OR REPLACE FUNCTION "audit"."record_delete"() RETURNS trigger … (lines and digest) -- the server has another text (769b2377)",
      "RESET ROLE -- what follows does not",
      "ALTER EVENT TRIGGER "pgstead_audit_ddl" ENABLE ALWAYS -- it does not always fire",
      "DROP TRIGGER "mine" ON "app"."events_1" -- it runs audit.record_insert and is none of ours",
      "CREATE OR REPLACE TRIGGER "pgstead_audit_insert" AFTER INSERT ON "app"."events_1" REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION "audit"."record_insert"('partition') -- a partition of app.events, which is audited",
      "ALTER TABLE ONLY "app"."events_1" ENABLE ALWAYS TRIGGER "pgstead_audit_insert" -- also on a replica and in a restore",
      "CREATE OR REPLACE TRIGGER "pgstead_audit_truncate" AFTER TRUNCATE ON "app"."orders" FOR EACH STATEMENT EXECUTE FUNCTION "audit"."record_truncate"('table') -- schema app is audited",
      "ALTER TABLE ONLY "app"."orders" ENABLE ALWAYS TRIGGER "pgstead_audit_update", ENABLE ALWAYS TRIGGER "pgstead_audit_truncate" -- update is disabled",
    ]
  `);
  expect((await shop.plan()).statements).toEqual([]);
});
