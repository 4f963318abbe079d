import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
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
});
afterEach(() => shop.remove());

const declared = (change: PropertyMap = {}): Declared => migrationsOf(shop, own.connection, change);
const state = (): PropertyMap => stack.entry(`Migrations/${shop.name}`).state;
const file = (name: string): string => join(shop.directory, name);

/** What a preview says and gives. */
async function preview(change: PropertyMap = {}): Promise<{ plan: string[]; state: PropertyMap }> {
  const before = own.provider.messages.length;
  const known = stack.entries.get(`Migrations/${shop.name}`);
  const resource = own.provider.resource("pgstead:index:Migrations", shop.name);
  const { inputs } = declared(change);
  // As the engine does, which asks for the difference first.
  if (known !== undefined) await stack.diff(declared(change));
  const found =
    known === undefined
      ? (await resource.create(inputs, { preview: true })).state
      : await resource.update({ ...known, oldInputs: known.inputs, inputs }, { preview: true });
  const said = own.provider.messages.slice(before).map(({ message }) => message);
  const text = said.findLast((message) => message.startsWith("plan: ")) ?? "";
  return { plan: text.split("\n").slice(1), state: found };
}

/** Subjects and messages of what a preview refuses. */
async function refused(change: PropertyMap = {}): Promise<string[]> {
  const { refusals } = (await preview(change)).state;
  return (refusals as { subject: string; message: string }[]).map(
    ({ subject, message }) => `${subject}: ${message}`,
  );
}

const orders = "CREATE TABLE app.orders (\n  id bigint PRIMARY KEY\n);";
const lines = "CREATE TABLE app.lines (id bigint PRIMARY KEY);";
const given = (...ups: readonly string[]): Promise<void> => writeParts(shop, ups);

describe("a preview", () => {
  test("shows every pending file as its SQL, with its place, its class and its reason, and changes nothing", async () => {
    await given(
      orders,
      '-- pgstead:allow create-index reason="the table is small"\nCREATE INDEX orders_id ON app.orders (id);',
    );
    const found = await preview();
    expect(found.plan).toEqual([
      "  CREATE TABLE app.orders (",
      "      id bigint PRIMARY KEY",
      "    );  -- sql/migrations/0001-orders.sql:6",
      expect.stringMatching(
        /^ {2}CREATE INDEX orders_id ON app\.orders \(id\); {2}-- sql\/migrations\/0002-later\.sql:7; lock \(create-index\): .* \(allowed: the table is small\) \[lock\]$/,
      ),
    ]);
  });

  test("tells dependants what pending files make", async () => {
    await given(orders, "ALTER TABLE app.orders ADD COLUMN body text;");
    const found = await preview();
    const table = { kind: "r", schema: "app", name: "orders" };
    expect(found.state).toMatchObject({ head: "", applied: 0, refusals: [] });
    expect(found.state.pending).toEqual([
      { file: "sql/migrations/0001-orders.sql", makes: [table] },
      { file: "sql/migrations/0002-later.sql", makes: [{ ...table, column: "body" }] },
    ]);
    expect((await shop.history()).applied).toEqual([]);
  });

  test("of a database that is yet to be made shows all files, and the tables of the history", async () => {
    await given(orders);
    const { plan } = await preview({ database: "notyet", owner: "nobody" });
    expect(plan.join("\n")).toContain('CREATE SCHEMA "pgstead"');
    expect(plan.join("\n")).toContain('GRANT USAGE ON SCHEMA "pgstead" TO');
    expect(plan.at(-1)).toBe("    );  -- sql/migrations/0001-orders.sql:6");
  });

  test("refuses what is wrong with files, all of it", async () => {
    await given(orders);
    await writeFile(file("0003-late.sql"), "SELECT 1;");
    const found = await refused();
    expect(found).toContain("sql/migrations/0003-late.sql: follows on 0001-orders.sql: 0002 is missing");
    expect(found.join("\n")).toContain("has no `-- migrate:up`");
    await expect(stack.up(declared())).rejects.toThrow("refused before any statement was sent");
    expect((await shop.history()).applied).toEqual([]);
  });

  test("refuses a directory that is not there", async () => {
    expect(await refused({ directory: file("nowhere") })).toEqual(["sql/migrations: is not there"]);
  });

  test("refuses what nobody acknowledged, and lost data that the stack does not allow, with the entry", async () => {
    await given(orders);
    await stack.up(declared());
    await shop.write("0002-drop.sql", "DROP TABLE app.orders;");
    expect(await refused()).toEqual([
      expect.stringContaining("sql/migrations/0002-drop.sql:6: data-loss (drop-table): "),
    ]);
    await shop.write(
      "0002-drop.sql",
      '-- pgstead:allow drop-table reason="replaced by lines"\nDROP TABLE app.orders;',
    );
    const entry = `migration ${shop.name}/0002-drop.sql`;
    expect((await preview()).state.refusals).toMatchObject([
      { hint: `take a backup, then allow the loss with pgstead:allowDataLoss: ["${entry}"]` },
    ]);
    await expect(stack.up(declared())).rejects.toThrow("the stack does not allow it");
    await stack.up(declared({ allowDataLoss: [entry] }));
    expect(state()).toMatchObject({ head: "0002-drop.sql", applied: 2 });
  });
});

