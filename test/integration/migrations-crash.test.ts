import { afterAll, beforeAll, expect, test } from "vitest";
import { eventually } from "../support/eventually";
import { runKilled, startMigrating } from "../support/killed-run";
import { migratedDatabase, type MigratedDatabase } from "../support/migrations";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());

/** Takes away what the runs before made. */
async function reset(shop: MigratedDatabase): Promise<void> {
  await shop.query(
    `DROP SCHEMA app CASCADE; CREATE SCHEMA app AUTHORIZATION ${shop.owner};
     DELETE FROM pgstead.migration; DELETE FROM pgstead.migration_progress`,
  );
}

/** Kills a run at each of its statements; the next run has to come to the same end. */
async function convergesFromEverywhere(
  shop: MigratedDatabase,
  state: () => Promise<unknown>,
): Promise<number> {
  const count = await runKilled(server, shop, Infinity);
  const wanted = await state();
  for (let at = 1; at <= count; at += 1) {
    await reset(shop);
    await runKilled(server, shop, at);
    const { failure } = await shop.upgrade();
    const where = `killed at statement ${at} of ${count}`;
    expect(failure, where).toBeUndefined();
    expect(await state(), where).toEqual(wanted);
  }
  return count;
}

/** All that the files made, each object and row once. */
async function stateOf(shop: MigratedDatabase): Promise<unknown> {
  return shop.query(
    `SELECT (SELECT json_agg(json_build_array(c.relname, c.relkind, i.indisvalid) ORDER BY c.relname)
             FROM pg_class AS c LEFT JOIN pg_index AS i ON i.indexrelid = c.oid
             WHERE c.relnamespace = 'app'::regnamespace) AS objects,
            (SELECT json_agg(r ORDER BY r.id) FROM app.orders AS r) AS rows,
            (SELECT json_agg(m.version ORDER BY m.version) FROM pgstead.migration AS m) AS applied,
            (SELECT count(*)::int FROM pgstead.migration_progress) AS unfinished`,
  );
}

test(
  "a run that is killed at any statement of a transactional file is gone on with by the next one",
  { timeout: 300_000 },
  async () => {
    const shop = await migratedDatabase(server);
    await shop.write(
      "0001-orders.sql",
      "CREATE TABLE app.orders (id int);\nINSERT INTO app.orders VALUES (1);\nINSERT INTO app.orders VALUES (2);",
    );
    expect(await convergesFromEverywhere(shop, () => stateOf(shop))).toBeGreaterThan(12);
    await shop.remove();
  },
);

test("and of a file without a transaction as well", { timeout: 600_000 }, async () => {
  const shop = await migratedDatabase(server);
  await shop.write(
    "0001-orders.sql",
    `CREATE TABLE app.orders (id int, note text);
INSERT INTO app.orders VALUES (1, 'a');
CREATE INDEX CONCURRENTLY orders_note ON app.orders (note);
REINDEX INDEX CONCURRENTLY app.orders_note;
INSERT INTO app.orders VALUES (2, 'b');`,
    { header: "-- transaction: none\n" },
  );
  expect(await convergesFromEverywhere(shop, () => stateOf(shop))).toBeGreaterThan(30);
  await shop.remove();
});

test("a way back that is killed at any statement is gone on with as well", { timeout: 300_000 }, async () => {
  const shop = await migratedDatabase(server);
  await shop.write(
    "0001-orders.sql",
    "CREATE TABLE app.orders (id int);\nCREATE INDEX CONCURRENTLY i ON app.orders (id);",
    {
      header: "-- transaction: none\n",
      down: "DROP INDEX CONCURRENTLY app.i;\nDROP TABLE app.orders;",
    },
  );
  await shop.upgrade();
  const count = await runKilled(server, shop, Infinity, true);
  for (let at = 1; at <= count; at += 1) {
    await reset(shop);
    await shop.upgrade();
    await runKilled(server, shop, at, true);
    const where = `killed at statement ${at} of ${count}`;
    expect((await shop.downgrade("base")).failure, where).toBeUndefined();
    const left = "SELECT FROM pg_class WHERE relnamespace = 'app'::regnamespace";
    expect(await shop.query(left), where).toEqual([]);
    expect(await shop.history(), where).toEqual({ applied: [], repeatables: [] });
  }
  expect(count).toBeGreaterThan(20);
  await shop.remove();
});

test("a build that is killed half-way leaves an invalid index, which the next run makes anew", async () => {
  const shop = await migratedDatabase(server);
  await shop.query(`SET ROLE ${shop.owner}; CREATE TABLE app.orders (id int)`);
  await shop.write("0001-index.sql", "CREATE INDEX CONCURRENTLY orders_id ON app.orders (id);", {
    header: "-- transaction: none\n",
  });
  const reader = await shop.open();
  await reader.query("BEGIN; INSERT INTO app.orders VALUES (1)");
  const child = startMigrating(shop, server.port);
  const state = async (): Promise<unknown> =>
    (await shop.query("SELECT indisvalid FROM pg_index WHERE indexrelid = to_regclass('app.orders_id')"))[0];
  expect(await eventually("the build waits", state)).toEqual({ indisvalid: false });
  child.kill("SIGKILL");
  // The server notices by itself that nobody waits for the build any more.
  await eventually("the build ends", async () => {
    const [row] = await shop.query("SELECT FROM pg_stat_activity WHERE application_name = 'pgstead migrate'");
    return row === undefined ? true : undefined;
  });
  expect(await state()).toEqual({ indisvalid: false });
  await reader.query("COMMIT");
  await reader.close();
  expect(await shop.upgrade()).toMatchObject({ done: [{ file: "0001-index.sql" }] });
  expect(await state()).toEqual({ indisvalid: true });
  expect(shop.said).toContainEqual(
    'sql/migrations/0001-index.sql:7: invalid index "orders_id" was left: going on from there',
  );
  await shop.remove();
});
