import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { historyLayout } from "../../components/core/migrations/history-layout";
import { loadSqlParser } from "../../components/core/migrations/sql-parser";
import { decideRepeatables } from "../../components/core/repeatables/decide";
import { prepareHistory } from "../../components/io/migrations/history";
import type { Forecast } from "../../components/core/repeatables/replacement";
import { forecastReplacements } from "../../components/io/repeatables/forecast";
import { openSession } from "../../components/io/session";
import { migratedDatabase, silently, type MigratedDatabase } from "../support/migrations";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let shop: MigratedDatabase;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  shop = await migratedDatabase(server);
  await shop.write("0001-orders.sql", "CREATE TABLE app.orders (id int PRIMARY KEY, price int);");
});
afterEach(() => shop.remove());

const decision = async () =>
  decideRepeatables(await shop.repeatables(), (await shop.history()).repeatables ?? []);
const f = (signature: string): string =>
  `CREATE OR REPLACE FUNCTION app.${signature} RETURNS int LANGUAGE sql AS 'SELECT 1';\n`;

test("what a file does not make any more stays, is told with its DROP, and is forgotten once it is gone", async () => {
  await shop.repeat("functions/f.sql", f("f(a int)") + f("f(a text, b app.orders)"));
  await shop.repeat("views/v.sql", "CREATE OR REPLACE VIEW app.v AS SELECT 1 AS x;");
  await shop.upgrade();
  await shop.repeat("functions/f.sql", f("f(a int)"));
  await shop.repeat("views/v.sql", undefined);
  expect((await shop.upgrade()).done.map(({ file }) => file)).toEqual(["functions/f.sql"]);
  expect((await decision()).left).toEqual([
    {
      file: "functions/f.sql",
      object: "function app.f(pg_catalog.text,app.orders)",
      drop: "DROP FUNCTION app.f(pg_catalog.text,app.orders)",
    },
    { file: "views/v.sql", object: "view app.v", drop: "DROP VIEW app.v" },
  ]);
  expect(
    await shop.query(
      "SELECT to_regclass('app.v')::text AS v, to_regprocedure('app.f(text, app.orders)')::text AS f",
    ),
  ).toEqual([{ v: "app.v", f: "app.f(text,app.orders)" }]);
  await shop.write(
    "0002-drop.sql",
    '-- pgstead:allow drop-object reason="nobody uses it"\nDROP VIEW app.v;\n-- pgstead:allow drop-object reason="nobody uses it"\nDROP FUNCTION app.f(text, app.orders);',
  );
  await shop.upgrade();
  expect((await decision()).left).toEqual([]);
  expect((await shop.history()).repeatables?.map(({ path }) => path)).toEqual(["functions/f.sql"]);
});

test("an object that moves to another file is that one's from then on", async () => {
  await shop.repeat("functions/a.sql", f("f()"));
  await shop.upgrade();
  await shop.repeat("functions/a.sql", undefined);
  await shop.repeat("functions/b.sql", f("f()"));
  expect((await decision()).left).toEqual([]);
  await shop.upgrade();
  await shop.upgrade();
  expect((await shop.history()).repeatables).toMatchObject([
    { path: "functions/b.sql", objects: ["function app.f()"] },
  ]);
  expect((await decision()).left).toEqual([]);
});

test("the records of an earlier version are brought to this layout once, with all that is in them", async () => {
  await shop.upgrade({ repeats: false });
  await shop.repeat("functions/f.sql", f("f()"));
  // As layout 1 was.
  await shop.query(
    `DROP TABLE pgstead.repeatable; UPDATE pgstead.migration_layout SET layout = 1;
     ALTER TABLE pgstead.migration_trail DROP CONSTRAINT migration_trail_action_check,
       ADD CONSTRAINT migration_trail_action_check CHECK (action IN ('up', 'down', 'baseline', 'repair'))`,
  );
  const old = await shop.history();
  expect(old).toMatchObject({ applied: [{ version: "0001" }], repeatables: [] });
  const session = await shop.open();
  await prepareHistory(session, shop.migrator.user, silently);
  await session.close();
  expect(await shop.query("SELECT layout FROM pgstead.migration_layout")).toEqual([
    { layout: historyLayout },
  ]);
  expect((await shop.upgrade()).failure).toBeUndefined();
  expect((await shop.history()).applied).toEqual(old.applied);
  expect((await shop.history()).repeatables).toMatchObject([{ path: "functions/f.sql" }]);
  expect(await shop.query("SELECT count(*)::int AS rows FROM pgstead.migration_trail")).toEqual([
    { rows: 2 },
  ]);
});

