import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { usualBackups } from "../../components/core/backup/plan";
import { withRepository } from "../../components/io/backup/lock";
import { changeState, drillKey, withCheck, withDrill } from "../../components/io/backup/state";
import { readRepository } from "../../components/io/backup/repository";
import { takeFirst } from "../../components/io/backup-gate/take-first";
import type { PropertyMap } from "../../components/providers/properties";
import { findMatchingTools } from "../support/client-tools";
import { migratedDatabase, type MigratedDatabase } from "../support/migrations";
import { migrationsOf, writeParts } from "../support/own-migrations";
import { database, databaseAccess, serverAccess, useOwnProvider } from "../support/own-provider";
import { ProviderStack, type Declared } from "../support/provider-stack";

// The provider is a process of its own, and finds them as on anybody's machine.
process.env.PATH = [findMatchingTools(), process.env.PATH].join(delimiter);

const own = useOwnProvider();
let shop: MigratedDatabase;
let stack: ProviderStack;
let home = "";
let repository = "";
beforeEach(async () => {
  shop = await migratedDatabase(own.server);
  stack = new ProviderStack(own.provider);
  home = await mkdtemp(join(tmpdir(), "pgstead-gate-"));
  repository = join(home, "backups");
});
afterEach(async () => {
  await shop.remove();
  await rm(home, { recursive: true });
});

const gate = (change: PropertyMap = {}): PropertyMap => ({
  gate: {
    maxAge: 86_400,
    backupFirst: false,
    stack: "dev",
    place: { kind: "directory", directory: repository, checkout: home, project: "pgstead" },
    backups: { ...usualBackups, keep: { ...usualBackups.keep } },
    ...change,
  },
});
const declared = (change: PropertyMap = gate()): Declared => migrationsOf(shop, own.connection, change);
const rows = (): Promise<Record<string, unknown>[]> =>
  shop.query("SELECT count(*)::int AS n FROM app.orders");
const waiting = { say: () => Promise.resolve(), signal: new AbortController().signal };

function take(): ReturnType<typeof takeFirst> {
  const { host, port, superuser: user, password } = own.server;
  const login = { host, port, user, password };
  return takeFirst(
    { repository, database: shop.name, login, stack: "dev", version: "0.0.0", plan: usualBackups },
    waiting,
  );
}

/** A table with rows, and a file that drops it with a word for that. */
async function givenLoss(): Promise<void> {
  await writeParts(shop, ["CREATE TABLE app.orders (id bigint PRIMARY KEY);"]);
  await stack.up(declared());
  await shop.query("INSERT INTO app.orders SELECT generate_series(1, 10)");
  await shop.write(
    "0002-drop.sql",
    '-- pgstead:allow drop-table reason="nobody orders any more"\nDROP TABLE app.orders;',
  );
}

/** What the preview of a change says and refuses. */
async function preview(change?: PropertyMap): Promise<{ plan: string; refused: string[] }> {
  const known = stack.entry(`Migrations/${shop.name}`);
  const { inputs } = declared(change);
  await stack.diff(declared(change));
  const resource = own.provider.resource("pgstead:index:Migrations", shop.name);
  const { refusals } = await resource.update(
    { ...known, oldInputs: known.inputs, inputs },
    { preview: true },
  );
  const told = refusals as { subject: string; message: string; hint: string }[];
  return {
    plan: own.lastPlan().join("\n"),
    refused: told.map(({ subject, message, hint }) => `${subject}: ${message}: ${hint}`),
  };
}

describe("a migration that loses data, where the stack declares backups,", () => {
  beforeEach(givenLoss);

  test("is refused without a backup that counts, by the preview and by up", async () => {
    const [refused = ""] = (await preview()).refused;
    expect(refused).toContain(`there is no backup of ${shop.name}`);
    expect(refused).toContain("npm run ops -- backup");
    expect(refused).toContain(`pgstead:allowDataLoss: ["migration ${shop.name}/0002-drop.sql"]`);
    await expect(stack.up(declared())).rejects.toThrow("there is no backup of");
    expect(await rows()).toEqual([{ n: 10 }]);
  });

  test("runs once there is one, which the preview names", async () => {
    const { name } = await take();
    const { plan, refused } = await preview();
    expect(refused).toEqual([]);
    expect(plan).toContain(`note: what is lost of ${shop.name} is in a backup: ${name} of 20`);
    await stack.up(declared());
    expect(await shop.query("SELECT to_regclass('app.orders') AS t")).toEqual([{ t: null }]);
  });

  test("waits for the last look at the backup, its age, its server and its drills", async () => {
    const { name } = await take();
    const refusedBy = async (change?: PropertyMap): Promise<string> =>
      (await preview(change)).refused.join("\n");
    expect(await refusedBy(gate({ maxAge: 0 }))).toMatch(/is of 20\S+ \d\d:\d\d UTC: 0 s old is the most/);
    expect(await refusedBy(gate({ drillMaxAge: 86_400 }))).toContain("no logical backup was ever restored");
    const at = new Date().toISOString();
    const drill = { kind: "logical", backup: name, startedAt: at, endedAt: at } as const;
    const ended = { restoreSeconds: 1, recoverableAt: at };
    const drilled = (faults: readonly string[]): Promise<void> =>
      changeState(repository, (state) =>
        withDrill(state, drillKey("logical", shop.name), { ...drill, ...ended, faults }),
      );
    await drilled([]);
    expect(await refusedBy(gate({ drillMaxAge: 86_400 }))).toBe("");
    await drilled(["app.orders has 9 rows"]);
    expect(await refusedBy()).toContain("failed: app.orders has 9 rows");
    await drilled([]);
    await changeState(repository, (state) => withCheck(state, name, { at, faults: ["a byte differs"] }));
    expect(await refusedBy()).toContain(`${name} is damaged: a byte differs`);
  });

  test("runs by its entry without any backup, as before", async () => {
    const entry = `migration ${shop.name}/0002-drop.sql`;
    await stack.up(declared({ ...gate(), allowDataLoss: [entry] }));
    expect(await readdir(home)).toEqual([]);
  });
});

