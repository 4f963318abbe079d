import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { auditedDatabase, tableRule, type AuditedDatabase } from "../support/audit";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let shop: AuditedDatabase;

beforeAll(async () => {
  server = await startServer();
  shop = await auditedDatabase(server, {
    declaration: { tables: [tableRule("app.cards", ["number", "ghost"]), tableRule("app.sessions", false)] },
  });
  await shop.migrator.query(`CREATE TABLE app.orders (id int PRIMARY KEY, status text, price numeric);
    CREATE TABLE app.lines (order_id int REFERENCES app.orders ON DELETE CASCADE ON UPDATE CASCADE, line int, what text,
      PRIMARY KEY (line, order_id));
    CREATE TABLE app.cards (id int PRIMARY KEY, holder text, number text);
    CREATE TABLE app.sessions (id int PRIMARY KEY, token text);
    CREATE TYPE app.mood AS ENUM ('good', 'bad');
    CREATE TYPE app.point AS (x int, y int);
    CREATE DOMAIN app.amount AS numeric CHECK (VALUE >= 0);
    CREATE TABLE app.odd (id uuid PRIMARY KEY, mood app.mood, moods app.mood[], at app.point, paid app.amount, doc json,
      data bytea, twice int GENERATED ALWAYS AS (2 * 21) STORED, t text, keys text, "Row ""x""" text)`);
});

afterAll(async () => {
  await shop.close();
  await server.stop();
});

beforeEach(async () => {
  await shop.admin.query("TRUNCATE app.orders, app.lines, app.cards, app.sessions, app.odd");
  await shop.clear();
});

test("an entry says who, as what role, for whom, from where, when, in which transaction, and what", async () => {
  await shop.app.query("BEGIN");
  await shop.app.query("SELECT set_config('app.user', 'carol@example.com', true)");
  await shop.app.query("INSERT INTO app.orders VALUES (1, 'new', 9.50)");
  await shop.app.query("UPDATE app.orders SET status = 'paid' WHERE id = 1");
  await shop.app.query("COMMIT");
  await shop.migrator.query("DELETE FROM app.orders");
  const entries = await shop.trail();
  expect(
    entries.map(({ operation, table, key, old, new: now }) => ({ operation, table, key, old, now })),
  ).toEqual([
    {
      operation: "INSERT",
      table: "app.orders",
      key: { id: 1 },
      old: null,
      now: { id: 1, status: "new", price: 9.5 },
    },
    {
      operation: "UPDATE",
      table: "app.orders",
      key: { id: 1 },
      old: { id: 1, status: "new", price: 9.5 },
      now: { id: 1, status: "paid", price: 9.5 },
    },
    {
      operation: "DELETE",
      table: "app.orders",
      key: { id: 1 },
      old: { id: 1, status: "paid", price: 9.5 },
      now: null,
    },
  ]);
  const who = ({ login, role, app_user, application, address }: Record<string, unknown>) => [
    login,
    role,
    app_user,
    application,
    address,
  ];
  expect(entries.map(who)).toEqual([
    [`${shop.name}_app`, null, "carol@example.com", `${shop.name}_app test`, "127.0.0.1"],
    [`${shop.name}_app`, null, "carol@example.com", `${shop.name}_app test`, "127.0.0.1"],
    [`${shop.name}_migrator`, `${shop.name}_owner`, null, `${shop.name}_migrator test`, "127.0.0.1"],
  ]);
  const [first, second, third] = entries;
  expect(first?.transaction).toBe(second?.transaction);
  expect(third?.transaction).not.toBe(second?.transaction);
  expect(Math.abs((first?.at as Date).getTime() - Date.now())).toBeLessThan(60_000);
});

test("what is rolled back is in no trail", async () => {
  await shop.app.query("BEGIN");
  await shop.app.query("INSERT INTO app.orders VALUES (1, 'new', 1)");
  await shop.app.query("ROLLBACK");
  expect(await shop.trail()).toEqual([]);
});

