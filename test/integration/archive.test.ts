import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createHash } from "node:crypto";
import { mkdtemp, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { ArchivedUnit } from "../../components/io/archive/archive";
import { runArchive } from "../../components/io/archive/run";
import { projectRoot } from "../../components/io/places";
import type { ArchiveProcess } from "../support/archive-process";
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

const archive = (name: string, wish: ArchiveWish = {}): Promise<ArchivedUnit[]> =>
  archiveTable(server, shop, { name, directory, ...wish });

const rowsOf = (sql: string): Promise<Record<string, unknown>[]> => shop.query(sql);
const kept = async (): Promise<unknown> =>
  (
    await rowsOf(
      "SELECT count(*) FILTER (WHERE created_at < '2026-01-01+00')::int AS old, count(*)::int AS all FROM app.orders",
    )
  )[0];

describe("archiving", () => {
  test("writes old rows into a verified file with a manifest, and changes nothing", async () => {
    const [unit] = await archive("orders");
    expect(await readdir(directory)).toEqual([
      `${shop.name}.app.orders-before-20260101T000000Z.copy.gz`,
      `${shop.name}.app.orders-before-20260101T000000Z.copy.gz.json`,
    ]);
    const bytes = await readFile(unit!.path);
    expect(unit).toMatchObject({
      dropped: false,
      wasThere: false,
      manifest: { rows: "30", column: "created_at", bytes: bytes.length },
    });
    expect(unit!.manifest.sha256).toBe(createHash("sha256").update(bytes).digest("hex"));
    expect(JSON.parse(await readFile(`${unit!.path}.json`, "utf8"))).toEqual(unit!.manifest);
    expect(gunzipSync(bytes).toString().trimEnd().split("\n")).toHaveLength(30);
    expect(await kept()).toEqual({ old: 30, all: 60 });
  });

  test("takes rows away when told to, and they come back as they were", async () => {
    const before = await rowsOf("SELECT * FROM app.orders WHERE created_at < '2026-01-01+00' ORDER BY id");
    const [unit] = await archive("orders", { drop: true });
    expect(await kept()).toEqual({ old: 0, all: 30 });
    const lines = gunzipSync(await readFile(unit!.path))
      .toString()
      .trimEnd()
      .split("\n");
    const unescape = (text: string): string =>
      text.replace(/\\([tn\\])/g, (_, one: string) => ({ t: "\t", n: "\n", "\\": "\\" })[one] ?? one);
    const values = lines.map(
      (line) =>
        `(${line
          .split("\t")
          .slice(0, 9)
          .map((field) => (field === "\\N" ? "NULL" : `$q$${unescape(field)}$q$`))
          .join(", ")})`,
    );
    await shop.query(
      `INSERT INTO app.orders (id, created_at, note, price, ratio, raw, span, tags, doc) VALUES ${values.join(", ")}`,
    );
    expect(await rowsOf("SELECT * FROM app.orders WHERE created_at < '2026-01-01+00' ORDER BY id")).toEqual(
      before,
    );
  });

  test("takes partitions that are wholly before the moment, the oldest first, and drops those alone", async () => {
    const units = await archive("events", { drop: true, before: "2026-02-15T00:00:00Z" });
    expect(units.map(({ manifest }) => [manifest.relation.name, manifest.rows])).toEqual([
      ["events_1", "30"],
      ["events_2", "31"],
    ]);
    expect(
      await rowsOf("SELECT relid::text AS name FROM pg_partition_tree('app.events') WHERE isleaf"),
    ).toEqual([{ name: "app.events_3" }]);
    expect(await archive("events", { drop: true, before: "2026-02-15T00:00:00Z" })).toEqual([]);
  });

  test("goes on with a file that is there, and refuses where rows changed since", async () => {
    await archive("orders");
    expect(await archive("orders")).toMatchObject([{ wasThere: true, dropped: false }]);
    await shop.query("UPDATE app.orders SET note = note || '.' WHERE id = 3");
    await expect(archive("orders", { drop: true })).rejects.toThrow(
      "somebody changed them after they were archived",
    );
    expect(await kept()).toEqual({ old: 30, all: 60 });
  });

  test.each([
    [
      "a letter that differs",
      (bytes: Buffer) => gzipSync(gunzipSync(bytes).toString().replace("tab", "tap")),
      "its checksum differs",
    ],
    [
      "a row less",
      (bytes: Buffer) => gzipSync(gunzipSync(bytes).toString().split("\n").slice(1).join("\n")),
      "its checksum differs",
    ],
    [
      "half a file",
      (bytes: Buffer) => bytes.subarray(0, bytes.length / 2),
      "cannot be read back: unexpected end of file",
    ],
    [
      "no rows at all",
      () => gzipSync("no rows"),
      "cannot be read back: invalid input syntax for type integer",
    ],
  ])("finds %s when it reads the file back, and drops nothing", async (_what, spoil, message) => {
    const [unit] = await archive("orders");
    await writeFile(unit!.path, spoil(await readFile(unit!.path)));
    await expect(archive("orders", { drop: true })).rejects.toThrow(message);
    expect(await kept()).toEqual({ old: 30, all: 60 });
  });

  test.each([
    ["orders", "UPDATE app.orders SET price = 0 WHERE id = 7", /^WITH gone/],
    ["orders", "INSERT INTO app.orders (id, created_at) VALUES (1000, '2025-06-01')", /^WITH gone/],
    ["events", "DELETE FROM app.events WHERE id = 7", /^LOCK TABLE/],
  ])("of %s drops nothing where %s comes before the drop", async (table, change, statement) => {
    const proxy = await startStatementProxy(server, async (_count, sql): Promise<Passing> => {
      if (statement.test(sql)) await shop.query(change);
      return undefined;
    });
    await expect(archive(table, { drop: true, port: proxy.port })).rejects.toThrow(
      "somebody changed them after they were archived",
    );
    await proxy.stop();
    const [count] = await rowsOf(`SELECT count(*)::int AS rows FROM app.${table}`);
    expect([59, 60, 61, 89]).toContain(count!.rows);
  });

  test("says what is in the way of a drop, and keeps file and rows", async () => {
    await shop.query("CREATE VIEW app.v AS SELECT * FROM app.events_1");
    await expect(archive("events", { drop: true })).rejects.toThrow(
      "cannot drop table app.events_1 because other objects depend on it",
    );
    const reader = await shop.open();
    await reader.query("DROP VIEW app.v");
    await reader.query("BEGIN; INSERT INTO app.events VALUES (0, '2025-12-31')");
    await expect(archive("events", { drop: true, lockTimeoutMs: 200 })).rejects.toThrow(
      "others use it: run this again",
    );
    await reader.close();
    expect(await archive("events", { drop: true })).toMatchObject([{ wasThere: true, dropped: true }]);
  });

  test.each([
    ["nothing_such", {}, "is no table of this database"],
    ["orders", { column: "note" }, "note is text, which is no time"],
    ["orders", { column: "when" }, "app.orders has no column when"],
    ["events", { column: "at" }, "is partitioned: its partitions say what is old"],
  ])("of %s with %j is refused", async (name, more, message) => {
    const run = {
      ...{
        database: shop.name,
        owner: shop.owner,
        login: shop.migrator,
        table: { schema: "app", name },
        ...more,
      },
      ...{
        before: new Date(),
        directory,
        drop: true,
        lockTimeoutMs: 1,
        retryForMs: 0,
        now: () => new Date(),
        waiting: silently,
      },
    };
    await expect(runArchive(run, () => undefined)).rejects.toThrow(message);
  });
});

/** Runs once and is killed when a statement reaches the server; gives how many have passed. */
async function runKilled(table: string, at: number): Promise<number> {
  const run: { child?: ChildProcess } = {};
  const proxy = await startStatementProxy(server, async (count) => {
    if (count !== at || run.child === undefined) return undefined;
    const dead = once(run.child, "exit");
    run.child.kill("SIGKILL");
    await dead;
    return "last";
  });
  const given: ArchiveProcess = {
    ...{
      database: shop.name,
      owner: shop.owner,
      login: { ...shop.migrator, port: proxy.port },
      directory,
      drop: true,
    },
    ...{ table: { schema: "app", name: table }, before: "2026-01-01T00:00:00Z" },
  };
  const args = ["infra/toolchain/run.cjs", "test/support/archive-process.ts", JSON.stringify(given)];
  run.child = spawn(process.execPath, args, { cwd: projectRoot(), stdio: "ignore" });
  await once(run.child, "exit");
  await proxy.stop();
  return proxy.statements.length;
}

test.each(["orders", "events"])(
  "a run over %s that is killed at any statement loses nothing, and the next one comes to its end",
  { timeout: 300_000 },
  async (table) => {
    const count = await runKilled(table, Infinity);
    expect(count).toBeGreaterThan(15);
    const wanted = (await readdir(directory)).toSorted();
    const old = table === "orders" ? "created_at < '2026-01-01+00'" : "at < '2026-01-01+00'";
    for (let at = 1; at <= count; at += 1) {
      await shop.query(`SET ROLE ${shop.owner}; DROP TABLE app.orders, app.events; ${archiveTables}`);
      await rm(directory, { recursive: true });
      await runKilled(table, at);
      const where = `killed at statement ${at} of ${count}`;
      await eventually(`the session is gone, ${where}`, async () => {
        const [row] = await shop.query(
          "SELECT FROM pg_stat_activity WHERE application_name = 'pgstead archive'",
        );
        return row === undefined ? true : undefined;
      });
      const [left] = await rowsOf(`SELECT count(*)::int AS rows FROM app.${table} WHERE ${old}`);
      const files = await readdir(directory).catch(() => []);
      // Rows that are gone are in a file that counts.
      if (left!.rows === 0) expect(files.toSorted(), where).toEqual(wanted);
      else expect(left, where).toEqual({ rows: 30 });
      await archive(table, { drop: true });
      expect((await readdir(directory)).toSorted(), where).toEqual(wanted);
      expect(await rowsOf(`SELECT count(*)::int AS rows FROM app.${table} WHERE ${old}`), where).toEqual([
        { rows: 0 },
      ]);
    }
  },
);
