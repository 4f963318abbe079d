import { spawn } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BackupManifest } from "../../components/core/backup/manifest";
import { usualBackups } from "../../components/core/backup/plan";
import { findClientTools } from "../../components/io/backup/client-tools";
import { withRepository } from "../../components/io/backup/lock";
import { readRepository } from "../../components/io/backup/repository";
import { projectRoot } from "../../components/io/places";
import { restoreLive, type LiveRestore, type RestoredLive } from "../../components/io/restore/live";
import { swapDatabases } from "../../components/io/restore/swap";
import { makeBackupBench, type BackupBench } from "../support/backups";
import type { RestoreProcess } from "../support/restore-process";
import { startStatementProxy } from "../support/statement-proxy";

let bench: BackupBench;
let manifest: BackupManifest;
beforeAll(async () => {
  bench = await makeBackupBench();
  manifest = await bench.take();
});
afterAll(() => bench.remove());
beforeEach(async () => {
  await bench.sql("DROP TABLE IF EXISTS app.since; CREATE TABLE app.since AS SELECT 1 AS id");
});

async function restore(change: Partial<LiveRestore> = {}): Promise<RestoredLive> {
  const { repository, login, tools: path } = bench;
  return withRepository(repository, "a test", new AbortController().signal, async (signal) => {
    const backup = (await readRepository(repository)).backups.find(({ name }) => name === manifest.name)!;
    return restoreLive({
      ...{ repository, backup, login, signal, now: () => Date.now() },
      tools: await findClientTools(17, path),
      present: { login, stack: "dev", version: "0.0.0", plan: usualBackups, path },
      readRoom: () => Promise.resolve(undefined),
      progress: (_label, work) => work,
      say: () => undefined,
      ...change,
    });
  });
}

const databases = async (): Promise<string[]> =>
  (await bench.sql("SELECT datname FROM pg_database WHERE datname LIKE 'shop%' ORDER BY 1", "postgres")).map(
    ({ datname }) => String(datname),
  );

/** True: it is the old one, with what was made after the backup. */
async function isOld(): Promise<boolean> {
  const [row] = await bench.sql(
    "SELECT to_regclass('app.since') IS NOT NULL AS old, (SELECT count(*) FROM app.orders) AS n",
  );
  expect(row?.n).toBe("2000");
  return row?.old as boolean;
}

async function dropKept(): Promise<void> {
  for (const name of (await databases()).filter((one) => one !== "shop")) {
    await bench.sql(`DROP DATABASE "${name}" WITH (FORCE)`, "postgres");
  }
}

