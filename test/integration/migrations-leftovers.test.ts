import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, afterEach, describe, expect, test } from "vitest";
import { assertDirect } from "../../components/io/migrations/engine";
import { readHistory } from "../../components/io/migrations/history";
import { openSession, type Session } from "../../components/io/session";
import { eventually } from "../support/eventually";
import { migratedDatabase, type MigratedDatabase } from "../support/migrations";
import { startServer, type TestServer } from "../support/server";
import { startStatementProxy } from "../support/statement-proxy";
import { migrationText } from "../unit/core/migrations/judged";

let server: TestServer;
let shop: MigratedDatabase;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server.stop());
beforeEach(async () => {
  shop = await migratedDatabase(server);
});
afterEach(() => shop.remove());

const header = "-- transaction: none\n";

/** Runs what is pending, and has the server end the run's session where a question about it has rows. */
async function runEndedWhere(question: string): Promise<void> {
  const run = shop.upgrade();
  await eventually(question, async () => ((await shop.query(question)).length > 0 ? true : undefined));
  await shop.query(
    "SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE application_name = 'pgstead migrate'",
  );
  expect((await run).failure?.message).toContain(
    "terminating connection due to administrator command (57P01)",
  );
}

/** Holds a lock that lets a statement begin and not end. */
async function hold(sql: string): Promise<Session> {
  const session = await shop.open();
  await session.query(`BEGIN; ${sql}`);
  return session;
}

async function goOn(holder: Session): Promise<void> {
  await holder.query("ROLLBACK");
  await holder.close();
  expect((await shop.upgrade()).failure).toBeUndefined();
  expect((await shop.history()).applied).toHaveLength(1);
}

describe("what a run leaves behind whose session ends", () => {
  test("copies of REINDEX CONCURRENTLY are dropped, and those of its toast table told, which only a superuser can drop", async () => {
    await shop.query(`SET ROLE ${shop.owner}; CREATE TABLE app.orders (id int PRIMARY KEY, note text)`);
    await shop.write("0001-reindex.sql", "REINDEX TABLE CONCURRENTLY app.orders;", { header });
    const holder = await hold("INSERT INTO app.orders VALUES (1)");
    const copies =
      "SELECT FROM pg_class AS c JOIN pg_index AS i ON i.indexrelid = c.oid WHERE NOT indisvalid AND relname ~ '_ccnew'";
    await runEndedWhere(copies);
    expect((await shop.query(copies)).length).toBeGreaterThanOrEqual(2);
    await goOn(holder);
    expect(await shop.query(`${copies} AND relnamespace = 'app'::regnamespace`)).toEqual([]);
    expect(shop.said).toContainEqual(
      expect.stringMatching(
        /0001-reindex\.sql:7: invalid app\.orders_pkey_ccnew left; invalid pg_toast\.pg_toast_\d+_index_ccnew left, which a superuser/,
      ),
    );
  });

  test("a partition that is half detached is finalized", async () => {
    await shop.query(
      `SET ROLE ${shop.owner}; CREATE TABLE app.orders (id int) PARTITION BY RANGE (id);
       CREATE TABLE app.old PARTITION OF app.orders FOR VALUES FROM (0) TO (9)`,
    );
    await shop.write("0001-detach.sql", "ALTER TABLE app.orders DETACH PARTITION app.old CONCURRENTLY;", {
      header,
    });
    const holder = await hold("SELECT * FROM app.orders");
    await runEndedWhere("SELECT FROM pg_inherits WHERE inhdetachpending");
    await goOn(holder);
    expect(await shop.query("SELECT FROM pg_inherits WHERE inhparent = 'app.orders'::regclass")).toEqual([]);
    expect(await shop.query("SELECT to_regclass('app.old') AS old")).toEqual([{ old: "app.old" }]);
  });

  test("an index that is half dropped is dropped", async () => {
    await shop.query(
      `SET ROLE ${shop.owner}; CREATE TABLE app.orders (id int); CREATE INDEX gone ON app.orders (id)`,
    );
    await shop.write("0001-drop.sql", "DROP INDEX CONCURRENTLY app.gone;", { header });
    const holder = await hold("INSERT INTO app.orders VALUES (1)");
    await runEndedWhere("SELECT FROM pg_index WHERE indexrelid = 'app.gone'::regclass AND NOT indisvalid");
    await goOn(holder);
    expect(await shop.query("SELECT to_regclass('app.gone') AS gone")).toEqual([{ gone: null }]);
  });

  test("what only people can tell stops the next run, which says what to do", async () => {
    await shop.query("CREATE TABLE app.word (said boolean)");
    await shop.query(`ALTER TABLE app.word OWNER TO ${shop.owner}`);
    await shop.write(
      "0001-block.sql",
      "DO $$ BEGIN COMMIT; INSERT INTO app.word VALUES (true); COMMIT; PERFORM pg_sleep(600); END $$;",
      { header },
    );
    await runEndedWhere("SELECT FROM app.word");
    const { failure } = await shop.upgrade();
    expect(failure?.path).toBe("sql/migrations/0001-block.sql:7");
    expect(failure?.hint).toContain("migrate repair --statement done");
  });
});

test("ALTER TYPE … ADD VALUE and what uses it can be one file without a transaction", async () => {
  await shop.query(
    `SET ROLE ${shop.owner}; CREATE TYPE app.state AS ENUM ('new'); CREATE TABLE app.orders (s app.state)`,
  );
  await shop.write(
    "0001-value.sql",
    "ALTER TYPE app.state ADD VALUE 'done';\nINSERT INTO app.orders VALUES ('done');",
    { header },
  );
  expect((await shop.upgrade()).failure).toBeUndefined();
  expect(await shop.query("SELECT s::text FROM app.orders")).toEqual([{ s: "done" }]);
});

test("a pooler in between shows by its process number, and is refused", async () => {
  const session = await openSession(shop.migrator, { database: shop.name });
  await expect(assertDirect({ query: session.query.bind(session), pid: 1 })).rejects.toThrow(
    "a pooler such as PgBouncer",
  );
  await session.close();
});

test("a thousand migrations are read in as many statements as ten", { timeout: 240_000 }, async () => {
  const writeUpTo = async (from: number, to: number): Promise<void> => {
    for (let number = from; number <= to; number += 1) {
      const name = `${String(number).padStart(4, "0")}-n-${number}.sql`;
      await writeFile(join(shop.directory, name), migrationText(`SELECT ${number};`));
    }
  };
  const countReads = async (): Promise<number> => {
    const proxy = await startStatementProxy(server);
    const session = await openSession(
      { ...shop.migrator, port: proxy.port },
      { database: shop.name, asItself: true },
    );
    await readHistory(session);
    await session.close();
    await proxy.stop();
    return proxy.statements.length;
  };
  await writeUpTo(1, 10);
  await shop.upgrade();
  expect(await countReads()).toBe(4);
  await writeUpTo(11, 1_000);
  expect((await shop.upgrade()).done).toHaveLength(990);
  expect(await countReads()).toBe(4);
  expect((await shop.decision()).steps).toEqual([]);
});
