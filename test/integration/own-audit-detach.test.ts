import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { auditedDatabase, tableRule, type AuditedDatabase } from "../support/audit";
import { eventually } from "../support/eventually";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let shop: AuditedDatabase;

beforeAll(async () => {
  server = await startServer();
  shop = await auditedDatabase(server, {
    declaration: { tables: [tableRule("app.events", ["secret"]), tableRule("app.noise", false)] },
  });
  await shop.migrator
    .query(`CREATE TABLE app.events (id int, month int, secret text, PRIMARY KEY (id, month)) PARTITION BY LIST (month);
    CREATE TABLE app.events_1 PARTITION OF app.events FOR VALUES IN (1);
    CREATE TABLE app.events_2 PARTITION OF app.events FOR VALUES IN (2);
    CREATE TABLE app."Detach Partition x" (id int, month int, PRIMARY KEY (id, month)) PARTITION BY LIST (month);
    CREATE TABLE app."Concurrently;" PARTITION OF app."Detach Partition x" FOR VALUES IN (1);
    CREATE TABLE app.noise (id int, month int) PARTITION BY LIST (month);
    CREATE TABLE app.noise_1 PARTITION OF app.noise FOR VALUES IN (1)`);
});

afterAll(async () => {
  await shop.close();
  await server.stop();
});

const pending = "SELECT FROM pg_inherits WHERE inhdetachpending";

describe("DETACH PARTITION … CONCURRENTLY of an audited table is refused at its start, however it is written", () => {
  test.each([
    "ALTER TABLE app.events DETACH PARTITION app.events_1 CONCURRENTLY",
    " alter\n table\tIF exists ONLY app . events detach PARTITION app.events_1 Concurrently ;; -- now",
    "ALTER TABLE ONLY (app.events) DETACH PARTITION app.events_1 CONCURRENTLY",
    "ALTER TABLE app.events*DETACH PARTITION app.events_1 CONCURRENTLY",
    '/* " */ALTER TABLE"app"."events"DETACH/* /* " */ ; */PARTITION"app"."events_1"CONCURRENTLY/* " */',
    'ALTER TABLE app.events -- "\n DETACH PARTITION app.events_1 --\n CONCURRENTLY --"',
    'ALTER TABLE U&"\\0061pp".events DETACH PARTITION app.events_1 CONCURRENTLY',
    'ALTER TABLE app."Detach Partition x" DETACH PARTITION app."Concurrently;" CONCURRENTLY',
    "SET search_path = app; ALTER TABLE events DETACH PARTITION events_1 CONCURRENTLY",
    "SET standard_conforming_strings = off; ALTER TABLE app.events DETACH PARTITION app.events_1 CONCURRENTLY",
    "SET standard_conforming_strings = off; ALTER TABLE app.events DETACH PARTITION app.events_1",
  ])("%s", async (text) => {
    const session = await shop.login(`${shop.name}_migrator`);
    try {
      const [, before, sql = ""] = /^(SET [^;]*;)?(.*)$/s.exec(text) ?? [];
      if (before !== undefined) await session.query(before);
      await expect(session.query(sql)).rejects.toMatchObject({
        code: "42501",
        message: expect.stringMatching(/^audit: (?:a )?partition .*may not be detached$/) as string,
        hint: expect.stringContaining("DROP TABLE of the partition leaves one") as string,
      });
    } finally {
      await session.close();
    }
    expect(await shop.admin.query(pending)).toEqual([]);
  });

  test("and of others it is not, nor is what only looks like it", async () => {
    await shop.migrator.query("ALTER TABLE app.noise DETACH PARTITION app.noise_1 CONCURRENTLY");
    await shop.migrator.query("DROP TABLE app.noise_1");
    await shop.migrator.query(
      "ALTER TABLE app.noise ADD COLUMN note text DEFAULT 'alter table app.events detach partition x concurrently'",
    );
    await shop.migrator.query("ALTER TABLE app.events ADD COLUMN detach int -- partition concurrently");
    expect((await shop.plan()).statements).toEqual([]);
  });
});

test("what a superuser's CONCURRENTLY left half detached the owner finalizes, as a migration does, and nothing else so", async () => {
  const detach = "ALTER TABLE app.events DETACH PARTITION app.events_2";
  const reader = await server.connect(shop.name);
  await reader.query("BEGIN; SELECT FROM app.events");
  // Looked at from the start: it may be cancelled before the one who cancels it has an answer.
  const cancelled = expect(shop.admin.query(`${detach} CONCURRENTLY`)).rejects.toMatchObject({
    code: "57014",
  });
  await eventually("half of it is done", async () =>
    (await reader.query(pending)).length > 0 ? true : undefined,
  );
  await reader.query(
    "SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE query LIKE 'ALTER TABLE%CONCURRENTLY'",
  );
  await cancelled;
  await reader.query("ROLLBACK");
  await reader.close();
  await expect(shop.migrator.query(`DO $$ BEGIN ${detach} FINALIZE; END $$`)).rejects.toMatchObject({
    code: "42501",
  });
  await expect(
    shop.migrator.query(`ALTER TABLE app.events DETACH PARTITION app.events_1; ${detach} FINALIZE`),
  ).rejects.toMatchObject({ code: "42501" });
  await shop.clear();
  await shop.migrator.query(`${detach} FINALIZE`);
  await shop.migrator.query("INSERT INTO app.events_2 VALUES (1, 2, 's')");
  const [change, entry] = await shop.trail("operation <> 'DDL' OR object = 'table app.events'");
  expect(change).toMatchObject({ command: "ALTER TABLE", login: `${shop.name}_migrator` });
  expect([entry?.table, entry?.new]).toEqual(["app.events_2", { id: 1, month: 2, detach: null }]);
});