describe("up", () => {
  test("applies as the migrator and the owner, and a preview after it has nothing to say", async () => {
    await given(orders, lines);
    expect(await stack.up(declared())).toMatchObject([{ op: "create" }]);
    expect(state()).toMatchObject({ head: "0002-lines.sql", applied: 2, pending: [], refusals: [] });
    const { applied } = await shop.history();
    expect(applied.map(({ appliedBy }) => appliedBy)).toEqual([shop.migrator.user, shop.migrator.user]);
    expect(
      await shop.query("SELECT relowner::regrole::text AS owner FROM pg_class WHERE relname = 'orders'"),
    ).toEqual([{ owner: shop.owner }]);
    const before = own.provider.messages.length;
    expect(await stack.diff(declared())).toMatchObject({ changed: false });
    expect(own.provider.messages).toHaveLength(before);
  });

  test("without a migrator is the administrator's, and the statements are the owner's all the same", async () => {
    await given(orders);
    const { inputs, ...rest } = declared();
    const { login: _login, ...without } = inputs;
    await stack.up({ ...rest, inputs: without });
    expect((await shop.history()).applied).toMatchObject([{ appliedBy: own.server.superuser }]);
    expect(
      await shop.query("SELECT relowner::regrole::text AS owner FROM pg_class WHERE relname = 'orders'"),
    ).toEqual([{ owner: shop.owner }]);
  });

  test("that fails says file, line, statement and hint; what ran before stays, and nothing of the failed file", async () => {
    await given(
      orders,
      lines,
      `${lines.replace("lines", "more")}\nSELECT 1/0;`,
      lines.replace("lines", "last"),
    );
    await expect(stack.up(declared())).rejects.toThrow(
      /the migrations of database shop\d+ failed \(done before it, and stays: 0001-orders\.sql, 0002-lines\.sql\):\n {2}sql\/migrations\/0003-more\.sql:7: division by zero \(22012\); in: SELECT 1\/0\n {4}hint: /,
    );
    expect((await shop.history()).applied).toHaveLength(2);
    expect(await shop.query("SELECT to_regclass('app.more') AS made")).toEqual([{ made: null }]);
    await shop.write("0003-more.sql", "SELECT 1;");
    await stack.up(declared());
    expect(state()).toMatchObject({ head: "0004-last.sql", applied: 4 });
  });

  test("goes no further than the target, and not down to it without the explicit word", async () => {
    await given(orders, lines, lines.replace("lines", "more"));
    await stack.up(declared({ target: "0002" }));
    expect(state()).toMatchObject({ head: "0002-lines.sql", pending: [] });
    expect(await stack.diff(declared({ target: "lines" }))).toMatchObject({ changed: false });
    const { plan } = await preview({ target: "0001" });
    expect(plan).toEqual([
      "  note: 0002-lines.sql is applied above the target 0001; `migrate downgrade 0001` takes back what is above it, and so does `up` with pgstead:migrations.downgrade: allow",
    ]);
    expect(await stack.up(declared({ target: "0001" }))).toEqual([]);
    expect((await shop.history()).applied).toHaveLength(2);
  });

  test("goes down with the word, once its loss is allowed", async () => {
    await given(orders, lines);
    await stack.up(declared());
    const down = { target: "base", downgrade: "allow" };
    expect(await refused(down)).toEqual([
      expect.stringContaining("0002-lines.sql:8: data-loss (drop-table)"),
      expect.stringContaining("0001-orders.sql:10: data-loss (drop-table)"),
    ]);
    const entries = ["0001-orders.sql", "0002-lines.sql"].map((name) => `downgrade ${shop.name}/${name}`);
    // The way there is another loss than the way back.
    expect(
      await refused({ ...down, allowDataLoss: entries.map((one) => one.replace("downgrade", "migration")) }),
    ).toHaveLength(2);
    await stack.up(declared({ ...down, allowDataLoss: entries }));
    expect(state()).toMatchObject({ head: "", applied: 0 });
    expect(await stack.diff(declared(down))).toMatchObject({ changed: false });
  });
});

