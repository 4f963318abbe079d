import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { usualBackups } from "../../components/core/backup/plan";
import { readRepository } from "../../components/io/backup/repository";
import { takeFirst } from "../../components/io/backup-gate/take-first";
import type { PropertyMap } from "../../components/providers/properties";
import { applicationPackages, hasPython } from "../support/alembic-application";
import { alembicShop, type AlembicShop } from "../support/alembic-runs";
import { findMatchingTools } from "../support/client-tools";
import { migrationsOf } from "../support/own-migrations";
import { useOwnProvider } from "../support/own-provider";
import { ProviderStack, type Declared } from "../support/provider-stack";

// The provider is a process of its own, and finds them as on anybody's machine.
process.env.PATH = [findMatchingTools(), process.env.PATH].join(delimiter);

const own = useOwnProvider();
let shop: AlembicShop;
let stack: ProviderStack;
let home = "";
let repository = "";
beforeAll(async () => {
  if (hasPython) await applicationPackages();
}, 240_000);
beforeEach(async () => {
  if (!hasPython) return;
  shop = await alembicShop(own.server);
  stack = new ProviderStack(own.provider);
  home = await mkdtemp(join(tmpdir(), "pgstead-gate-"));
  repository = join(home, "backups");
  await stack.up(declared());
  await shop.database.query("INSERT INTO app.orders SELECT generate_series(1, 10)");
  await shop.application.revise({
    id: "d4f0c3d2e4b5",
    name: "drop",
    down: "c3f0c3d2e4b5",
    upgrade: ['# pgstead:allow drop-table reason="kept elsewhere"', 'op.drop_table("orders", schema="app")'],
  });
}, 120_000);
afterEach(async () => {
  if (!hasPython) return;
  await shop.remove();
  await rm(home, { recursive: true });
});

const declared = (change: PropertyMap = {}): Declared => {
  const { config, section, place, variables } = shop.setup;
  const alembic = {
    ...{ config, section, python: ["python3"], urlVariables: [...variables], seenAt: {} },
    environment: { ...place.environment },
  };
  const gate = {
    ...{ maxAge: 86_400, backupFirst: false, stack: "dev", ...change },
    place: { kind: "directory", directory: repository, checkout: home, project: "pgstead" },
    backups: { ...usualBackups, keep: { ...usualBackups.keep } },
  };
  const more = { engine: "alembic", directory: shop.application.directory, path: "../shop", alembic, gate };
  return migrationsOf(shop.database, own.connection, more);
};

const rows = (): Promise<Record<string, unknown>[]> =>
  shop.database.query("SELECT count(*)::int AS n FROM app.orders");
const isGone = async (): Promise<boolean> =>
  (await shop.database.query("SELECT to_regclass('app.orders') IS NULL AS gone"))[0]?.gone === true;

/** What the preview of a change refuses and says. */
async function preview(change?: PropertyMap): Promise<{ plan: string; refused: readonly object[] }> {
  const { name, inputs } = declared(change);
  const known = stack.entry(`Migrations/${name}`);
  await stack.diff(declared(change));
  const resource = own.provider.resource("pgstead:index:Migrations", name);
  const { refusals } = await resource.update(
    { ...known, oldInputs: known.inputs, inputs },
    { preview: true },
  );
  return { plan: own.lastPlan().join("\n"), refused: refusals as object[] };
}

describe.skipIf(!hasPython)("a revision that loses data, where the stack declares backups,", () => {
  test("waits for a backup that counts, by the preview and by up, and names it", async () => {
    expect((await preview()).refused).toMatchObject([
      {
        subject: "migrations/versions/d4f0c3d2e4b5_drop.py:12",
        message: expect.stringContaining(`there is no backup of ${shop.database.name}`) as unknown,
        hint: expect.stringContaining(`migration ${shop.database.name}/d4f0c3d2e4b5_drop.py`) as unknown,
      },
    ]);
    await expect(stack.up(declared())).rejects.toThrow("there is no backup of");
    expect(await rows()).toEqual([{ n: 10 }]);
    const { host, port, superuser: user, password } = own.server;
    const waiting = { say: () => Promise.resolve(), signal: new AbortController().signal };
    const of = {
      repository,
      database: shop.database.name,
      stack: "dev",
      version: "0.0.0",
      plan: usualBackups,
    };
    const { name } = await takeFirst({ ...of, login: { host, port, user, password } }, waiting);
    const { plan, refused } = await preview();
    expect(refused).toEqual([]);
    expect(plan).toContain(`is in a backup: ${name} of `);
    await stack.up(declared());
    expect(await isGone()).toBe(true);
  });

  test("has its backup taken first, with the rows and with what Alembic was at", async () => {
    const first = { backupFirst: true };
    const { plan, refused } = await preview(first);
    expect(refused).toEqual([]);
    expect(plan).toContain("is taken and verified before anything is lost");
    expect((await readRepository(repository)).backups).toEqual([]);
    await stack.up(declared(first));
    expect(await isGone()).toBe(true);
    const { backups } = await readRepository(repository);
    expect(backups).toHaveLength(1);
    expect(backups[0]?.check?.faults).toEqual([]);
    expect(backups[0]?.manifest?.snapshot.tables).toContainEqual(
      expect.objectContaining({ schema: "app", name: "orders", rows: "10" }),
    );
    expect(backups[0]?.manifest?.snapshot.alembic).toMatchObject([{ versions: ["c3f0c3d2e4b5"] }]);
  });

  test("does not run where that backup fails", async () => {
    await writeFile(repository, "in the way");
    await expect(stack.up(declared({ backupFirst: true }))).rejects.toThrow(
      /repository of backups|EEXIST|ENOTDIR/,
    );
    expect(await rows()).toEqual([{ n: 10 }]);
  });
});