describe("a restore into a live database", () => {
  test("puts the backup in its place, keeps the old one closed, and what was there is in a backup", async () => {
    const { kept, presentBackup, leftovers } = await restore();
    expect(await isOld()).toBe(false);
    expect(leftovers).toEqual([]);
    const [old] = await bench.sql(
      `SELECT datallowconn FROM pg_database WHERE datname = '${kept}'`,
      "postgres",
    );
    expect(old).toEqual({ datallowconn: false });
    const { backups } = await readRepository(bench.repository);
    const present = backups.find(({ name }) => name === presentBackup);
    expect(present?.manifest?.snapshot.tables.map(({ name }) => name)).toContain("since");
    // Undone, the old one is there again.
    await swapDatabases({
      ...{ login: bench.login, database: "shop", beside: kept!, kept: "shop_before_20200101_000000" },
      ...{ connectionLimit: undefined, signal: new AbortController().signal },
    });
    expect(await isOld()).toBe(true);
    await dropKept();
  });

  test("under load ends its sessions, and loses none that comes after it to the old one", async () => {
    const state = { isOver: false, inserted: 0, reconnects: 0 };
    const work = async (): Promise<void> => {
      while (!state.isOver) {
        try {
          const session = await bench.server.connect("shop");
          try {
            for (;;) {
              await session.query("INSERT INTO app.events VALUES (99, '2026-07-01')");
              state.inserted += 1;
              if (state.isOver) break;
            }
          } finally {
            await session.close().catch(() => undefined);
          }
        } catch {
          state.reconnects += 1;
        }
      }
    };
    const workers = [work(), work(), work(), work()];
    const { kept } = await restore();
    const at = state.inserted;
    const [old] = await bench.sql(
      `SELECT count(*)::int AS n FROM pg_stat_activity WHERE datname = '${kept}'`,
      "postgres",
    );
    expect(old).toEqual({ n: 0 });
    while (state.inserted < at + 20) await new Promise((resolve) => setImmediate(resolve));
    state.isOver = true;
    await Promise.all(workers);
    const [row] = await bench.sql("SELECT count(*)::int AS n FROM app.events WHERE id = 99");
    expect(row?.n).toBeGreaterThanOrEqual(20);
    expect(state.reconnects).toBeGreaterThan(0);
    expect(await isOld()).toBe(false);
    await dropKept();
  });

  test("is refused where there is no room for a second one, before anything is done", async () => {
    await expect(restore({ readRoom: () => Promise.resolve(1_000) })).rejects.toThrow(
      "a fifth more is to be free",
    );
    expect(await databases()).toEqual(["shop"]);
    expect(await isOld()).toBe(true);
  });

  test("is refused with their names while there are prepared transactions, and leaves it as it is", async () => {
    await bench.sql("ALTER SYSTEM SET max_prepared_transactions = 2", "postgres");
    await bench.server.halt();
    await bench.server.start();
    await bench.sql(
      "BEGIN; INSERT INTO app.events VALUES (1, '2026-07-01'); PREPARE TRANSACTION 'two phases'",
    );
    await expect(restore()).rejects.toThrow("two phases");
    expect(await databases()).toEqual(["shop"]);
    expect(await isOld()).toBe(true);
    await bench.sql("ROLLBACK PREPARED 'two phases'");
  });

  test("that is not equal to the manifest never takes its place", async () => {
    const path = await bench.fakeTools({
      pg_restore: (real) => `case "$*" in *--dbname*) exit 0;; esac\n${real}`,
    });
    await expect(restore({ tools: await findClientTools(17, path) })).rejects.toThrow(
      "table app.orders is missing",
    );
    expect(await databases()).toEqual(["shop"]);
    expect(await isOld()).toBe(true);
  });
});

/** Runs a restore as its own process and kills it with the so-manieth statement; gives how many have passed. */
async function runKilled(at: number): Promise<readonly string[]> {
  const run: { kill?: () => Promise<void> } = {};
  const proxy = await startStatementProxy(bench.server, async (count) => {
    if (count !== at || run.kill === undefined) return undefined;
    await run.kill();
    return "last";
  });
  const given: RestoreProcess = {
    repository: bench.repository,
    backup: manifest.name,
    login: { ...bench.login, port: proxy.port },
    path: bench.tools,
  };
  const args = ["infra/toolchain/run.cjs", "test/support/restore-process.ts", JSON.stringify(given)];
  const child = spawn(process.execPath, args, { cwd: projectRoot(), stdio: "ignore" });
  run.kill = async () => {
    const dead = once(child, "exit");
    child.kill("SIGKILL");
    await dead;
  };
  if (child.exitCode === null) await once(child, "exit");
  await proxy.stop();
  return proxy.statements;
}

describe("killed", () => {
  test("at every statement of the swap, and at others, one of the two is there, and the next run repairs", async () => {
    const statements = await runKilled(0);
    await dropKept();
    const first = statements.findIndex(
      (text) => text.startsWith("ALTER DATABASE") && text.includes("RENAME"),
    );
    expect(first).toBeGreaterThan(10);
    const length = statements.filter(
      (text) => !text.includes("pg_terminate_backend") && !text.includes("pg_sleep"),
    ).length;
    const swap = Array.from({ length: 9 }, (_, index) => first - 2 + index);
    const others = [0.3, 0.6, 0.8].map((share) => Math.floor(first * share));
    for (const at of [...others, ...swap]) {
      await bench.sql("CREATE TABLE IF NOT EXISTS app.since AS SELECT 1 AS id");
      await runKilled(at);
      const where = `statement ${at} of ${length}`;
      expect(await databases(), where).toContain("shop");
      const wasOld = await isOld();
      if (!wasOld) expect(at, where).toBeGreaterThan(first);
    }
    const { leftovers } = await restore();
    expect(await isOld()).toBe(false);
    expect((await databases()).filter((name) => name.includes("_restore_"))).toEqual([]);
    expect(leftovers.length).toBeGreaterThanOrEqual(1);
    await dropKept();
  });
});
