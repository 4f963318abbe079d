import { afterEach, beforeEach, expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { crashAtEveryStatement, type Crash } from "../support/crash";
import { eventually } from "../support/eventually";
import { migratedDatabase, type MigratedDatabase } from "../support/migrations";
import { migrationsOf, writeParts } from "../support/own-migrations";
import { connectionTo, useOwnProvider } from "../support/own-provider";
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
const orders = "CREATE TABLE app.orders (id bigint PRIMARY KEY);";
const lines = "CREATE TABLE app.lines (id bigint PRIMARY KEY);";

test("two runs at once: one waits, and no file is applied twice", async () => {
  await writeParts(shop, ["CREATE TABLE app.slow (id bigint);\nSELECT pg_sleep(1);", lines]);
  const other = new ProviderStack(own.provider);
  await Promise.all([stack.up(declared()), other.up(declared())]);
  expect((await shop.history()).applied).toHaveLength(2);
  expect(other.entry(`Migrations/${shop.name}`).state).toMatchObject({ head: "0002-lines.sql", applied: 2 });
  expect(state()).toMatchObject({ head: "0002-lines.sql", applied: 2 });
  const trail = await shop.query(
    "SELECT version FROM pgstead.migration_trail WHERE outcome = 'done' ORDER BY id",
  );
  expect(trail).toEqual([{ version: "0001" }, { version: "0002" }]);
});

test("a migration that waits for a lock holds up no other resource of its server", async () => {
  await writeParts(shop, [orders]);
  await stack.up(declared());
  await shop.write("0002-add.sql", "ALTER TABLE app.orders ADD COLUMN body text;");
  const reader = await shop.open();
  await reader.query("BEGIN; SELECT FROM app.orders");
  const waiting = stack.up(
    declared({ limits: { lockTimeoutMs: 200, statementTimeoutMs: 0, attempts: 1000, retryForMs: 60_000 } }),
  );
  await eventually("it tries again", () =>
    own.provider.messages.some(({ message }) => message.includes("tries again")) ? true : undefined,
  );
  const done = new ProviderStack(own.provider).up({
    name: "server",
    token: "pgstead:index:Access",
    inputs: {
      scope: "database",
      connection: own.connection,
      database: shop.name,
      schemas: [{ name: "public", owner: "pg_database_owner" }],
      extensions: [{ name: "pg_trgm", schema: "public" }],
      allowDataLoss: [],
    },
  });
  expect(await done).toMatchObject([{ op: "create" }]);
  await reader.query("COMMIT");
  await reader.close();
  await waiting;
  expect(state()).toMatchObject({ head: "0002-add.sql" });
});

// Every statement of the engine by itself has its own tests.
test.each<Crash>(["provider before", "provider after", "server"])(
  "a run converges after a crash at its statements: %s",
  async (crash) => {
    await writeParts(shop, [lines]);
    await shop.write("0002-index.sql", "CREATE INDEX CONCURRENTLY lines_id ON app.lines (id);", {
      header: "-- transaction: none\n",
      down: "DROP INDEX CONCURRENTLY app.lines_id;",
    });
    const count = await crashAtEveryStatement(
      {
        server: own.server,
        connect: (port) => ({ ...connectionTo(own.server), port }),
        declare: (connection) => migrationsOf(shop, connection),
        every: 10,
        async reset() {
          await shop.query(
            `DROP TABLE IF EXISTS app.lines;
             DELETE FROM pgstead.migration; DELETE FROM pgstead.migration_progress`,
          );
        },
        async afterCrash() {
          // What is recorded is there, and nothing else.
          const made = await shop.query("SELECT to_regclass('app.lines') IS NOT NULL AS lines");
          const { applied } = await shop.history();
          expect(made).toEqual([{ lines: applied.some(({ name }) => name === "lines") }]);
        },
      },
      crash,
    );
    expect(count).toBeGreaterThan(20);
  },
  300_000,
);
