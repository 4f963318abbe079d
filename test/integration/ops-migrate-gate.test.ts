import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { parseManifest, renderManifest } from "../../components/core/backup/manifest";
import { manifestFile } from "../../components/core/backup/name";
import { sha256 } from "../../components/io/backup/files";
import { withRepository } from "../../components/io/backup/lock";
import { readRepository } from "../../components/io/backup/repository";
import { changeState, drillKey, withCheck, withDrill } from "../../components/io/backup/state";
import { hasPython } from "../support/alembic-application";
import { findMatchingTools } from "../support/client-tools";
import { eventually } from "../support/eventually";
import { migrationText } from "../unit/core/migrations/judged";
import { deployAlembicStack, type AlembicStack } from "./ops-alembic-stack";
import { deployStack, runNode, type DeployedStack, type OpsOutput } from "./ops-stack";

/** A stack with a table of ten rows, and a pending migration that drops it with a word for that. */
interface Losing {
  readonly stack: DeployedStack;
  readonly change: (sql: string) => Promise<Record<string, unknown>[]>;
  /** Arguments of `migrate`, for the files. */
  readonly files: readonly string[];
  /** Brings the loss back that a test has had. */
  readonly reset: () => Promise<void>;
  readonly remove: () => Promise<void>;
}

const ofSql = async (): Promise<Losing> => {
  const stack = await deployStack();
  const directory = await mkdtemp(join(tmpdir(), "pgstead-gate-files-"));
  const change = async (sql: string): Promise<Record<string, unknown>[]> => {
    const session = await stack.server.connect("shop");
    return session.query(sql).finally(() => session.close());
  };
  await change(
    "GRANT shop_owner TO shop_migrator WITH INHERIT FALSE, SET TRUE; ALTER ROLE shop_migrator SET role = shop_owner; DROP VIEW api.recent; DROP TABLE api.orders",
  );
  const table = "CREATE TABLE api.orders (id int PRIMARY KEY);";
  const drop = '-- pgstead:allow drop-table reason="nobody orders any more"\nDROP TABLE api.orders;';
  await writeFile(
    join(directory, "0001-orders.sql"),
    migrationText(table, { down: "DROP TABLE api.orders;" }),
  );
  await writeFile(join(directory, "0002-drop.sql"), migrationText(drop, { down: table }));
  const files = ["--dir", directory];
  return {
    ...{ stack, change, files },
    async reset() {
      await change("DROP TABLE IF EXISTS api.orders; DROP SCHEMA IF EXISTS pgstead CASCADE");
      expect((await stack.ops("migrate", "upgrade", "0001", "--yes", ...files)).exitCode).toBe(0);
      await change("INSERT INTO api.orders SELECT generate_series(1, 10)");
    },
    async remove() {
      await stack.remove();
      await rm(directory, { recursive: true });
    },
  };
};

const ofAlembic = async (): Promise<Losing> => {
  const stack: AlembicStack = await deployAlembicStack();
  const { application } = stack;
  const change = (sql: string): Promise<Record<string, unknown>[]> => stack.change(sql);
  await application.revise({
    id: "d4f0c3d2e4b5",
    name: "drop",
    down: "c3f0c3d2e4b5",
    upgrade: ['# pgstead:allow drop-table reason="kept elsewhere"', 'op.drop_table("orders", schema="app")'],
    downgrade: ['op.create_table("orders", sa.Column("id", sa.Integer(), primary_key=True), schema="app")'],
  });
  return {
    ...{ stack, change, files: [] },
    async reset() {
      await change("DROP TABLE IF EXISTS app.orders, app.customers, app.alembic_version");
      await change("DROP SCHEMA IF EXISTS pgstead CASCADE");
      const made = await stack.ops("migrate", "upgrade", "c3f0c3d2e4b5", "--yes");
      expect(made.stdout + made.stderr).toContain("3 migrations are done");
      await change("INSERT INTO app.orders SELECT generate_series(1, 10)");
    },
    remove: () => stack.remove(),
  };
};