test("of a changed key the trail has the row that went and the row that came", async () => {
  await shop.app.query("INSERT INTO app.orders VALUES (1, 'a', 1), (2, 'b', 2)");
  await shop.clear();
  await shop.app.query("UPDATE app.orders SET id = 5 WHERE id = 1");
  const entries = await shop.trail();
  expect(entries.map(({ operation, key }) => [operation, key]).toSorted()).toEqual([
    ["DELETE", { id: 1 }],
    ["INSERT", { id: 5 }],
  ]);
  expect(new Set(entries.map(({ transaction }) => transaction)).size).toBe(1);
});

test("keys of several columns pair what was with what is, and cascades of foreign keys are recorded", async () => {
  await shop.app.query(
    "INSERT INTO app.orders VALUES (1, 'a', 1); INSERT INTO app.lines VALUES (1, 1, 'x'), (1, 2, 'y')",
  );
  await shop.clear();
  await shop.app.query("UPDATE app.lines SET what = what || '!'");
  const keys = (await shop.trail()).map(({ operation, key, old, new: now }) => [
    operation,
    key,
    old?.what,
    now?.what,
  ]);
  expect(keys.toSorted()).toEqual([
    ["UPDATE", { line: 1, order_id: 1 }, "x", "x!"],
    ["UPDATE", { line: 2, order_id: 1 }, "y", "y!"],
  ]);
  await shop.clear();
  await shop.app.query("DELETE FROM app.orders");
  const gone = await shop.trail();
  expect(gone.map(({ operation, table }) => `${operation} ${table}`).toSorted()).toEqual([
    "DELETE app.lines",
    "DELETE app.lines",
    "DELETE app.orders",
  ]);
  expect(new Set(gone.map(({ login }) => login))).toEqual(new Set([`${shop.name}_app`]));
});

test("COPY, MERGE, INSERT ON CONFLICT and TRUNCATE of several tables are recorded", async () => {
  await shop.app.query("INSERT INTO app.orders VALUES (1, 'a', 1)");
  await shop.clear();
  await shop.app.query(`INSERT INTO app.orders VALUES (1, 'b', 1), (2, 'c', 2)
    ON CONFLICT (id) DO UPDATE SET status = excluded.status`);
  expect((await shop.trail()).map(({ operation, key }) => [operation, key]).toSorted()).toEqual([
    ["INSERT", { id: 2 }],
    ["UPDATE", { id: 1 }],
  ]);
  await shop.clear();
  await shop.app.query(`MERGE INTO app.orders AS o USING (VALUES (1), (3)) AS v (id) ON v.id = o.id
    WHEN MATCHED THEN DELETE WHEN NOT MATCHED THEN INSERT VALUES (v.id, 'merged', 3)`);
  expect((await shop.trail()).map(({ operation, key }) => [operation, key]).toSorted()).toEqual([
    ["DELETE", { id: 1 }],
    ["INSERT", { id: 3 }],
  ]);
  await shop.clear();
  await shop.migrator.query("TRUNCATE app.orders CASCADE");
  expect((await shop.trail()).map(({ operation, table }) => `${operation} ${table}`).toSorted()).toEqual([
    "TRUNCATE app.lines",
    "TRUNCATE app.orders",
  ]);
  await shop.clear();
  await shop.admin.query("COPY app.orders FROM PROGRAM 'printf \"7\\tcopied\\t1\\n8\\tcopied\\t2\\n\"'");
  expect((await shop.trail()).map(({ operation, key }) => [operation, key])).toEqual([
    ["INSERT", { id: 7 }],
    ["INSERT", { id: 8 }],
  ]);
});

test("excluded columns and tables are in no entry, while the change itself is", async () => {
  await shop.app.query("INSERT INTO app.cards VALUES (1, 'Carol', '4111 1111')");
  await shop.app.query("UPDATE app.cards SET number = '5500 0000'");
  await shop.app.query("INSERT INTO app.sessions VALUES (1, 'secret')");
  const entries = await shop.trail();
  expect(entries.map(({ operation, old, new: now }) => [operation, old, now])).toEqual([
    ["INSERT", null, { id: 1, holder: "Carol" }],
    ["UPDATE", { id: 1, holder: "Carol" }, { id: 1, holder: "Carol" }],
  ]);
  expect(JSON.stringify(entries)).not.toMatch(/4111|5500|secret/);
  const { undeclared = [] } = await shop.plan();
  expect(undeclared.map(({ subject, message }) => `${subject}: ${message}`)).toEqual([
    "column ghost of table app.cards: not there: left out after the migrations that make it",
  ]);
});

