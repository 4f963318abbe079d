import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "vitest";
import { historyLock } from "../../components/io/migrations/history";
import { openSession, type Session } from "../../components/io/session";
import { eventually } from "../support/eventually";
import { migratedDatabase, type MigratedDatabase } from "../support/migrations";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let shop: MigratedDatabase;
let holder: Session;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  shop = await migratedDatabase(server);
  await shop.query(`SET ROLE ${shop.owner}; CREATE TABLE app.orders (id int)`);
  await shop.query("INSERT INTO app.orders VALUES (1)");
  holder = await openSession(shop.application, { database: shop.name, applicationName: "shop-web" });
});
afterEach(async () => {
  await holder.close();
  await shop.remove();
});

const lockTimeoutMs = 300;

/** Asks as the application does, again and again; gives the longest time that one question took. */
async function traffic(until: { over: boolean }): Promise<number> {
  const session = await openSession(shop.application, { database: shop.name });
  let longest = 0;
  while (!until.over) {
    const since = performance.now();
    await session.query("SELECT * FROM app.orders");
    longest = Math.max(longest, performance.now() - since);
  }
  await session.close();
  return longest;
}

describe("a migration that a long transaction is in the way of", () => {
  test("gives up by itself, tries again, and never holds the application up for longer than lock_timeout", async () => {
    await shop.write("0001-column.sql", "ALTER TABLE app.orders ADD COLUMN note text;");
    await holder.query("BEGIN; SELECT * FROM app.orders");
    const until = { over: false };
    const longest = traffic(until);
    const run = shop.upgrade({ limits: { lockTimeoutMs } });
    await eventually("it has been tried three times", () => (shop.said.length >= 3 ? true : undefined));
    await holder.query("COMMIT");
    expect(await run).toMatchObject({ done: [{ file: "0001-column.sql" }] });
    until.over = true;
    expect(await longest).toBeLessThan(lockTimeoutMs + 500);
    expect(shop.said[0]).toMatch(
      /^sql\/migrations\/0001-column\.sql:6: waits for session \d+ \(application shop-web of shop\d+_app, query since [-\dT:]+Z\); rolled back, tries again in \d\.\d s \(attempt 1 of 20\)$/,
    );
  });

  test("gives up for good at its bound, and says who was in the way", async () => {
    await shop.write("0001-column.sql", "ALTER TABLE app.orders ADD COLUMN note text;");
    await holder.query("BEGIN; SELECT * FROM app.orders");
    const { done, failure } = await shop.upgrade({ limits: { lockTimeoutMs, attempts: 2 } });
    expect(done).toEqual([]);
    expect(failure?.message).toMatch(
      /^gave up after 2 attempts in \d\.\d s: waits for session \d+ \(application shop-web .*canceling statement due to lock timeout \(55P03\)/,
    );
    expect(failure?.hint).toContain("pg_terminate_backend");
  });

  test("is rolled back and tried again where it was chosen in a deadlock", async () => {
    await shop.query(`SET ROLE ${shop.owner}; CREATE TABLE app.lines (id int)`);
    await shop.write("0001-two.sql", "LOCK TABLE app.lines;\nLOCK TABLE app.orders;");
    await holder.query("BEGIN; UPDATE app.orders SET id = 2");
    const run = shop.upgrade({ limits: { lockTimeoutMs: 20_000 } });
    await eventually("the migration waits", async () => {
      const [row] = await shop.query("SELECT FROM pg_locks WHERE NOT granted");
      return row === undefined ? undefined : true;
    });
    // Whichever of the two is chosen, the other one goes on.
    const other = holder.query("UPDATE app.lines SET id = 2").catch((error: unknown) => error);
    await other;
    await holder.query("ROLLBACK");
    expect(await run).toMatchObject({ done: [{ file: "0001-two.sql" }] });
  });
});

describe("a build beside running writes", () => {
  test("waits for as long as the transactions before it take, and says for whom", async () => {
    await shop.write("0001-index.sql", "CREATE INDEX CONCURRENTLY orders_id ON app.orders (id);", {
      header: "-- transaction: none\n",
    });
    await holder.query("BEGIN; INSERT INTO app.orders VALUES (2)");
    const run = shop.upgrade({ limits: { lockTimeoutMs } });
    await eventually("it says for whom it waits", () =>
      shop.said.find((line) =>
        /waiting for writers before build.*waits for session \d+ \(application shop-web/.test(line),
      ),
    );
    const until = { over: false };
    const longest = traffic(until);
    await holder.query("SELECT 1");
    until.over = true;
    expect(await longest).toBeLessThan(1_000);
    await holder.query("COMMIT");
    expect(await run).toMatchObject({ done: [{ file: "0001-index.sql" }] });
  });

  test("of which rows are not unique leaves nothing behind, and the file may be mended", async () => {
    await shop.query("INSERT INTO app.orders VALUES (1)");
    const header = "-- transaction: none\n";
    await shop.write(
      "0001-index.sql",
      "CREATE TABLE app.first (id int);\nCREATE UNIQUE INDEX CONCURRENTLY orders_id ON app.orders (id);",
      { header },
    );
    const { failure } = await shop.upgrade();
    expect(failure).toMatchObject({ path: "sql/migrations/0001-index.sql:8" });
    expect(failure?.message).toContain("could not create unique index");
    expect(await shop.query("SELECT to_regclass('app.orders_id') AS index")).toEqual([{ index: null }]);
    expect((await shop.history()).unfinished).toMatchObject({ version: "0001", running: null });
    await shop.write(
      "0001-index.sql",
      "CREATE TABLE app.other (id int);\nCREATE INDEX CONCURRENTLY orders_id ON app.orders (id);",
      { header },
    );
    expect((await shop.decision()).problems).toMatchObject([
      { message: "is half done, and has another statement 1 now" },
    ]);
    await shop.write(
      "0001-index.sql",
      "CREATE TABLE app.first (id int);\nCREATE INDEX CONCURRENTLY orders_id ON app.orders (id);",
      { header },
    );
    expect(await shop.upgrade()).toMatchObject({ done: [{ file: "0001-index.sql" }] });
  });
});

describe("a run that is cancelled", () => {
  test("has the server end its statement, and rolls the file back", async () => {
    await shop.write(
      "0001-column.sql",
      "CREATE TABLE app.half (id int);\nALTER TABLE app.orders ADD COLUMN note text;",
    );
    await holder.query("BEGIN; SELECT * FROM app.orders");
    const stop = new AbortController();
    const run = shop.upgrade({ limits: { lockTimeoutMs: 60_000 }, signal: stop.signal });
    await eventually("the migration waits", async () => {
      const [row] = await shop.query("SELECT FROM pg_locks WHERE NOT granted");
      return row === undefined ? undefined : true;
    });
    stop.abort();
    expect(await run).toMatchObject({ done: [], cancelled: true });
    expect(await shop.query("SELECT to_regclass('app.half') AS half")).toEqual([{ half: null }]);
    expect(await shop.query("SELECT outcome FROM pgstead.migration_trail")).toEqual([
      { outcome: "cancelled" },
    ]);
  });

  test("while it waits for another run has begun nothing", async () => {
    await shop.write("0001-column.sql", "ALTER TABLE app.orders ADD COLUMN note text;");
    const other = await shop.open();
    await other.query(`SELECT pg_advisory_lock(${historyLock.key})`);
    const stop = new AbortController();
    const run = shop.upgrade({ signal: stop.signal });
    await eventually("the run waits", async () => {
      const [row] = await shop.query("SELECT FROM pg_locks WHERE NOT granted");
      return row === undefined ? undefined : true;
    });
    stop.abort();
    expect(await run).toMatchObject({ done: [], cancelled: true });
    await other.close();
    expect(await shop.query("SELECT FROM pgstead.migration_trail")).toEqual([]);
  });

  test("takes away the index that it was building", async () => {
    await shop.write("0001-index.sql", "CREATE INDEX CONCURRENTLY orders_id ON app.orders (id);", {
      header: "-- transaction: none\n",
    });
    await holder.query("BEGIN; INSERT INTO app.orders VALUES (2)");
    const stop = new AbortController();
    const run = shop.upgrade({ signal: stop.signal });
    const there = async (): Promise<boolean | undefined> =>
      (await shop.query("SELECT to_regclass('app.orders_id') AS index"))[0]?.index === null
        ? undefined
        : true;
    await eventually("the build waits", there);
    stop.abort();
    // Dropping it waits for the same transaction.
    await eventually("the build has ended", async () => {
      const [row] = await shop.query(
        "SELECT FROM pg_stat_activity WHERE application_name = 'pgstead migrate' AND query LIKE 'DROP INDEX%'",
      );
      return row === undefined ? undefined : true;
    });
    await holder.query("COMMIT");
    expect(await run).toMatchObject({ done: [], cancelled: true });
    expect(await there()).toBeUndefined();
    expect(await shop.upgrade()).toMatchObject({ done: [{ file: "0001-index.sql" }] });
  });
});
