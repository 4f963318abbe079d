import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually";
import { runKilled } from "../support/killed-run";
import { migratedDatabase, type MigratedDatabase } from "../support/migrations";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

const files = (columns: string, price: number): Readonly<Record<string, string>> => ({
  "views/prices.sql": `CREATE OR REPLACE VIEW app.prices AS SELECT ${columns} FROM app.orders;`,
  "functions/dear.sql": `CREATE OR REPLACE FUNCTION app.dear() RETURNS SETOF app.prices LANGUAGE sql AS 'SELECT * FROM app.prices WHERE price > ${price}';`,
  "views/summary.sql": "CREATE OR REPLACE VIEW app.summary AS SELECT * FROM app.dear();",
});

async function write(shop: MigratedDatabase, texts: Readonly<Record<string, string>>): Promise<void> {
  for (const [file, text] of Object.entries(texts)) await shop.repeat(file, text);
}

/** Every object with who may use it, and the records; by which text it was made shows in its columns. */
function stateOf(shop: MigratedDatabase): Promise<unknown> {
  return shop.query(
    `SELECT (SELECT json_agg(json_build_array(c.relname, pg_get_viewdef(c.oid), (SELECT array_agg(a::text ORDER BY a::text) FROM unnest(c.relacl) AS a))
             ORDER BY c.relname) FROM pg_class AS c WHERE c.relnamespace = 'app'::regnamespace AND c.relkind = 'v') AS views,
            (SELECT json_agg(prosrc) FROM pg_proc WHERE pronamespace = 'app'::regnamespace) AS functions,
            (SELECT json_agg(json_build_array(r.path, r.checksum, r.objects, r.left_behind) ORDER BY r.path) FROM pgstead.repeatable AS r) AS records`,
  );
}

test(
  "a run that is killed at any statement has applied all files or none, and the next one comes to the same end",
  { timeout: 600_000 },
  async () => {
    const shop = await migratedDatabase(server);
    await shop.write("0001-orders.sql", "CREATE TABLE app.orders (id int, price int);");
    const reset = async (): Promise<unknown> => {
      await write(shop, files("id, price", 1));
      await shop.query("DROP VIEW IF EXISTS app.prices CASCADE; DELETE FROM pgstead.repeatable");
      expect((await shop.upgrade()).failure).toBeUndefined();
      await shop.query("GRANT SELECT ON app.prices, app.summary TO PUBLIC");
      return stateOf(shop);
    };
    const before = await reset();
    await write(shop, files("price, id", 2));
    const count = await runKilled(server, shop, Infinity);
    const wanted = await stateOf(shop);
    expect(wanted).not.toEqual(before);
    expect(count).toBeGreaterThan(20);
    for (let at = 1; at <= count; at += 1) {
      await reset();
      await write(shop, files("price, id", 2));
      await runKilled(server, shop, at);
      const where = `killed at statement ${at} of ${count}`;
      // The server may need a moment to see that nobody waits for its answer.
      await eventually(`nothing runs any more, ${where}`, async () => {
        const [row] = await shop.query(
          "SELECT FROM pg_stat_activity WHERE application_name = 'pgstead migrate'",
        );
        return row === undefined ? true : undefined;
      });
      expect([before, wanted], where).toContainEqual(await stateOf(shop));
      expect((await shop.upgrade()).failure, where).toBeUndefined();
      expect(await stateOf(shop), where).toEqual(wanted);
    }
    await shop.remove();
  },
);

test("two runs at once apply a file once, and a change that others are in the way of is tried again", async () => {
  const shop = await migratedDatabase(server);
  await shop.write("0001-orders.sql", "CREATE TABLE app.orders (id int, price int);");
  await write(shop, files("id, price", 1));
  await shop.upgrade();
  const reader = await shop.open();
  await reader.query("BEGIN; SELECT FROM app.prices");
  await write(shop, files("price, id", 2));
  const limits = { lockTimeoutMs: 200 };
  const runs = Promise.all([shop.upgrade({ limits }), shop.upgrade({ limits })]);
  await eventually("one of them tries again", () =>
    shop.said.some((line) => line.includes("rolled back, tries again")) ? true : undefined,
  );
  // Who only reads the definition of the function is not held up meanwhile.
  expect(await shop.query("SELECT prosrc LIKE '%> 1' AS old FROM pg_proc WHERE proname = 'dear'")).toEqual([
    { old: true },
  ]);
  await reader.query("COMMIT");
  await reader.close();
  const both = await runs;
  expect(both.map(({ failure }) => failure)).toEqual([undefined, undefined]);
  expect(both.flatMap(({ done }) => done).map(({ file }) => file)).toEqual([
    "views/prices.sql",
    "functions/dear.sql",
    "views/summary.sql",
  ]);
  await shop.remove();
});
