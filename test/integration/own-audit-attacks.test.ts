import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { scramVerifier } from "../../components/io/scram";
import type { Session } from "../../components/io/session";
import { auditedDatabase, tableRule, type AuditedDatabase } from "../support/audit";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let shop: AuditedDatabase;
let creator: Session;

const password = "of a test";

beforeAll(async () => {
  server = await startServer();
  shop = await auditedDatabase(server, { declaration: { tables: [tableRule("app.cards", ["number"])] } });
  await shop.admin.query(
    `CREATE ROLE creator LOGIN CREATEROLE CREATEDB PASSWORD '${scramVerifier(password)}';
     GRANT USAGE, CREATE ON SCHEMA app TO creator; GRANT TEMPORARY, CREATE ON DATABASE ${shop.name} TO creator, ${shop.name}_app`,
  );
  creator = await server.connect(shop.name, { user: "creator", password });
  await shop.migrator.query(`CREATE TABLE app.orders (id int PRIMARY KEY, status text);
    CREATE TABLE app.cards (id int PRIMARY KEY, holder text, number text);
    CREATE TABLE app.parent (id int PRIMARY KEY);
    CREATE TABLE app.child (id int PRIMARY KEY REFERENCES app.parent)`);
});

afterAll(async () => {
  await creator.close();
  await shop.close();
  await server.stop();
});

beforeEach(async () => {
  await shop.admin.query("TRUNCATE app.orders, app.cards, app.parent, app.child");
  await shop.clear();
});

const told = async (where = "operation <> 'DDL'"): Promise<unknown[]> =>
  (await shop.trail(where)).map(({ operation, table, key }) => [operation, table, key]);

describe("who may make roles without being a superuser", () => {
  test.each([
    "GRANT trail1_audit TO creator",
    "GRANT trail1_audit TO creator WITH ADMIN OPTION",
    "GRANT creator TO trail1_audit WITH ADMIN OPTION; SET ROLE trail1_audit",
    "ALTER ROLE trail1_audit LOGIN PASSWORD 'x'",
    "ALTER ROLE trail1_audit SET search_path = app",
    "ALTER ROLE trail1_audit RENAME TO mine",
    "DROP ROLE trail1_audit",
    "SET ROLE trail1_audit",
    "SET SESSION AUTHORIZATION trail1_audit",
    "REASSIGN OWNED BY trail1_audit TO creator",
    "ALTER SCHEMA audit OWNER TO creator",
    "GRANT INSERT ON audit.change_log TO creator",
    "SET session_replication_role = replica",
    "CREATE EVENT TRIGGER mine ON ddl_command_end EXECUTE FUNCTION audit.record_ddl()",
  ])("cannot: %s", async (text) => {
    await creator.query("BEGIN");
    const refusal = await creator.query(text).then(
      () => undefined,
      (error: unknown) => error,
    );
    await creator.query("ROLLBACK");
    expect(refusal).toMatchObject({ code: "42501" });
  });
});

describe("a name or a setting of the writer's own", () => {
  test("does not lead an entry elsewhere: temporary tables, operators, casts and the search path", async () => {
    await shop.app.query(`CREATE TEMP TABLE change_log (LIKE app.orders); CREATE TEMP TABLE old_rows (id int);
      CREATE TEMP TABLE new_rows (id int); CREATE TEMP TABLE pg_attribute (attname name); CREATE TEMP TABLE pg_index (x int);
      CREATE FUNCTION pg_temp.to_jsonb(anyelement) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb $$;
      CREATE FUNCTION pg_temp.minus(jsonb, text[]) RETURNS jsonb LANGUAGE sql AS $$ SELECT '{}'::jsonb $$;
      CREATE OPERATOR pg_temp.- (LEFTARG = jsonb, RIGHTARG = text[], FUNCTION = pg_temp.minus);
      SET search_path = pg_temp, app, pg_catalog; SET standard_conforming_strings = off; SET array_nulls = off;
      SET quote_all_identifiers = on; SET plan_cache_mode = force_custom_plan`);
    await shop.app.query("INSERT INTO app.orders VALUES (1, 'a')");
    await shop.app.query("UPDATE app.orders SET status = 'b'");
    await shop.app.query("INSERT INTO app.orders VALUES (2, 'c'), (3, 'd')");
    await shop.app.query("DISCARD ALL");
    expect(await told()).toEqual([
      ["INSERT", "app.orders", { id: 1 }],
      ["UPDATE", "app.orders", { id: 1 }],
      ["INSERT", "app.orders", { id: 2 }],
      ["INSERT", "app.orders", { id: 3 }],
    ]);
  });

  test("does not open what the guard keeps", async () => {
    const session = await shop.login(`${shop.name}_migrator`);
    await session
      .query(
        `CREATE SCHEMA IF NOT EXISTS trick;
      SET search_path = trick, pg_catalog; SET standard_conforming_strings = off; SET quote_all_identifiers = on`,
      )
      .catch(() => session.query("SET standard_conforming_strings = off; SET quote_all_identifiers = on"));
    for (const text of [
      "ALTER TABLE app.orders DISABLE TRIGGER ALL",
      "DROP TRIGGER pgstead_audit_update ON app.orders",
      "ALTER TABLE app.orders ENABLE REPLICA TRIGGER pgstead_audit_update",
      "DO $$ BEGIN EXECUTE 'ALTER TABLE app.orders DISABLE TRIGGER USER'; END $$",
    ]) {
      await expect(session.query(text)).rejects.toMatchObject({ code: "42501" });
    }
    await session.close();
    expect((await shop.plan()).statements).toEqual([]);
  });
});

