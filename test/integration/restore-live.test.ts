import type { ChildProcess } from "node:child_process";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { BackupManifest } from "../../components/core/backup/manifest";
import { usualBackups } from "../../components/core/backup/plan";
import { findClientTools } from "../../components/io/backup/client-tools";
import { withRepository } from "../../components/io/backup/lock";
import { readRepository } from "../../components/io/backup/repository";
import { restoreLive, type LiveRestore, type RestoredLive } from "../../components/io/restore/live";
import { swapDatabases } from "../../components/io/restore/swap";
import { makeBackupBench, type BackupBench } from "../support/backups";
import type { RestoreProcess } from "../support/restore-process";
import { killAtStatement, startApart } from "../support/killed-run";

let bench: BackupBench;
let manifest: BackupManifest;
beforeAll(async () => {
  bench = await makeBackupBench();
  manifest = await bench.take();
});
afterAll(() => bench.remove());
beforeEach(async () => {
  await bench.sql("CREATE SCHEMA IF NOT EXISTS app; DROP TABLE IF EXISTS app.since");
  await bench.sql("CREATE TABLE app.since AS SELECT 1 AS id");
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
    const isOver = (): boolean => state.isOver;
    const work = async (): Promise<void> => {
      while (!isOver()) {
        try {
          const session = await bench.server.connect("shop");
          try {
            while (!isOver()) {
              await session.query("INSERT INTO app.events VALUES (99, '2026-07-01')");
              state.inserted += 1;
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

/** Runs a restore as its own process and kills it with a statement; gives all that have passed. */
function runKilled(
  isLast: (statement: string, count: number) => boolean,
  swap?: RestoreProcess["swap"],
): Promise<readonly string[]> {
  const start = (port: number): ChildProcess => {
    const given: RestoreProcess = {
      ...{ repository: bench.repository, backup: manifest.name, path: bench.tools },
      login: { ...bench.login, port },
      ...(swap === undefined ? {} : { swap }),
    };
    return startApart("restore-process", given);
  };
  return killAtStatement(bench.server, start, isLast);
}

describe("killed", () => {
  test("at every statement of the swap, one of the two is there under the name", async () => {
    const swap = { beside: "shop_restore_20200101_000000", kept: "shop_before_20200101_000000" };
    const begin = async (): Promise<void> => {
      await dropKept();
      await bench.sql("DROP DATABASE IF EXISTS shop WITH (FORCE)", "postgres");
      await bench.sql("CREATE DATABASE shop", "postgres");
      await bench.sql("CREATE TABLE public.old ()");
      await bench.sql(`CREATE DATABASE ${swap.beside} CONNECTION LIMIT 0`, "postgres");
    };
    await begin();
    const ours = (text: string): boolean => !/pg_terminate_backend|pg_sleep/.test(text);
    const count = (await runKilled(() => false, swap)).filter(ours).length;
    expect(count).toBeGreaterThanOrEqual(9);
    const outcomes: string[] = [];
    // The last one is not killed.
    for (let at = 1; at <= count + 1; at += 1) {
      await begin();
      let passed = 0;
      await runKilled((statement) => ours(statement) && (passed += 1) === at, swap);
      const [row] = await bench.sql("SELECT to_regclass('public.old') IS NOT NULL AS old");
      const names = await databases();
      expect(names).toHaveLength(2);
      expect(names).toContain(row?.old === true ? swap.beside : swap.kept);
      outcomes.push(row?.old === true ? "old" : "new");
    }
    expect(outcomes[0]).toBe("old");
    expect(outcomes.at(-1)).toBe("new");
    await dropKept();
  });

  test("while it makes the new one, the next run removes what is left and restores", async () => {
    await runKilled((statement) => statement === "ANALYZE");
    expect((await databases()).filter((name) => name.includes("_restore_"))).toHaveLength(1);
    const { leftovers } = await restore();
    expect(leftovers).toHaveLength(1);
    expect(await isOld()).toBe(false);
    expect((await databases()).filter((name) => name.includes("_restore_"))).toEqual([]);
  });
});
