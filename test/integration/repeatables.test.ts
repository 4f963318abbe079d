import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { migratedDatabase, type MigratedDatabase } from "../support/migrations";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let shop: MigratedDatabase;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  shop = await migratedDatabase(server);
  await shop.write("0001-orders.sql", "CREATE TABLE app.orders (id int PRIMARY KEY, price int, note text);");
});
afterEach(() => shop.remove());

const view = (name: string, query: string): string => `CREATE OR REPLACE VIEW app.${name} AS ${query};\n`;
const sqlFunction = (name: string, returns: string, body: string): string =>
  `CREATE OR REPLACE FUNCTION app.${name} RETURNS ${returns} LANGUAGE sql STABLE AS $$ ${body} $$;\n`;
const done = async (): Promise<string[]> => {
  const { done: files, failure } = await shop.upgrade();
  expect(failure).toBeUndefined();
  return files.map(({ file }) => file);
};

/** A function on a view, a view on that function, and a view on a view. */
async function writeChain(): Promise<void> {
  await shop.repeat("views/a-summary.sql", view("summary", "SELECT * FROM app.dear()"));
  await shop.repeat("views/prices.sql", view("prices", "SELECT id, price FROM app.orders"));
  await shop.repeat(
    "functions/dear.sql",
    sqlFunction("dear()", "SETOF app.prices", "SELECT * FROM app.prices WHERE price > 10"),
  );
}

describe("repeatable files", () => {
  test("are applied after the migrations, as the owner, in the order of what they need, once", async () => {
    await writeChain();
    expect(await done()).toEqual([
      "0001-orders.sql",
      "views/prices.sql",
      "functions/dear.sql",
      "views/a-summary.sql",
    ]);
    expect(
      await shop.query(
        "SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class WHERE relkind = 'v' AND relnamespace = 'app'::regnamespace",
      ),
    ).toEqual([{ owner: shop.owner }]);
    const { repeatables } = await shop.history();
    expect(repeatables).toMatchObject([
      {
        path: "functions/dear.sql",
        objects: ["function app.dear()"],
        left: [],
        missing: [],
        appliedBy: shop.migrator.user,
      },
      { path: "views/a-summary.sql", objects: ["view app.summary"] },
      { path: "views/prices.sql", objects: ["view app.prices"] },
    ]);
    for (const { checksum, appliedAt, durationMs } of repeatables!) {
      expect(checksum).toMatch(/^[0-9a-f]{64}$/);
      expect(Math.abs(Date.now() - Date.parse(appliedAt))).toBeLessThan(60_000);
      expect(durationMs).toBeGreaterThanOrEqual(0);
    }
    expect(await done()).toEqual([]);
    expect(
      await shop.query("SELECT action, outcome, version, name FROM pgstead.migration_trail ORDER BY id"),
    ).toEqual([
      { action: "up", outcome: "done", version: "0001", name: "orders" },
      { action: "repeat", outcome: "done", version: "", name: "views/prices.sql" },
      { action: "repeat", outcome: "done", version: "", name: "functions/dear.sql" },
      { action: "repeat", outcome: "done", version: "", name: "views/a-summary.sql" },
    ]);
  });

  test("are applied anew when their text changes, and only those", async () => {
    await writeChain();
    await done();
    await shop.repeat(
      "functions/dear.sql",
      sqlFunction("dear()", "SETOF app.prices", "SELECT * FROM app.prices WHERE price > 99"),
    );
    expect(await done()).toEqual(["functions/dear.sql"]);
    await shop.query("INSERT INTO app.orders VALUES (1, 50), (2, 100)");
    expect(await shop.query("SELECT id FROM app.summary")).toEqual([{ id: 2 }]);
  });

  test("are applied anew where a migration or somebody has dropped what they made", async () => {
    await writeChain();
    await done();
    await shop.write("0002-drop.sql", "DROP VIEW app.summary;\nALTER TABLE app.orders ADD COLUMN more int;");
    expect(await done()).toEqual(["0002-drop.sql", "views/a-summary.sql"]);
    await shop.query("DROP VIEW app.summary");
    expect((await shop.history()).repeatables?.[1]?.missing).toEqual(["view app.summary"]);
    expect(await done()).toEqual(["views/a-summary.sql"]);
  });

  test("are all of them applied, or none", async () => {
    await writeChain();
    await shop.repeat("views/zz.sql", view("zz", "SELECT nothing_such FROM app.orders"));
    const { failure, done: files } = await shop.upgrade();
    expect(files.map(({ file }) => file)).toEqual(["0001-orders.sql"]);
    expect(failure?.path).toBe("sql/views/zz.sql:1");
    expect(failure?.message).toContain('column "nothing_such" does not exist (42703)');
    expect((await shop.history()).repeatables).toEqual([]);
    expect(await shop.query("SELECT to_regclass('app.prices') AS v")).toEqual([{ v: null }]);
    expect(
      await shop.query("SELECT name, outcome, note FROM pgstead.migration_trail ORDER BY id DESC LIMIT 1"),
    ).toEqual([{ name: "views/zz.sql", outcome: "failed", note: "42703, line 1" }]);
  });
});