describe("tables that come about in other ways", () => {
  test("CREATE TABLE AS, SELECT INTO, LIKE and INHERITS are recorded from their first change", async () => {
    await shop.migrator.query("CREATE TABLE app.made AS SELECT 1 AS id");
    await shop.migrator.query("SELECT 1 AS id INTO app.selected");
    await shop.migrator.query("CREATE TABLE app.alike (LIKE app.orders INCLUDING ALL)");
    await shop.migrator.query("CREATE TABLE app.heir () INHERITS (app.orders)");
    await shop.migrator
      .query("CREATE SCHEMA AUTHORIZATION CURRENT_ROLE CREATE TABLE elsewhere (id int)")
      .catch(() => undefined); // it may not make schemas: nothing to see there
    await shop.clear();
    for (const name of ["made", "selected", "alike", "heir"]) {
      await shop.migrator.query(`INSERT INTO app.${name} (id) VALUES (9)`);
    }
    expect((await told()).map((one) => (one as string[])[1])).toEqual(
      ["made", "selected", "alike", "heir"].map((name) => `app.${name}`),
    );
    await shop.migrator.query("DROP TABLE app.made, app.selected, app.alike, app.heir");
  });

  test("a table that moves into an audited schema, or is renamed, goes on being recorded", async () => {
    await shop.admin.query(`CREATE SCHEMA yard; ALTER SCHEMA yard OWNER TO ${shop.name}_owner`);
    await shop.migrator.query("CREATE TABLE yard.cart (id int PRIMARY KEY)");
    await shop.migrator.query("INSERT INTO yard.cart VALUES (1)");
    expect(await told()).toEqual([]);
    await shop.migrator.query("ALTER TABLE yard.cart SET SCHEMA app");
    await shop.migrator.query("INSERT INTO app.cart VALUES (2)");
    await shop.migrator.query("ALTER TABLE app.cart RENAME TO basket");
    await shop.migrator.query("INSERT INTO app.basket VALUES (3)");
    await shop.migrator.query("ALTER TABLE app.basket SET SCHEMA yard");
    await shop.migrator.query("INSERT INTO yard.basket VALUES (4)");
    expect(await told()).toEqual([
      ["INSERT", "app.cart", { id: 2 }],
      ["INSERT", "app.basket", { id: 3 }],
      ["INSERT", "yard.basket", { id: 4 }],
    ]);
    await shop.migrator.query("DROP TABLE yard.basket");
  });

  test("what is left out stays so for a table that is renamed, until an `up` that shows it", async () => {
    await shop.migrator.query("ALTER TABLE app.cards RENAME TO tokens");
    await shop.app.query("INSERT INTO app.tokens VALUES (1, 'Ada', '4111')");
    expect(JSON.stringify(await shop.trail())).not.toContain("4111");
    await shop.migrator.query("ALTER TABLE app.tokens RENAME TO cards");
    expect((await shop.plan()).statements).toEqual([]);
  });

  test("a column that is left out and renamed is left out under its new name, and an `up` asks for it", async () => {
    await shop.migrator.query("CREATE TABLE app.heir () INHERITS (app.cards)");
    await shop.migrator.query("ALTER TABLE app.cards RENAME COLUMN number TO pan");
    await shop.migrator.query("ALTER TABLE app.cards RENAME COLUMN holder TO person");
    await shop.clear();
    await shop.app.query("INSERT INTO app.cards VALUES (1, 'Ada', '4111')");
    expect((await shop.trail()).map(({ new: now }) => Object.keys(now ?? {}))).toEqual([["id"]]);
    const { statements, refusals } = await shop.plan();
    expect(statements.filter(({ sql }) => sql.includes("cards"))).toEqual([]);
    expect(refusals).toContainEqual({
      subject: "table app.cards",
      message: "person, pan is left out on the server, and is not declared: number is, and is not there",
      hint: expect.stringContaining("app.cards: { exclude: [person, pan] }") as string,
    });
    const { statements: mending } = await shop.apply({ tables: [tableRule("app.cards", ["pan"])] });
    expect(mending.map(({ reason }) => reason)).toContain(
      "the server's is for a table without number, pan, person",
    );
    await shop.clear();
    await shop.app.query("UPDATE app.cards SET pan = '5500'");
    expect((await shop.trail()).map(({ new: now }) => now)).toEqual([{ id: 1, person: "Ada" }]);
    await shop.migrator.query("DROP TABLE app.heir; ALTER TABLE app.cards RENAME COLUMN pan TO number");
    await shop.apply();
  });
});

test("a cascade of TRUNCATE, a partition's own and a foreign key's changes are told under the one who caused them", async () => {
  await shop.app.query("INSERT INTO app.parent VALUES (1); INSERT INTO app.child VALUES (1)");
  await shop.clear();
  await shop.migrator.query("TRUNCATE app.parent CASCADE");
  expect((await shop.trail()).map(({ table, login }) => [table, login]).toSorted()).toEqual([
    ["app.child", `${shop.name}_migrator`],
    ["app.parent", `${shop.name}_migrator`],
  ]);
});

test("who writes in a function of another's is told by his login, and by the role that he has set", async () => {
  await shop.migrator.query(`CREATE FUNCTION app.buy() RETURNS void LANGUAGE sql SECURITY DEFINER
    AS $$ INSERT INTO app.orders VALUES (1, 'x') $$`);
  await shop.app.query("SELECT app.buy()");
  expect((await shop.trail("operation <> 'DDL'")).map(({ login, role }) => [login, role])).toEqual([
    [`${shop.name}_app`, null],
  ]);
});
