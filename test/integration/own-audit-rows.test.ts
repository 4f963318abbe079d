import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { auditedDatabase, tableRule, type AuditedDatabase } from "../support/audit";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let shop: AuditedDatabase;

beforeAll(async () => {
  server = await startServer();
  shop = await auditedDatabase(server, { declaration: { tables: [tableRule("app.cards", ["number"])] } });
  await shop.migrator.query(`CREATE TABLE app.orders (id int PRIMARY KEY, status text);
    CREATE TABLE app.cards (a int, b text, c date, number text, PRIMARY KEY (a, b, c));
    CREATE TABLE app.steps (id int PRIMARY KEY, month int, what text)`);
});

afterAll(async () => {
  await shop.close();
  await server.stop();
});

beforeEach(async () => {
  await shop.admin.query("TRUNCATE app.orders, app.cards, app.steps");
  await shop.clear();
});

const told = async (): Promise<unknown[]> =>
  (await shop.trail("operation <> 'DDL'")).map(({ operation, key, old, new: now }) => [
    operation,
    key,
    old,
    now,
  ]);

test("a statement that changes no row leaves no entry", async () => {
  await shop.app.query("UPDATE app.orders SET status = 'x' WHERE id = 1");
  await shop.app.query("DELETE FROM app.orders; INSERT INTO app.orders SELECT 1, 'x' WHERE false");
  expect(await told()).toEqual([]);
});

test("one row and many are written down alike, a key of three columns and an excluded one included", async () => {
  const one = { a: 1, b: "x", c: "2026-01-01" };
  const two = { a: 2, b: "y", c: "2026-01-02" };
  await shop.app.query("INSERT INTO app.cards VALUES (1, 'x', '2026-01-01', 's1')");
  await shop.app.query("UPDATE app.cards SET number = 's2'");
  await shop.app.query("DELETE FROM app.cards");
  const single = [
    ["INSERT", one, null, one],
    ["UPDATE", one, one, one],
    ["DELETE", one, one, null],
  ];
  expect(await told()).toEqual(single);
  await shop.clear();
  await shop.app.query(
    "INSERT INTO app.cards VALUES (1, 'x', '2026-01-01', 's1'), (2, 'y', '2026-01-02', 's1')",
  );
  await shop.app.query("UPDATE app.cards SET number = 's2'");
  await shop.app.query("DELETE FROM app.cards");
  const many = await told();
  expect(many).toEqual(expect.arrayContaining(single));
  expect(many).toEqual(expect.arrayContaining([["UPDATE", two, two, two]]));
  expect(many).toHaveLength(6);
  await shop.clear();
  await shop.app.query("INSERT INTO app.cards VALUES (1, 'x', '2026-01-01', 's1')");
  await shop.app.query("UPDATE app.cards SET c = '2026-02-01'");
  expect((await told()).slice(1)).toEqual(
    expect.arrayContaining([
      ["DELETE", one, one, null],
      ["INSERT", { ...one, c: "2026-02-01" }, null, { ...one, c: "2026-02-01" }],
    ]),
  );
});

test("what a table becomes is recorded as that, also in the session that has written to it before", async () => {
  const { migrator } = shop;
  const write = async (text: string): Promise<unknown> => {
    await shop.clear();
    await migrator.query(text);
    const [entry] = await shop.trail();
    return { operation: entry?.operation, key: entry?.key, old: entry?.old, new: entry?.new };
  };
  expect(await write("INSERT INTO app.steps VALUES (1, 1, 'a')")).toMatchObject({ key: { id: 1 } });
  await write("UPDATE app.steps SET what = 'b'");
  await migrator.query("ALTER TABLE app.steps ADD COLUMN note text, DROP COLUMN month");
  expect(await write("UPDATE app.steps SET what = 'c'")).toEqual({
    operation: "UPDATE",
    key: { id: 1 },
    old: { id: 1, what: "b", note: null },
    new: { id: 1, what: "c", note: null },
  });
  await migrator.query("CREATE TYPE app.mood AS ENUM ('c', 'd')");
  await migrator.query("ALTER TABLE app.steps ALTER COLUMN what TYPE app.mood USING what::app.mood");
  const mixed = { operation: "UPDATE", key: { id: 1 }, old: { what: "c" }, new: { what: "d" } };
  expect(await write("UPDATE app.steps SET what = 'd'")).toMatchObject(mixed);
  await migrator.query("ALTER TABLE app.steps RENAME COLUMN id TO number");
  await migrator.query("ALTER TABLE app.steps RENAME TO stages");
  expect(await write("UPDATE app.stages SET what = 'c'")).toMatchObject({ key: { number: 1 } });
  await migrator.query("ALTER TABLE app.stages DROP CONSTRAINT steps_pkey, ADD PRIMARY KEY (number, what)");
  const gone = { operation: "DELETE", key: { number: 1, what: "c" } };
  expect(await write("DELETE FROM app.stages")).toMatchObject(gone);
  await migrator.query("ALTER TABLE app.stages RENAME TO steps");
});

test("a row that another partition's own trigger swallows is one that went", async () => {
  await shop.migrator
    .query(`CREATE TABLE app.moves (id int, month int, PRIMARY KEY (id, month)) PARTITION BY LIST (month);
    CREATE TABLE app.moves_1 PARTITION OF app.moves FOR VALUES IN (1);
    CREATE TABLE app.moves_2 PARTITION OF app.moves FOR VALUES IN (2);
    CREATE FUNCTION app.swallow() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
    CREATE TRIGGER swallow BEFORE INSERT ON app.moves_2 FOR EACH ROW EXECUTE FUNCTION app.swallow()`);
  await shop.app.query("INSERT INTO app.moves VALUES (1, 1)");
  await shop.clear();
  await shop.app.query("UPDATE app.moves SET month = 2");
  expect(await told()).toEqual([["DELETE", { id: 1, month: 1 }, { id: 1, month: 1 }, null]]);
});