describe("what CREATE OR REPLACE cannot change", () => {
  test("is made anew with what stands on it, and everybody's privileges stay", async () => {
    await writeChain();
    await done();
    const reader = shop.application.user;
    await shop.query(
      `REVOKE ALL ON app.prices FROM ${reader}; GRANT SELECT (id), UPDATE (price) ON app.prices TO ${reader} WITH GRANT OPTION;
       GRANT SELECT ON app.summary TO PUBLIC; REVOKE EXECUTE ON FUNCTION app.dear() FROM PUBLIC;
       GRANT EXECUTE ON FUNCTION app.dear() TO ${reader}`,
    );
    const acls = `SELECT (SELECT json_agg(json_build_array(relname, (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(relacl) AS a)) ORDER BY relname)
      FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind = 'v') AS views,
      (SELECT json_agg(json_build_array(attname, attacl::text) ORDER BY attname) FROM pg_attribute
       WHERE attrelid = 'app.prices'::regclass AND attacl IS NOT NULL) AS columns,
      (SELECT array_agg(a::text ORDER BY a::text) FROM pg_proc, unnest(proacl) AS a WHERE proname = 'dear') AS functions`;
    const before = await shop.query(acls);
    await shop.repeat(
      "views/prices.sql",
      view("prices", "SELECT price::bigint AS price, id FROM app.orders"),
    );
    expect(await done()).toEqual(["views/prices.sql", "functions/dear.sql", "views/a-summary.sql"]);
    expect(await shop.query(acls)).toEqual(before);
    expect(
      await shop.query(
        "SELECT attname FROM pg_attribute WHERE attrelid = 'app.summary'::regclass AND attnum > 0 ORDER BY attnum",
      ),
    ).toEqual([{ attname: "price" }, { attname: "id" }]);
    expect(shop.said.find((line) => line.includes("made anew"))).toBe(
      "sql/views/prices.sql:1: made anew: view app.summary, function app.dear(), view app.prices",
    );
  });

  test("and stands below what no file makes is refused with its names, and nothing changes", async () => {
    await writeChain();
    await done();
    await shop.query(
      `CREATE VIEW app.stranger AS SELECT id FROM app.summary;
       CREATE FUNCTION app.instead() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
       CREATE TRIGGER t INSTEAD OF INSERT ON app.prices FOR EACH ROW EXECUTE FUNCTION app.instead();
       CREATE TABLE app.keeps (p app.prices[])`,
    );
    await shop.repeat("views/prices.sql", view("prices", "SELECT price, id FROM app.orders"));
    const { failure } = await shop.upgrade();
    expect(failure?.path).toBe("sql/views/prices.sql:1");
    expect(failure?.message).toBe(
      "view app.prices would have to be dropped and made anew, and no repeatable file makes what depends on it: table column app.keeps.p, trigger t on app.prices, view app.stranger",
    );
    expect(await shop.query("SELECT to_regclass('app.stranger')::text AS v")).toEqual([
      { v: "app.stranger" },
    ]);
    expect(
      (await shop.history()).repeatables?.find(({ path }) => path === "views/prices.sql")?.missing,
    ).toEqual([]);
  });

  test.each([
    ["a return type", "total()", "bigint", "SELECT 1::bigint"],
    ["the name of an argument", "total(other int DEFAULT 1)", "int", "SELECT other"],
    ["the columns of its rows", "total()", "TABLE (a int, b text)", "SELECT 1, 'b'::text"],
  ])("of a function, %s, is made anew as well", async (_what, name, returns, body) => {
    await shop.repeat(
      "functions/total.sql",
      sqlFunction("total()", "int", "SELECT 1") +
        sqlFunction("total(one int DEFAULT 1)", "int", "SELECT one"),
    );
    await shop.repeat("views/totals.sql", view("totals", "SELECT app.total(2)"));
    await done();
    const rest =
      name === "total()"
        ? sqlFunction("total(one int DEFAULT 1)", "int", "SELECT one")
        : sqlFunction("total()", "int", "SELECT 1");
    await shop.repeat("functions/total.sql", sqlFunction(name, returns, body) + rest);
    expect((await done())[0]).toBe("functions/total.sql");
    expect(await done()).toEqual([]);
  });

  test("and a materialized view is made anew with its index and its privileges, never one that a file does not make", async () => {
    const text = (query: string): string =>
      `DROP MATERIALIZED VIEW IF EXISTS app.daily;\nCREATE MATERIALIZED VIEW app.daily AS ${query};\nCREATE UNIQUE INDEX daily_id ON app.daily (id);\n`;
    await shop.repeat("views/daily.sql", text("SELECT id FROM app.orders"));
    await shop.repeat("views/on-daily.sql", view("on_daily", "SELECT id FROM app.daily"));
    expect(await done()).toEqual(["0001-orders.sql", "views/daily.sql", "views/on-daily.sql"]);
    await shop.query(`GRANT SELECT ON app.daily TO PUBLIC`);
    await shop.repeat("views/daily.sql", text("SELECT id, price FROM app.orders"));
    expect(await done()).toEqual(["views/daily.sql", "views/on-daily.sql"]);
    expect(
      await shop.query(
        "SELECT relacl::text LIKE '%=r/%' AS public FROM pg_class WHERE oid = 'app.daily'::regclass",
      ),
    ).toEqual([{ public: true }]);
    await shop.query("CREATE INDEX daily_price ON app.daily (price)");
    await shop.repeat("views/daily.sql", text("SELECT id, price, note FROM app.orders"));
    expect((await shop.upgrade()).failure?.message).toContain("index app.daily_price");
  });

  test("takes what the file says of privileges over what was there", async () => {
    await shop.repeat("functions/f.sql", sqlFunction("f()", "int", "SELECT 1"));
    await done();
    await shop.query("GRANT EXECUTE ON FUNCTION app.f() TO PUBLIC");
    await shop.repeat(
      "functions/f.sql",
      `${sqlFunction("f()", "text", "SELECT 'x'")}REVOKE EXECUTE ON FUNCTION app.f() FROM PUBLIC;`,
    );
    await done();
    expect(
      await shop.query("SELECT proacl::text LIKE '%{=X%' AS public FROM pg_proc WHERE proname = 'f'"),
    ).toEqual([{ public: false }]);
  });
});
