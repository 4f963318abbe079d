import { afterEach, beforeEach, expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { migratedDatabase, type MigratedDatabase } from "../support/migrations";
import { migrationsOf, writeParts } from "../support/own-migrations";
import { useOwnProvider } from "../support/own-provider";
import { ProviderStack, type Declared } from "../support/provider-stack";

const own = useOwnProvider();
let shop: MigratedDatabase;
let stack: ProviderStack;
beforeEach(async () => {
  shop = await migratedDatabase(own.server);
  stack = new ProviderStack(own.provider);
  await writeParts(shop, ["CREATE TABLE app.orders (id bigint PRIMARY KEY, price int);"]);
  await shop.repeat("views/prices.sql", view("id, price"));
  await shop.repeat(
    "views/dear.sql",
    "CREATE OR REPLACE VIEW app.dear AS SELECT * FROM app.prices WHERE price > 9;\n",
  );
});
afterEach(() => shop.remove());

const view = (columns: string): string =>
  `CREATE OR REPLACE VIEW app.prices AS SELECT ${columns} FROM app.orders;\n`;
const declared = (change: PropertyMap = {}): Declared => migrationsOf(shop, own.connection, change);
const state = (): PropertyMap => stack.entry(`Migrations/${shop.name}`).state;

/** What the last preview says. */
async function preview(change: PropertyMap = {}): Promise<string> {
  const before = own.provider.messages.length;
  await stack.diff(declared(change));
  const said = own.provider.messages.slice(before).map(({ message }) => message);
  return said.join("\n");
}

test("functions and views are shown and applied after the migrations, and a preview after it has nothing to say", async () => {
  const resource = own.provider.resource("pgstead:index:Migrations", shop.name);
  const planned = await resource.create(declared().inputs, { preview: true });
  expect(planned.state.pending).toMatchObject([
    { file: "sql/migrations/0001-orders.sql" },
    { file: "sql/views/prices.sql", makes: [{ kind: "r", schema: "app", name: "prices" }] },
    { file: "sql/views/dear.sql" },
  ]);
  await stack.up(declared());
  expect(state()).toMatchObject({ head: "0001-orders.sql", applied: 1, pending: [], refusals: [] });
  expect(
    await shop.query("SELECT relowner::regrole::text AS owner FROM pg_class WHERE relname = 'dear'"),
  ).toEqual([{ owner: shop.owner }]);
  expect(await stack.diff(declared())).toMatchObject({ changed: false });
});

test("a changed view shows as its statement with what is made anew, and up does it", async () => {
  await stack.up(declared());
  await shop.query("GRANT SELECT ON app.dear TO PUBLIC");
  await shop.repeat("views/prices.sql", view("price, id"));
  const said = await preview();
  expect(said).toContain(
    "CREATE OR REPLACE VIEW app.prices AS SELECT price, id FROM app.orders;  -- sql/views/prices.sql:1; its text changed",
  );
  expect(said).toContain(
    "sql/views/prices.sql:1: dropped and made anew, privileges included: view app.dear, view app.prices",
  );
  await stack.up(declared());
  expect(
    await shop.query(
      "SELECT relacl::text LIKE '%=r/%' AS public FROM pg_class WHERE oid = 'app.dear'::regclass",
    ),
  ).toEqual([{ public: true }]);
  expect(await stack.diff(declared())).toMatchObject({ changed: false });
});

test("a view that somebody dropped by hand is made anew", async () => {
  await stack.up(declared());
  await shop.query("DROP VIEW app.dear");
  expect(await preview()).toContain("sql/views/dear.sql:1; what it made is gone");
  await stack.up(declared());
  expect(await shop.query("SELECT to_regclass('app.dear')::text AS v")).toEqual([{ v: "app.dear" }]);
});

test("what would take something else along is refused in the preview, with its name", async () => {
  await stack.up(declared());
  await shop.query("CREATE VIEW app.stranger AS SELECT * FROM app.dear");
  await shop.repeat("views/prices.sql", view("price, id"));
  const entry = stack.entry(`Migrations/${shop.name}`);
  const resource = own.provider.resource("pgstead:index:Migrations", shop.name);
  const { refusals } = await resource.update(
    { ...entry, oldInputs: entry.inputs, inputs: declared().inputs },
    { preview: true },
  );
  expect(refusals).toMatchObject([
    { subject: "sql/views/prices.sql:1", message: expect.stringContaining("view app.stranger") as unknown },
  ]);
});

test("they wait while the target holds migrations back, and faults of theirs are refused with the others", async () => {
  await stack.up(declared({ target: "base" }));
  expect((await shop.history()).repeatables).toEqual([]);
  await shop.repeat("views/bad.sql", "CREATE VIEW app.bad AS SELECT 1;");
  const entry = stack.entry(`Migrations/${shop.name}`);
  const resource = own.provider.resource("pgstead:index:Migrations", shop.name);
  const { refusals } = await resource.update(
    { ...entry, oldInputs: entry.inputs, inputs: declared().inputs },
    { preview: true },
  );
  expect(refusals).toMatchObject([
    { subject: "sql/views/bad.sql:1", message: "view app.bad is made once: a second run would fail" },
  ]);
});