describe("backupFirst", () => {
  beforeEach(givenLoss);
  const first = (): PropertyMap => gate({ backupFirst: true });

  test("is told by the preview, and the backup has the rows that are lost after it", async () => {
    const { plan, refused } = await preview(first());
    expect(refused).toEqual([]);
    expect(plan).toContain(`note: a backup of ${shop.name} is taken and verified before anything is lost`);
    expect((await readRepository(repository)).backups).toEqual([]);
    await stack.up(declared(first()));
    const { backups } = await readRepository(repository);
    expect(backups).toHaveLength(1);
    expect(backups[0]?.check?.faults).toEqual([]);
    expect(backups[0]?.manifest?.snapshot.tables).toContainEqual(
      expect.objectContaining({ schema: "app", name: "orders", rows: "10" }),
    );
  });

  test("ends the run where the backup fails, and nothing is lost", async () => {
    await writeFile(repository, "in the way");
    await expect(stack.up(declared(first()))).rejects.toThrow(/repository of backups|EEXIST|ENOTDIR/);
    expect(await rows()).toEqual([{ n: 10 }]);
    expect((await shop.history()).applied).toHaveLength(1);
  });

  test("waits for a run that is at the repository, and does not overlap with it", async () => {
    let isOver = false;
    const busy = withRepository(repository, "a test", waiting.signal, async () => {
      const running = stack.up(declared(first()));
      await expect
        .poll(() => own.provider.messages.at(-1)?.message, { timeout: 20_000 })
        .toContain("waiting for");
      isOver = true;
      return { running };
    });
    await (
      await busy
    ).running;
    expect(isOver).toBe(true);
    expect((await readRepository(repository)).backups).toHaveLength(1);
  });
});

test("a database without tables has nothing to lose, so that a new stack comes up at once", async () => {
  await shop.write("0001-orders.sql", "CREATE TABLE app.orders (id bigint PRIMARY KEY);");
  await shop.write(
    "0002-drop.sql",
    '-- pgstead:allow drop-table reason="nobody orders any more"\nDROP TABLE app.orders;',
  );
  await stack.up(declared());
  expect((await shop.history()).applied).toHaveLength(2);
});

describe("what left the configuration", () => {
  test("goes with a backup besides its entry, or with an entry that says otherwise", async () => {
    const app = { name: "old", owner: shop.owner };
    const access = (change: PropertyMap): Declared => databaseAccess(own.connection, shop.name, change);
    await stack.up(access({ schemas: [app], ...gate() }));
    await shop.query("CREATE TABLE old.kept (id int)");
    const entry = `schema ${shop.name}.old`;
    const gone = (allowDataLoss: string[], more = gate()): Declared => access({ ...more, allowDataLoss });
    await expect(stack.up(gone([]))).rejects.toThrow("would be lost");
    await expect(stack.up(gone([entry]))).rejects.toThrow(
      `["${entry} without backup"] in place of its entry`,
    );
    expect(await shop.query("SELECT count(*)::int AS n FROM old.kept")).toEqual([{ n: 0 }]);
    await stack.up(gone([entry], gate({ backupFirst: true })));
    expect((await readRepository(repository)).backups).toHaveLength(1);
    expect(await shop.query("SELECT to_regclass('old.kept') AS t")).toEqual([{ t: null }]);
  });

  test("a whole database as well, whose drop is an official resource's", async () => {
    const access = (change: PropertyMap): Declared => serverAccess(own.connection, { ...gate(), ...change });
    await shop.query("CREATE TABLE app.orders (id int)");
    await stack.up(access({ databases: [database(shop.name, shop.owner)] }));
    const entry = `database ${shop.name}`;
    await expect(stack.up(access({ allowDataLoss: [entry] }))).rejects.toThrow("there is no backup of");
    await stack.up(access({ ...gate({ backupFirst: true }), allowDataLoss: [entry] }));
    expect((await readRepository(repository)).backups).toHaveLength(1);
  });
});