describe("drift", () => {
  beforeEach(async () => {
    await given(orders, lines);
    await stack.up(declared());
  });

  test("a file that was taken back by hand is told by name, and applied again", async () => {
    await shop.downgrade({ steps: 1 });
    const difference = await stack.diff(declared());
    expect(difference.detailed).toMatchObject({ head: "update", applied: "update", live: "update" });
    expect(own.lastPlan()).toEqual([
      "  CREATE TABLE app.lines (id bigint PRIMARY KEY);  -- sql/migrations/0002-lines.sql:6",
      "  note: 0002-lines.sql was applied at the last `up`, and was taken back since",
    ]);
    await stack.up(declared());
    expect(await stack.diff(declared())).toMatchObject({ changed: false });
  });

  test("a file that was taken back stays so where the target says it", async () => {
    await shop.downgrade({ steps: 1 });
    expect(await stack.diff(declared({ target: "0001" }))).toMatchObject({ changed: false });
    expect(await stack.up(declared({ target: "0001" }))).toEqual([]);
  });

  test("a file that was applied elsewhere is told by name, and then known", async () => {
    await shop.write("0003-more.sql", lines.replace("lines", "more"));
    await shop.upgrade();
    expect((await stack.diff(declared())).detailed).toEqual({
      head: "update",
      applied: "update",
      digest: "update",
    });
    expect(own.lastPlan()).toEqual([
      expect.stringMatching(
        /^ {2}note: 0003-more\.sql was applied since the last `up`, by shop\d+_migrator on [-\d]+ [:\d]+ UTC$/,
      ),
    ]);
    expect(await stack.up(declared())).toMatchObject([{ op: "update" }]);
    expect(await stack.diff(declared())).toMatchObject({ changed: false });
  });

  test("a record that was edited is told", async () => {
    await shop.query("UPDATE pgstead.migration SET checksum = 'x' WHERE version = '0001'");
    expect((await stack.diff(declared())).detailed).toMatchObject({ digest: "update" });
    expect(await refused()).toEqual([
      expect.stringContaining("sql/migrations/0001-orders.sql: was edited after it was applied"),
    ]);
  });

  test("edited, renamed and deleted files are refused by name", async () => {
    const text = await readFile(file("0001-orders.sql"), "utf8");
    await writeFile(file("0001-orders.sql"), text.replace("bigint", "int"));
    expect(await refused()).toEqual([
      expect.stringContaining("sql/migrations/0001-orders.sql: was edited after it was applied"),
    ]);
    await writeFile(file("0001-orders.sql"), text);
    await rename(file("0001-orders.sql"), file("0001-parcels.sql"));
    expect(await refused()).toEqual([
      expect.stringContaining("0001-parcels.sql: was renamed: it is applied as 0001-orders.sql"),
    ]);
    await rename(file("0001-parcels.sql"), file("0001-orders.sql"));
    await rm(file("0002-lines.sql"));
    expect(await refused()).toEqual([
      expect.stringContaining("sql/migrations/0002-lines.sql: is applied by"),
    ]);
  });
});