test("types of the application's own are recorded as their text, and no cast of theirs runs as the trail's owner", async () => {
  const id = "7f0e6d0e-0000-4000-8000-000000000001";
  // Would run as whoever turns a mood into JSON.
  await shop.migrator.query(`CREATE TABLE IF NOT EXISTS app.proof (who text PRIMARY KEY);
    CREATE FUNCTION app.spy(app.mood) RETURNS json LANGUAGE plpgsql AS
      $$ BEGIN INSERT INTO app.proof VALUES (current_user); RETURN '"spied"'::json; END $$;
    CREATE CAST (app.mood AS json) WITH FUNCTION app.spy(app.mood)`);
  await shop.clear();
  await shop.app.query(
    `INSERT INTO app.odd (id, mood, moods, at, paid, doc, data, t, keys, "Row ""x""")
     VALUES ($1, 'good', '{good,bad}', ROW(1, NULL), 4.20, '{"a": "\\u0000"}', '\\xdeadbeef', 'T', 'K', 'R')`,
    [id],
  );
  await shop.app.query("UPDATE app.odd SET mood = NULL, at = NULL");
  const [made, changed] = await shop.trail();
  expect(made?.new).toEqual({
    id,
    mood: "good",
    moods: "{good,bad}",
    at: "(1,)",
    paid: 4.2,
    doc: '{"a": "\\u0000"}',
    data: "\\xdeadbeef",
    twice: 42,
    t: "T",
    keys: "K",
    'Row "x"': "R",
  });
  expect(changed?.new).toMatchObject({ mood: null, at: null, paid: 4.2 });
  expect(changed?.key).toEqual({ id });
  expect(await shop.admin.query("SELECT * FROM app.proof")).toEqual([]);
  await shop.migrator.query("DROP CAST (app.mood AS json); DROP FUNCTION app.spy(app.mood)");
});

test("what a session has set changes nothing in how rows are written down", async () => {
  await shop.migrator.query(
    "CREATE TABLE app.moments (id float8 PRIMARY KEY, at timestamptz, span interval)",
  );
  await shop.clear();
  await shop.app
    .query(`SET extra_float_digits = -15; SET TimeZone = 'Asia/Tokyo'; SET IntervalStyle = 'iso_8601';
    CREATE TEMP TABLE change_log (x int); SET search_path = pg_temp, app`);
  await shop.app.query(
    "INSERT INTO app.moments VALUES (0.1234567890123, '2026-01-01 00:00:00+00', '1 day 2 hours')",
  );
  await shop.app.query("RESET ALL; SET search_path = pg_catalog; DROP TABLE pg_temp.change_log");
  const [entry] = await shop.trail("operation = 'INSERT'");
  expect(entry?.new).toEqual({
    id: 0.1234567890123,
    at: "2026-01-01T00:00:00+00:00",
    span: "1 day 02:00:00",
  });
});

test("rows of a megabyte are recorded whole, and each statement's many rows as well", async () => {
  await shop.app.query("INSERT INTO app.orders SELECT 1, repeat('x', 1048576), 1");
  await shop.app.query("UPDATE app.orders SET status = repeat('y', 1048576)");
  const [row] = await shop.admin.query<{ sizes: number[] }>(
    `SELECT array_agg(length(new ->> 'status') ORDER BY id) AS sizes FROM audit.change_log`,
  );
  expect(row?.sizes).toEqual([1048576, 1048576]);
});

test("nothing gets past the triggers while session_replication_role is replica", async () => {
  await shop.admin.query("SET session_replication_role = replica");
  await shop.admin.query("INSERT INTO app.orders VALUES (9, 'replayed', 1)");
  await shop.admin.query("RESET session_replication_role");
  expect((await shop.trail()).map(({ operation, key }) => [operation, key])).toEqual([["INSERT", { id: 9 }]]);
});

test("a second plan is empty, and so is one after a table was made", async () => {
  await shop.migrator.query("CREATE TABLE app.later (id int PRIMARY KEY)");
  const { statements, refusals } = await shop.plan();
  expect({ statements, refusals }).toEqual({ statements: [], refusals: [] });
});
