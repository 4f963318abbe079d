import { beforeAll, describe, expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { databaseAccess, useOwnProvider } from "../support/own-provider";

const own = useOwnProvider();
const app = { name: "app", owner: "keeper" };
const trgm = { name: "pg_trgm", schema: "public" };

beforeAll(async () => {
  await own.sql("CREATE ROLE keeper");
  await own.sql("CREATE ROLE mallory");
});

let databases = 0;

/** A database of a test's own, with what is declared in it. */
async function declare(change: PropertyMap) {
  const name = `shop${databases++}`;
  await own.sql(`CREATE DATABASE ${name} TEMPLATE template0`);
  own.stack.entries.clear();
  const access = (next: PropertyMap) => databaseAccess(own.connection, name, next);
  await own.stack.up(access(change));
  const sql = async (...statements: string[]) => {
    for (const text of statements.slice(0, -1)) await own.sql(text, name);
    return own.sql(statements.at(-1) ?? "", name);
  };
  return { name, access, declared: access(change), sql };
}

const found = `
  SELECT (SELECT json_object_agg(nspname, nspowner::regrole) FROM pg_namespace
          WHERE nspname !~ '^pg_' AND nspname <> 'information_schema') AS schemas,
         (SELECT json_object_agg(extname, extnamespace::regnamespace || ' ' || extversion) FROM pg_extension
          WHERE extname <> 'plpgsql') AS extensions`;

test("schemas and extensions are made where they are missing", async () => {
  const { declared, sql } = await declare({
    schemas: [app],
    extensions: [trgm, { ...trgm, name: "hstore", schema: "app" }],
  });
  expect(await sql(found)).toEqual([
    {
      schemas: { public: "pg_database_owner", app: "keeper" },
      extensions: { pg_trgm: "public 1.6", hstore: "app 1.8" },
    },
  ]);
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
});

describe("what was changed by hand is found and set back:", () => {
  test.each<[string, string, string]>([
    [
      "a schema's owner",
      "ALTER SCHEMA app OWNER TO mallory",
      'ALTER SCHEMA "app" OWNER TO "keeper";  -- the server has owner mallory [access]',
    ],
    [
      "a schema dropped",
      "DROP SCHEMA app",
      'CREATE SCHEMA "app" AUTHORIZATION "keeper";  -- declared and not on the server',
    ],
    [
      "public dropped",
      "DROP SCHEMA public CASCADE",
      'CREATE SCHEMA "public" AUTHORIZATION "pg_database_owner";  -- declared and not on the server',
    ],
    [
      "an extension dropped",
      "DROP EXTENSION pg_trgm",
      `CREATE EXTENSION "pg_trgm" SCHEMA "public" VERSION '1.6';  -- declared and not on the server`,
    ],
    [
      "an extension moved",
      "ALTER EXTENSION pg_trgm SET SCHEMA app",
      'ALTER EXTENSION "pg_trgm" SET SCHEMA "public";  -- the server has it in schema app [access]',
    ],
    [
      "an extension's version",
      "DROP EXTENSION pg_trgm; CREATE EXTENSION pg_trgm SCHEMA public VERSION '1.4'",
      `ALTER EXTENSION "pg_trgm" UPDATE TO '1.6';  -- the server has version 1.4 [lock]`,
    ],
  ])("%s", async (_what, byHand, planned) => {
    const public_ = { name: "public", owner: "pg_database_owner" };
    const { declared, sql } = await declare({
      schemas: [app, public_],
      extensions: [{ ...trgm, version: "1.6" }],
    });
    const before = await sql(found);
    await sql(byHand);
    expect(await own.stack.diff(declared)).toMatchObject({ detailed: { live: "update" } });
    expect(own.lastPlan()[0]).toBe(`  ${planned}`);
    expect(await own.stack.up(declared)).toHaveLength(1);
    expect(await sql(found)).toEqual(before);
    expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
  });
});

describe("a schema that leaves", () => {
  const fill = [
    "CREATE TABLE app.orders (id serial, at timestamptz)",
    "CREATE VIEW app.recent AS SELECT * FROM app.orders",
    "CREATE TYPE app.state AS ENUM ('new')",
    "CREATE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE FUNCTION app.two() RETURNS int LANGUAGE sql AS 'SELECT 2'",
  ];

  test("is refused while it holds something, with all that would be lost", async () => {
    const { name, access, sql } = await declare({ schemas: [app] });
    await sql(...fill);
    await expect(own.stack.up(access({}))).rejects.toThrow(
      new RegExp(
        `schema ${name}.app: it left the configuration and is not empty: 2 functions, 1 table, 1 type, 1 view would be lost[\\s\\S]*allowDataLoss: \\["schema ${name}.app"\\]`,
      ),
    );
    expect(await sql("SELECT count(*)::int AS n FROM app.orders")).toEqual([{ n: 0 }]);
  });

  test.each([
    [
      "1 partition",
      "CREATE TABLE public.p (n int) PARTITION BY RANGE (n)",
      "CREATE TABLE app.part PARTITION OF public.p DEFAULT",
      "1 table",
    ],
    ["a collation", "SELECT 1", "CREATE COLLATION app.plain (provider = libc, locale = 'C')", "1 collation"],
    [
      "an operator",
      "SELECT 1",
      "CREATE OPERATOR app.=== (leftarg = int, rightarg = int, function = int4eq)",
      "1 operator",
    ],
    [
      "a dictionary",
      "SELECT 1",
      "CREATE TEXT SEARCH DICTIONARY app.d (template = simple)",
      "1 text search dictionary",
    ],
    ["a range with what belongs to it", "SELECT 1", "CREATE TYPE app.span AS RANGE (subtype = date)", "type"],
    ["a sequence of its own", "SELECT 1", "CREATE SEQUENCE app.s", "1 sequence"],
    ["an extension of somebody", "SELECT 1", "CREATE EXTENSION hstore SCHEMA app", "1 extension"],
  ])("is not empty with %s, as DROP SCHEMA would fail", async (_what, first, second, lost) => {
    const { access, sql } = await declare({ schemas: [app] });
    await sql(first, second);
    await expect(own.stack.up(access({}))).rejects.toThrow(
      new RegExp(`is not empty: .*${lost}.* would be lost`),
    );
    await expect(sql("DROP SCHEMA app")).rejects.toThrow("other objects depend on it");
  });

  test("is emptied where it is named, so that its official resource can drop it", async () => {
    const { name, access, sql } = await declare({
      schemas: [app],
      extensions: [{ name: "hstore", schema: "app" }],
    });
    await sql(...fill);
    const allowed = access({ allowDataLoss: [`schema ${name}.app`] });
    expect(await own.stack.up(allowed)).toHaveLength(1);
    expect(own.lastPlan()).toEqual([
      `  DROP SCHEMA "app" CASCADE;  -- it left the configuration, with 2 functions, 1 table, 1 type, 1 view: allowed by "schema ${name}.app" [data-loss]`,
      '  CREATE SCHEMA "app" AUTHORIZATION "keeper";  -- left empty for its official resource to drop',
      '  CREATE EXTENSION "hstore" SCHEMA "app";  -- left for its official resource to drop, which fails where there is nothing',
    ]);
    await sql("DROP EXTENSION hstore", "DROP SCHEMA app");
    expect(await own.stack.diff(allowed)).toMatchObject({ changed: false });
  });

  test("may go where it is empty", async () => {
    const { access, sql } = await declare({ schemas: [app] });
    expect(await own.stack.up(access({}))).toHaveLength(1);
    expect(own.lastPlan()).not.toContain("DROP");
    await sql("DROP SCHEMA app");
  });
});

test("one statement that fails takes back the others of its transaction, and says why", async () => {
  const { access, sql } = await declare({ schemas: [app] });
  const wrong = access({
    schemas: [
      { ...app, owner: "mallory" },
      { name: "zoo", owner: "nobody_there" },
    ],
  });
  await expect(own.stack.up(wrong)).rejects.toThrow(
    /CREATE SCHEMA "zoo" AUTHORIZATION "nobody_there":\s+role "nobody_there" does not exist \(42704\)\s+hint: nothing of this transaction was kept/,
  );
  expect(await sql(found)).toMatchObject([{ schemas: { public: "pg_database_owner", app: "keeper" } }]);
});

test("another database makes the resource anew, and the old one is left as it is", async () => {
  const { declared, sql } = await declare({ schemas: [app] });
  const other = databaseAccess(own.connection, "postgres", { schemas: [] });
  const moved = { ...other, name: declared.name };
  expect(await own.stack.diff(moved)).toMatchObject({ replaces: ["database"] });
  expect(await sql(found)).toMatchObject([{ schemas: { app: "keeper" } }]);
});

test("an import of what is no scope is refused, with what to do instead", async () => {
  await expect(own.stack.import("pgstead:index:Access", "x", "schema/shop")).rejects.toThrow(
    /it holds no object of its own[\s\S]*declare it and run `pulumi up`/,
  );
});
