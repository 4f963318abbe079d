import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import type { ArchivedUnit } from "../../components/io/archive/archive";
import { archiveTable, archiveTables, type ArchiveWish } from "../support/archive-tables";
import { eventually } from "../support/eventually";
import { migratedDatabase, silently, type MigratedDatabase } from "../support/migrations";
import { startServer, type TestServer } from "../support/server";
import { startStatementProxy, type Passing } from "../support/statement-proxy";

let server: TestServer;
let shop: MigratedDatabase;
let directory = "";
beforeAll(async () => {
  server = await startServer();
  shop = await migratedDatabase(server);
});
afterAll(async () => {
  await shop.remove();
  await server.stop();
});
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "pgstead-archive-"));
  await shop.query(`SET ROLE ${shop.owner}; ${archiveTables}`);
});
afterEach(async () => {
  await shop.query("DROP TABLE app.orders, app.events CASCADE");
  await rm(directory, { recursive: true });
});

const archive = (name: string, wish: ArchiveWish): Promise<ArchivedUnit[]> =>
  archiveTable(server, shop, { name, directory, ...wish });

test("an archive gives way to who writes through the table meanwhile, whose transaction goes on, and drops after it", async () => {
  const writer = await shop.open();
  await writer.query("BEGIN; INSERT INTO app.events VALUES (1000, '2026-03-01')");
  // It holds the table and asks for the partition; the drop holds the partition and asks for the table.
  const writes: Promise<unknown>[] = [];
  const proxy = await startStatementProxy(server, async (_count, sql): Promise<Passing> => {
    if (!sql.startsWith("DROP TABLE") || writes.length > 0) return undefined;
    writes.push(writer.query("INSERT INTO app.events VALUES (1001, '2025-12-30')"));
    await eventually("the writer waits", async () => {
      const [row] = await shop.query("SELECT FROM pg_locks WHERE NOT granted");
      return row === undefined ? undefined : true;
    });
    return undefined;
  });
  const said: string[] = [];
  const say = async (text: string): Promise<void> => {
    said.push(text);
    expect(await writes[0]).toEqual([]);
    await writer.query("ROLLBACK");
  };
  const [unit] = await archive("events", {
    drop: true,
    port: proxy.port,
    retryForMs: 60_000,
    waiting: { ...silently, say },
  });
  await proxy.stop();
  await writer.close();
  expect(unit).toMatchObject({ dropped: true });
  expect(said).toEqual([
    expect.stringMatching(/^app\.events_1: others use it; nothing was dropped, tries again in [\d.]+ s$/),
  ]);
});

test.each([
  ["while its statement waits", "SELECT pg_catalog.count"],
  ["while the file is read back", "FROM STDIN"],
  ["before the drop", "LOCK TABLE"],
])(
  "an archive is cancelled %s: nothing is half done, and the next run does all of it",
  async (_when, statement) => {
    const stop = new AbortController();
    const holder = await shop.open();
    await holder.query("BEGIN");
    const proxy = await startStatementProxy(server, async (_count, sql): Promise<Passing> => {
      if (!sql.includes(statement) || stop.signal.aborted) return undefined;
      // The statement would wait for ever.
      if (statement.startsWith("SELECT")) await holder.query("LOCK TABLE app.events_1");
      stop.abort(new Error("cancelled"));
      return undefined;
    });
    const run = archive("events", {
      drop: true,
      port: proxy.port,
      lockTimeoutMs: 600_000,
      waiting: { ...silently, signal: stop.signal },
    });
    await expect(run).rejects.toThrow("cancelled");
    await holder.close();
    await proxy.stop();
    expect((await readdir(directory)).filter((name) => name.includes("partial"))).toEqual([]);
    expect(await shop.query("SELECT count(*)::int AS rows FROM app.events")).toEqual([{ rows: 90 }]);
    expect(await archive("events", { drop: true })).toMatchObject([{ dropped: true }]);
  },
);