test("neither the owner nor the application can write a record, and the migrator not who and when", async () => {
  await shop.repeat("functions/f.sql", f("f()"));
  await shop.upgrade();
  const write = "UPDATE pgstead.repeatable SET left_behind = '{}'";
  await expect(shop.query(`SET ROLE ${shop.owner}; ${write}`)).rejects.toMatchObject({ code: "42501" });
  await expect(shop.query(`SET ROLE ${shop.application.user}; ${write}`)).rejects.toMatchObject({
    code: "42501",
  });
  await expect(
    shop.query(`SET ROLE ${shop.migrator.user}; UPDATE pgstead.repeatable SET applied_by = 'somebody'`),
  ).rejects.toMatchObject({ code: "42501" });
  expect(
    await shop.query("SELECT has_table_privilege('pg_monitor', 'pgstead.repeatable', 'SELECT') AS reads"),
  ).toEqual([{ reads: true }]);
});

const forecast = async (): Promise<Forecast[]> => {
  const options = { database: shop.name, asItself: true, readOnly: true, serversSearchPath: true };
  const session = await openSession(shop.migrator, options);
  const { steps } = await decision();
  const given = { steps, repeatables: await shop.repeatables(), parser: await loadSqlParser() };
  return forecastReplacements(session, shop.owner, given).finally(() => session.close());
};

const v = (query: string): string => `CREATE OR REPLACE VIEW app.v AS ${query};`;

test.each([
  [
    "views/v.sql",
    v("SELECT id, price FROM app.orders"),
    v("SELECT id, price, 1 AS more FROM app.orders"),
    false,
  ],
  ["views/v.sql", v("SELECT id, price FROM app.orders"), v("SELECT price, id FROM app.orders"), true],
  ["views/v.sql", v("SELECT 'a'::varchar(3) AS x"), v("SELECT 'a'::varchar(4) AS x"), true],
  [
    "views/v.sql",
    "CREATE OR REPLACE VIEW app.v (a) AS SELECT 1;",
    "CREATE OR REPLACE VIEW app.v (b) AS SELECT 1;",
    true,
  ],
  [
    "views/v.sql",
    v("SELECT * FROM app.orders"),
    v("SELECT * FROM app.orders WHERE id > 1").replace(";", " WITH CHECK OPTION;"),
    false,
  ],
  ["functions/f.sql", f("f(a int)"), f("f(a int DEFAULT 1)"), false],
  ["functions/f.sql", f("f(a int)"), f("f(b int)"), true],
  ["functions/f.sql", f("f(a int)"), f("f(a int)").replace("RETURNS int", "RETURNS integer"), false],
  [
    "functions/f.sql",
    f("f(a int)"),
    f("f(a int)")
      .replace("RETURNS int", "RETURNS SETOF app.orders")
      .replace("'SELECT 1'", "'SELECT * FROM app.orders'"),
    true,
  ],
  [
    "functions/f.sql",
    "CREATE OR REPLACE PROCEDURE app.p(INOUT a int, OUT b text) LANGUAGE plpgsql AS 'BEGIN END';",
    "CREATE OR REPLACE PROCEDURE app.p(INOUT a int, OUT b text) LANGUAGE plpgsql AS 'BEGIN NULL; END';",
    false,
  ],
  [
    "functions/f.sql",
    "CREATE OR REPLACE FUNCTION app.g() RETURNS TABLE (x int) LANGUAGE sql AS 'SELECT 1';",
    "CREATE OR REPLACE FUNCTION app.g() RETURNS TABLE (x int) LANGUAGE sql AS 'SELECT 2';",
    false,
  ],
])("a forecast for %s, %s to %s, says what the server then does: %s", async (file, old, now, anew) => {
  await shop.repeat(file, old);
  await shop.upgrade();
  await shop.repeat(file, now);
  const forecasts = await forecast();
  expect(forecasts).toHaveLength(anew ? 1 : 0);
  expect((await shop.upgrade()).failure).toBeUndefined();
  expect(shop.said.filter((line) => line.includes("made anew"))).toHaveLength(anew ? 1 : 0);
});

test("a forecast names what is made anew and what is in the way, and is silent of what cannot be told", async () => {
  await shop.repeat("views/v.sql", v("SELECT id FROM app.orders"));
  await shop.upgrade();
  await shop.query("CREATE VIEW app.stranger AS SELECT * FROM app.v");
  await shop.repeat("views/v.sql", v("SELECT price FROM app.orders"));
  expect(await forecast()).toEqual([
    {
      path: "sql/views/v.sql:1",
      objects: ["view app.stranger", "view app.v"],
      strangers: ["view app.stranger"],
    },
  ]);
  await shop.repeat("views/v.sql", v("SELECT not_yet FROM app.orders"));
  expect(await forecast()).toEqual([]);
});
