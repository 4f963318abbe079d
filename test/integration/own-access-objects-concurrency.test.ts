import { beforeAll, beforeEach, expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { eventually } from "../support/eventually";
import { plansOf, useOwnProvider } from "../support/own-provider";
import type { Declared } from "../support/provider-stack";

const own = useOwnProvider();

beforeAll(async () => {
  for (const name of ["keeper", "shop_app_reader", "shop_app_writer"]) await own.sql(`CREATE ROLE ${name}`);
});

beforeEach(async () => {
  own.stack.entries.clear();
  await own.sql("DROP DATABASE IF EXISTS shop WITH (FORCE)");
  await own.sql("CREATE DATABASE shop OWNER keeper");
  await own.sql("CREATE SCHEMA app AUTHORIZATION keeper", "shop");
});

function objects(): Declared {
  const schemas = [{ name: "app", owner: "keeper" }];
  const privileges = { database: "shop", owner: "keeper", manager: "postgres", authoritative: false };
  const declared: PropertyMap = { ...privileges, schemas, roles: [{ name: "keeper" }] };
  const inputs = { scope: "objects", connection: own.connection, database: "shop", privileges: declared };
  return { name: "objects", token: "pgstead:index:Access", inputs };
}

/** Runs statements again and again, in sessions of their own, while something else goes on. */
async function during<Result>(loops: readonly (readonly string[])[], work: () => Promise<Result>) {
  let rounds = 0;
  let isOver = false;
  const running = loops.map(async (statements) => {
    const session = await own.server.connect("shop");
    while (!isOver) {
      // A statement that meets the other loops at a bad moment is the loop's affair, and it goes on.
      for (const statement of statements) await session.query(statement).catch(() => undefined);
      rounds++;
    }
    await session.close();
  });
  try {
    return { result: await work(), rounds: () => rounds };
  } finally {
    isOver = true;
    await Promise.all(running);
  }
}

test("objects that appear, vanish and are changed while they are mended do not stop a run", async () => {
  const tables = Array.from({ length: 200 }, (_, index) => `CREATE TABLE app.t${index} (id serial);`);
  await own.sql(tables.join(" "), "shop");
  const comings = [0, 1].map((loop) => [
    `CREATE TABLE app.passing${loop} (id serial)`,
    `CREATE FUNCTION app.passing${loop}() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
    `DROP TABLE app.passing${loop}`,
    `DROP FUNCTION app.passing${loop}()`,
  ]);
  const grants = [
    "GRANT TRIGGER ON app.t7 TO keeper",
    "ALTER TABLE app.t7 ADD COLUMN n int",
    "ALTER TABLE app.t7 DROP COLUMN n",
  ];
  const { rounds } = await during([...comings, grants], () => own.stack.up(objects()));
  expect(rounds()).toBeGreaterThan(0);
  expect(plansOf(own.provider).length).toBeGreaterThan(0);
  // With the others gone, one more run leaves nothing to do.
  await own.sql("DROP TABLE IF EXISTS app.passing0, app.passing1", "shop");
  await own.stack.up(objects());
  expect(await own.stack.diff(objects())).toMatchObject({ changed: false });
  const [row] = await own.sql(
    `SELECT count(*)::int AS n FROM pg_class WHERE relnamespace = 'app'::regnamespace AND relkind = 'r'
       AND has_table_privilege('shop_app_reader', oid, 'SELECT') AND relowner = 'keeper'::regrole`,
    "shop",
  );
  expect(row).toEqual({ n: 200 });
});

test("a table that another session works on is waited for", async () => {
  await own.sql("CREATE TABLE app.orders (id int)", "shop");
  const session = await own.server.connect("shop");
  await session.query("BEGIN");
  await session.query("INSERT INTO app.orders VALUES (1)");
  const up = own.stack.up(objects());
  await eventually("the run waits for the table", async () => {
    const rows = await own.sql("SELECT FROM pg_locks WHERE locktype = 'relation' AND NOT granted");
    return rows.length > 0 ? true : undefined;
  });
  await session.query("COMMIT");
  await session.close();
  await up;
  expect(await own.stack.diff(objects())).toMatchObject({ changed: false });
});

test("thousands of tables of another owner move without running out of locks", async () => {
  await own.sql(
    `DO $$ BEGIN FOR i IN 1..2500 LOOP
       EXECUTE format('CREATE TABLE app.t%s (id serial PRIMARY KEY, note text UNIQUE)', i);
       IF i % 500 = 0 THEN COMMIT; END IF;
     END LOOP; END $$`,
    "shop",
  );
  await own.stack.up(objects());
  expect(await own.stack.diff(objects())).toMatchObject({ changed: false });
});
