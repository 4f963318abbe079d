import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { applicationPackages, hasPython } from "../support/alembic-application";
import { alembicShop, type AlembicShop } from "../support/alembic-runs";
import { migrationsOf } from "../support/own-migrations";
import { useOwnProvider } from "../support/own-provider";
import { ProviderStack, type Declared } from "../support/provider-stack";

const own = useOwnProvider();
let shop: AlembicShop;
let stack: ProviderStack;
beforeAll(async () => {
  if (hasPython) await applicationPackages();
}, 240_000);
beforeEach(async () => {
  if (!hasPython) return;
  shop = await alembicShop(own.server);
  stack = new ProviderStack(own.provider);
});
afterEach(async () => {
  if (hasPython) await shop.remove();
});

const declared = (change: PropertyMap = {}): Declared => {
  const { config, section, place, variables } = shop.setup;
  const alembic = {
    ...{ config, section, python: ["python3"], urlVariables: [...variables], seenAt: {} },
    environment: { ...place.environment },
  };
  const more = { engine: "alembic", directory: shop.application.directory, path: "../shop", alembic };
  return migrationsOf(shop.database, own.connection, { ...more, ...change });
};
const state = (): PropertyMap => stack.entry(`Migrations/${shop.database.name}`).state;

/** What a preview shows, and what it gives. */
async function preview(change: PropertyMap = {}): Promise<{ plan: string; state: PropertyMap }> {
  const before = own.provider.messages.length;
  const { name, inputs } = declared(change);
  const known = stack.entries.get(`Migrations/${name}`);
  const resource = own.provider.resource("pgstead:index:Migrations", name);
  if (known !== undefined) await stack.diff(declared(change));
  const found =
    known === undefined
      ? (await resource.create(inputs, { preview: true })).state
      : await resource.update({ ...known, oldInputs: known.inputs, inputs }, { preview: true });
  const said = own.provider.messages.slice(before).map(({ message }) => message);
  return { plan: said.findLast((message) => message.startsWith("plan: ")) ?? "", state: found };
}

describe.skipIf(!hasPython)("an application's Alembic within up", () => {
  test("is shown as SQL with the lines of its files, runs once, and then nothing differs", async () => {
    const { plan, state: planned } = await preview();
    expect(plan).toContain("CREATE TABLE app.orders (");
    expect(plan).toContain(
      "migrations/versions/c3f0c3d2e4b5_email.py:13; lock (write-under-lock): rows of table app.customers are written under the lock of an earlier statement (allowed: two rows, and nobody uses the table yet)",
    );
    expect(planned).toMatchObject({
      refusals: [],
      pending: [
        {
          file: "migrations/versions/a1f0c3d2e4b5_orders.py",
          makes: [{ kind: "r", schema: "app", name: "orders" }],
        },
        {},
        {},
      ],
    });
    expect(await shop.database.query("SELECT to_regclass('app.orders') AS made")).toEqual([{ made: null }]);
    await stack.up(declared());
    expect(state()).toMatchObject({ head: "c3f0c3d2e4b5_email.py", applied: 3, pending: [], refusals: [] });
    expect(await stack.diff(declared())).toMatchObject({ changed: false });
    expect((await shop.trail()).filter(({ outcome }) => outcome === "done")).toHaveLength(3);
  });

  test("is refused in the preview by its line where it loses data, and allowed by the stack's word", async () => {
    await stack.up(declared());
    await shop.application.revise({
      id: "d4f0c3d2e4b5",
      name: "drop",
      down: "c3f0c3d2e4b5",
      upgrade: [
        '# pgstead:allow drop-table reason="kept elsewhere now"',
        'op.drop_table("orders", schema="app")',
      ],
    });
    expect((await preview()).state.refusals).toMatchObject([
      { subject: "migrations/versions/d4f0c3d2e4b5_drop.py:12" },
    ]);
    await expect(stack.up(declared())).rejects.toThrow(/the stack does not allow it/);
    const allowDataLoss = [`migration ${shop.database.name}/d4f0c3d2e4b5_drop.py`];
    await stack.up(declared({ allowDataLoss }));
    expect(state()).toMatchObject({ head: "d4f0c3d2e4b5_drop.py" });
  });

  test("goes no further than the target, and says what is above it without taking it back", async () => {
    await stack.up(declared({ target: "b2f0c3d2e4b5" }));
    expect(state()).toMatchObject({ head: "b2f0c3d2e4b5_customers.py", applied: 2 });
    const { plan, state: planned } = await preview({ target: "a1f0c3d2e4b5" });
    expect(plan).toContain(
      "b2f0c3d2e4b5_customers.py applied above the target a1f0c3d2e4b5; `migrate downgrade` takes it back",
    );
    expect(planned).toMatchObject({ refusals: [], applied: 2 });
  });

  test("says in the preview where the models differ, and refuses an application that cannot be asked", async () => {
    await stack.up(declared());
    await shop.database.query("ALTER TABLE app.orders ADD COLUMN by_hand text");
    expect((await preview()).plan).toContain(
      "the models differ from the database: op.drop_column('orders', 'by_hand', schema='app')",
    );
    const { refusals } = (await preview({ directory: "/nowhere" })).state;
    expect(refusals).toMatchObject([{ message: "/nowhere is no directory" }]);
  });

  test("says that it cannot be asked yet where the migrator cannot log in, and runs nothing", async () => {
    const login = { user: "nobody_yet", password: "x" };
    const { plan, state: planned } = await preview({ login });
    expect(plan).toContain("nobody_yet cannot log in yet");
    expect(planned).toMatchObject({ refusals: [], pending: [] });
  });

  test("that fails tells the line, and what of it stays", async () => {
    await shop.application.revise({
      id: "d4f0c3d2e4b5",
      name: "broken",
      down: "c3f0c3d2e4b5",
      upgrade: ['op.execute("COMMENT ON TABLE app.none IS NULL")'],
    });
    await expect(stack.up(declared())).rejects.toThrow(
      /done before it, and stays: a1f0c3d2e4b5_orders\.py, .*\n\s+migrations\/versions\/d4f0c3d2e4b5_broken\.py:11: UndefinedTable: relation "app\.none" does not exist/,
    );
  });
});
