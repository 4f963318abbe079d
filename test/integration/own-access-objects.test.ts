import { beforeAll, beforeEach, describe, expect, test } from "vitest";
import { connectionTo, useOwnProvider } from "../support/own-provider";
import type { PropertyMap } from "../../components/providers/properties";
import type { Declared } from "../support/provider-stack";

const own = useOwnProvider();
const groups = ["shop_app_reader", "shop_app_writer", "shop_public_reader", "shop_public_writer"];

beforeAll(async () => {
  for (const name of ["shop_owner", "shop_migrator", "shop_app", "shop_report", ...groups]) {
    await own.sql(`CREATE ROLE ${name}`);
  }
  await own.sql("CREATE ROLE stranger");
  await own.sql("GRANT shop_app_writer TO shop_app");
  await own.sql("GRANT shop_owner TO shop_migrator WITH INHERIT FALSE, SET TRUE");
});

beforeEach(async () => {
  own.stack.entries.clear();
  await own.sql("DROP DATABASE IF EXISTS shop WITH (FORCE)");
  await own.sql("CREATE DATABASE shop OWNER shop_owner");
  await own.sql("CREATE SCHEMA app AUTHORIZATION shop_owner", "shop");
});

function privileges(change: PropertyMap = {}): PropertyMap {
  return {
    database: "shop",
    owner: "shop_owner",
    manager: "postgres",
    authoritative: false,
    schemas: [
      { name: "public", owner: "pg_database_owner" },
      { name: "app", owner: "shop_owner" },
    ],
    roles: [
      { name: "shop_owner" },
      { name: "shop_migrator", migrator: true },
      { name: "shop_app" },
      { name: "shop_report" },
    ],
    ...change,
  };
}

function access(scope: "database" | "objects", change: PropertyMap = {}): Declared {
  const common = { scope, connection: connectionTo(own.server), database: "shop" };
  const inputs =
    scope === "objects"
      ? { ...common, privileges: privileges(change) }
      : {
          ...common,
          schemas: [
            { name: "public", owner: "pg_database_owner" },
            { name: "app", owner: "shop_owner" },
          ],
          extensions: [],
          allowDataLoss: [],
          privileges: privileges(change),
        };
  return { name: scope, token: "pgstead:index:Access", inputs };
}

const both = (change: PropertyMap = {}) => [access("database", change), access("objects", change)];

async function expectNothing(change: PropertyMap = {}): Promise<void> {
  for (const declared of both(change)) {
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  }
}

/** Runs as another role and gives the code of the refusal, or `ok`. */
async function as(role: string, sql: string): Promise<string> {
  const session = await own.server.connect("shop");
  try {
    await session.query(`SET ROLE ${role}`);
    await session.query(sql);
    return "ok";
  } catch (error) {
    return (error as { code?: string }).code ?? String(error);
  } finally {
    await session.close();
  }
}

describe("what is there", () => {
  test("gets its owner and its privileges at once, and a second look finds nothing", async () => {
    await own.sql("CREATE TABLE app.orders (id serial PRIMARY KEY, note text)", "shop");
    await own.sql("CREATE VIEW app.recent AS SELECT * FROM app.orders", "shop");
    await own.sql("CREATE MATERIALIZED VIEW app.sums AS SELECT count(*) FROM app.orders", "shop");
    await own.sql("CREATE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 1'", "shop");
    await own.sql("CREATE PROCEDURE app.work(INOUT a int) LANGUAGE sql AS 'SELECT 1'", "shop");
    await own.sql("CREATE TYPE app.mood AS ENUM ('sad')", "shop");
    await own.sql("CREATE DOMAIN app.word AS text", "shop");
    await own.sql("CREATE SEQUENCE app.counter", "shop");
    await own.sql("CREATE TABLE app.parts (id int) PARTITION BY RANGE (id)", "shop");
    await own.sql("CREATE TABLE app.part PARTITION OF app.parts DEFAULT", "shop");
    await own.stack.up(...both());
    await expectNothing();
    const owners = await own.sql(
      `SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class WHERE relnamespace = 'app'::regnamespace`,
      "shop",
    );
    expect(owners).toEqual([{ owner: "shop_owner" }]);
    expect(await as("shop_app", "INSERT INTO app.orders (note) VALUES ('x')")).toBe("ok");
    expect(await as("shop_app_reader", "SELECT * FROM app.recent, app.sums, app.part")).toBe("ok");
    expect(await as("shop_app_reader", "SELECT app.one()")).toBe("ok");
    expect(await as("shop_app_reader", "DELETE FROM app.orders")).toBe("42501");
    expect(await as("shop_app", "TRUNCATE app.orders")).toBe("42501");
    expect(await as("shop_app", "CREATE TABLE app.mine (id int)")).toBe("42501");
    expect(await as("shop_app", "CREATE TABLE public.mine (id int)")).toBe("42501");
    expect(await as("stranger", "SELECT app.one()")).toBe("42501");
  });

  test("is read and mended in few statements, whatever their number", async () => {
    await own.sql(
      "DO $$ BEGIN FOR i IN 1..120 LOOP EXECUTE format('CREATE TABLE app.t%s (id int)', i); END LOOP; END $$",
      "shop",
    );
    await own.stack.up(access("database"));
    await own.sql("GRANT SELECT ON app.t7 TO stranger", "shop");
    await own.stack.up(access("objects"));
    await expectNothing();
  });
});

describe("what is made later", () => {
  test.each([
    ["the migrator as the owner", "SET ROLE shop_owner"],
    ["the migrator as itself", "SET ROLE shop_migrator"],
  ])("by %s is readable and writable without another run", async (_who, become) => {
    await own.stack.up(...both());
    await own.sql("GRANT CREATE, USAGE ON SCHEMA app TO shop_migrator", "shop");
    const session = await own.server.connect("shop");
    await session.query(become);
    await session.query("CREATE TABLE app.later (id int GENERATED ALWAYS AS IDENTITY, n serial)");
    await session.query("CREATE FUNCTION app.two() RETURNS int LANGUAGE sql AS 'SELECT 2'");
    await session.query(
      "DO $$ BEGIN CREATE TABLE app.inside (id int); CREATE VIEW app.seen AS SELECT 1; END $$",
    );
    await session.close();
    expect(await as("shop_app", "INSERT INTO app.later DEFAULT VALUES")).toBe("ok");
    expect(await as("shop_app", "INSERT INTO app.inside VALUES (app.two())")).toBe("ok");
    expect(await as("shop_app_reader", "SELECT * FROM app.later, app.inside, app.seen")).toBe("ok");
    expect(await as("stranger", "SELECT app.two()")).toBe("42501");
  });

  test("by a SECURITY DEFINER function of the owner as well", async () => {
    await own.stack.up(...both());
    await own.sql(
      `SET ROLE shop_owner; CREATE FUNCTION app.make() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
       AS $$ BEGIN CREATE TABLE app.made (id int); END $$`,
      "shop",
    );
    expect(await as("shop_app", "SELECT app.make()")).toBe("ok");
    expect(await as("shop_app", "INSERT INTO app.made VALUES (1)")).toBe("ok");
    await expectNothing();
  });
});