const engines = [
  { engine: "files of SQL", make: ofSql, table: "api.orders", file: "0002-drop.sql", runs: true },
  { engine: "Alembic", make: ofAlembic, table: "app.orders", file: "d4f0c3d2e4b5_drop.py", runs: hasPython },
] as const;

describe.each(engines)("what a command of migrations loses, with $engine,", ({ make, table, file, runs }) => {
  let losing: Losing;
  let plain = "";
  let home = "";
  let repository = "";
  beforeAll(async () => {
    if (!runs) return;
    losing = await make();
    plain = await readFile(join(losing.stack.root, "Pulumi.dev.yaml"), "utf8");
  }, 240_000);
  afterAll(async () => {
    if (runs) await losing.remove();
  });
  beforeEach(async () => {
    if (!runs) return;
    home = await mkdtemp(join(tmpdir(), "pgstead-gate-"));
    repository = join(home, "backups");
    await anew("logical: { keep: { days: 30 } }");
  });
  afterEach(async () => {
    if (runs) await rm(home, { recursive: true });
  });

  /** Writes what the stack declares of backups. */
  async function configure(...backup: readonly string[]): Promise<void> {
    const more = [`directory: "${repository}"`, ...backup].join(", ");
    const text = backup.length === 0 ? plain : `${plain}  pgstead:backup: { ${more} }\n`;
    await writeFile(join(losing.stack.root, "Pulumi.dev.yaml"), text);
  }

  /** Brings back what a loss took. */
  async function anew(...backup: readonly string[]): Promise<void> {
    await configure();
    await losing.reset();
    await configure(...backup);
  }

  function ops(...args: readonly string[]): Promise<OpsOutput> {
    const PATH = `${findMatchingTools()}:${process.env.PATH ?? ""}`;
    return runNode("test/integration/ops-entry.ts", [losing.stack.root, ...args], { PATH });
  }
  const upgrade = (...args: readonly string[]): Promise<OpsOutput> =>
    ops("migrate", "upgrade", "--yes", ...losing.files, ...args);
  const rows = async (): Promise<unknown> => {
    const [found] = await losing.change(`SELECT to_regclass('${table}') IS NOT NULL AS "isThere"`);
    if (found?.isThere !== true) return "gone";
    return (await losing.change(`SELECT count(*)::int AS n FROM ${table}`))[0]?.n;
  };
  const names = async (): Promise<string[]> =>
    (await readRepository(repository)).backups.map(({ name }) => name);
  async function take(): Promise<string> {
    expect((await ops("backup")).exitCode).toBe(0);
    return (await names())[0] ?? "";
  }
  /** A good backup that the rules of the schedule do not want any more. */
  async function old(like: string): Promise<void> {
    const name = "shop_full_20200101_000000";
    await cp(join(repository, like), join(repository, name), { recursive: true });
    const manifest = parseManifest(
      await readFile(join(repository, like, manifestFile), "utf8"),
      like,
      sha256,
    );
    await writeFile(join(repository, name, manifestFile), renderManifest({ ...manifest, name }, sha256));
    await changeState(repository, (state) =>
      withCheck(state, name, { at: new Date().toISOString(), faults: [] }),
    );
  }
  const story = test.skipIf(!runs);

  story("waits for a backup that counts, which `backup gate` says as well", async () => {
    const refused = await upgrade();
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout).toContain("there is no backup of shop");
    expect(refused.stdout).toContain(`pgstead:allowDataLoss: ["migration shop/${file}"]`);
    const asked = await ops("backup", "gate");
    expect(asked.exitCode).toBe(1);
    expect(asked.stdout).toContain("there is no backup of shop");
    expect(await rows()).toBe(10);
    const name = await take();
    expect((await ops("backup", "gate")).exitCode).toBe(0);
    const at = new Date().toISOString();
    await changeState(repository, (state) => withCheck(state, name, { at, faults: ["a byte differs"] }));
    expect((await upgrade()).stdout).toContain(`${name} is damaged: a byte differs`);
    await changeState(repository, (state) => withCheck(state, name, { at, faults: [] }));
    const drill = { kind: "logical", backup: name, startedAt: at, endedAt: at } as const;
    const failed = { ...drill, faults: ["it does not come back"], restoreSeconds: 1, recoverableAt: at };
    await changeState(repository, (state) => withDrill(state, drillKey("logical", "shop"), failed));
    expect((await upgrade()).stdout).toContain("failed: it does not come back");
    await changeState(repository, (state) =>
      withDrill(state, drillKey("logical", "shop"), { ...failed, faults: [] }),
    );
    expect(await rows()).toBe(10);
    const done = await upgrade();
    expect(done.exitCode).toBe(0);
    expect(done.stderr).toContain(`what is lost is in a backup: ${name} of `);
    expect(await rows()).toBe("gone");
  });

  story("runs by its entry of the configuration without any backup", async () => {
    const stackFile = join(losing.stack.root, "Pulumi.dev.yaml");
    const text = await readFile(stackFile, "utf8");
    await writeFile(stackFile, `${text}  pgstead:allowDataLoss: ["migration shop/${file}"]\n`);
    expect((await upgrade()).exitCode).toBe(0);
    expect(await rows()).toBe("gone");
    expect(await names()).toEqual([]);
  });

  story(
    "has its backup taken first, which has the rows; a dry run takes none, and none goes for it",
    async () => {
      await old(await take());
      await configure("logical: { keep: { days: 1, weekly: 0, monthly: 0 } }", "backupFirst: true");
      const dry = await upgrade("--dry-run");
      expect(dry.exitCode).toBe(0);
      const before = await names();
      expect(before).toHaveLength(2);
      expect((await upgrade()).exitCode).toBe(0);
      const { backups } = await readRepository(repository);
      expect(backups.map(({ name }) => name).slice(1)).toEqual(before);
      const [schema = "", name = ""] = table.split(".");
      expect(backups[0]?.manifest?.snapshot.tables).toContainEqual(
        expect.objectContaining({ schema, name, rows: "10" }),
      );
      expect(await rows()).toBe("gone");
    },
  );

  story(
    "is not kept from running by a copy of that backup that fails, and is by the backup itself",
    async () => {
      await configure("logical: {}", "backupFirst: true", `copies: [{ path: "${join(home, "mount")}" }]`);
      const done = await upgrade();
      expect(done.exitCode).toBe(0);
      expect(await rows()).toBe("gone");
      await anew("logical: {}", "backupFirst: true");
      await rm(repository, { recursive: true });
      await writeFile(repository, "in the way");
      const failed = await upgrade();
      expect(failed.exitCode).toBe(1);
      expect(failed.stdout).toContain("backup of shop");
      expect(await rows()).toBe(10);
      await rm(repository);
    },
  );

  story("waits for a run that is at the repository", async () => {
    await configure("logical: {}", "backupFirst: true");
    const signal = new AbortController().signal;
    const { running } = await withRepository(repository, "a test", signal, async () => {
      const begun = upgrade();
      let isOver = false;
      void begun.then(() => (isOver = true));
      const since = Date.now();
      // Longer than it takes to come there, and no longer than a lock that is looked at is kept.
      await eventually("it has had time", () => (Date.now() - since > 15_000 ? true : undefined));
      expect(isOver).toBe(false);
      return { running: begun };
    });
    const done = await running;
    expect(done.stderr).toContain("waiting for the repository of backups: another run works on it: a test");
    expect(done.exitCode).toBe(0);
    expect(await rows()).toBe("gone");
  });

  story("on the way back waits for it as well, or for --without-backup", async () => {
    const down = (...args: readonly string[]): Promise<OpsOutput> =>
      ops("migrate", "downgrade", "base", "--allow-data-loss", "--yes", ...losing.files, ...args);
    const refused = await down();
    expect(refused.exitCode).toBe(1);
    expect(refused.stdout).toContain("there is no backup of shop");
    expect(refused.stdout).toContain("--without-backup");
    expect(await rows()).toBe(10);
    expect((await down("--without-backup")).exitCode).toBe(0);
    expect(await rows()).toBe("gone");
    await anew("logical: {}");
    await take();
    expect((await down()).exitCode).toBe(0);
    expect(await rows()).toBe("gone");
  });
});
