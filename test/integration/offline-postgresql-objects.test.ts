import { beforeAll, describe, expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { database, extension, role, schema, useOfflinePostgresql } from "../support/offline-postgresql";
import type { Declared } from "../support/provider-stack";

const offline = useOfflinePostgresql();

describe("a database", () => {
  test("is dropped with force, sessions and rows included", async () => {
    await offline.stack.up(database({ name: "busy" }));
    const session = await offline.server.connect("busy");
    await session.query("CREATE TABLE public.t AS SELECT 1 AS id");
    await offline.stack.destroy("Database/busy");
    expect(await offline.sql("SELECT FROM pg_database WHERE datname = 'busy'")).toEqual([]);
    await session.close().catch(() => undefined); // ended by the server
  });

  test.each([
    ["lcCollate", { lcCollate: "POSIX" }],
    ["lcCtype", { lcCtype: "POSIX" }],
    ["template", { template: "template1" }],
  ])("with a changed %s is made anew: the old one goes first, with its rows", async (property, change) => {
    const inputs = { name: `anew_${property.toLowerCase()}`, encoding: "UTF8", lcCollate: "C", lcCtype: "C" };
    await offline.stack.up(database({ ...inputs, template: "template0" }));
    await offline.sql("CREATE TABLE public.precious AS SELECT 1 AS id", inputs.name);
    const changed = database({ ...inputs, template: "template0", ...change });
    expect(await offline.stack.diff(changed)).toMatchObject({
      replaces: [property],
      detailed: { [property]: "update-replace" },
      deleteBeforeReplace: true,
    });
    expect(await offline.stack.up(changed)).toMatchObject([
      { op: "replace", diff: [property], replace: [property] },
    ]);
    expect(await offline.sql("SELECT FROM pg_tables WHERE tablename = 'precious'", inputs.name)).toEqual([]);
  });

  test("with a changed encoding is made anew as well", async () => {
    await offline.stack.up(database({ name: "coded", encoding: "UTF8" }));
    expect(await offline.stack.diff(database({ name: "coded", encoding: "SQL_ASCII" }))).toMatchObject({
      replaces: ["encoding"],
      deleteBeforeReplace: true,
    });
  });

  test("without a word about locale keeps the one it has, and belongs to the login", async () => {
    const plain = database({ name: "plain" });
    await offline.stack.up(plain);
    const { inputs, state } = offline.stack.entry("Database/plain");
    expect(inputs).toEqual({
      __defaults: ["allowConnections", "connectionLimit"],
      allowConnections: true,
      connectionLimit: -1,
      name: "plain",
    });
    expect(state).toMatchObject({ owner: "postgres", encoding: "UTF8", template: "template0" });
    expect(await offline.stack.up(plain)).toEqual([]);
  });

  test("is renamed and gets another owner in place", async () => {
    const declaration = (name: string, owner: string): Declared => database({ name, owner }, "moving");
    await offline.stack.up(declaration("first", "postgres"), role({ name: "next_owner" }));
    const [before] = await offline.sql("SELECT oid FROM pg_database WHERE datname = 'first'");
    const [step] = await offline.stack.up(declaration("second", "next_owner"));
    expect(step).toMatchObject({ op: "update", diff: ["name", "owner"] });
    expect(await offline.sql("SELECT oid FROM pg_database WHERE datname = 'second'")).toEqual([before]);
  });
});

describe("a schema and an extension", () => {
  beforeAll(() => offline.stack.up(database({ name: "inner" }), role({ name: "inner_owner" })));

  test("a schema with objects is not dropped, unless dropCascade", async () => {
    await offline.stack.up(schema({ name: "full", database: "inner" }));
    await offline.sql('CREATE TABLE "full".t ()', "inner");
    await expect(offline.stack.destroy("Schema/full")).rejects.toThrow(
      /schema "full" in database "inner"[\s\S]*could not be dropped[\s\S]*2BP01[\s\S]*hint: /,
    );
    await offline.stack.up(schema({ name: "full", database: "inner", dropCascade: true }));
    await offline.stack.destroy("Schema/full");
    expect(await offline.sql("SELECT FROM pg_namespace WHERE nspname = 'full'", "inner")).toEqual([]);
  });

  test("a schema that is gone already is no failure, an extension that is gone is", async () => {
    await offline.stack.up(
      schema({ name: "vanished", database: "inner" }),
      extension({ name: "citext", database: "inner" }),
    );
    await offline.sql("DROP SCHEMA vanished; DROP EXTENSION citext", "inner");
    await offline.stack.destroy("Schema/vanished");
    await expect(offline.stack.destroy("Extension/citext")).rejects.toThrow(
      /42704[\s\S]*hint: .*pulumi refresh/,
    );
    expect(await offline.stack.refresh()).toContainEqual({
      op: "delete",
      name: "citext",
      diff: [],
      replace: [],
    });
  });

  test("a schema that exists is taken over and gets its owner", async () => {
    await offline.stack.up(schema({ name: "public", database: "inner", owner: "inner_owner" }));
    expect(
      await offline.sql(
        "SELECT nspowner::regrole::text AS owner FROM pg_namespace WHERE nspname = 'public'",
        "inner",
      ),
    ).toEqual([{ owner: "inner_owner" }]);
  });

  test("a schema is renamed in place, and replaced in another database", async () => {
    const declaration = (name: string, place: string): Declared =>
      schema({ name, database: place }, "moving");
    await offline.stack.up(declaration("before", "inner"));
    expect(await offline.stack.up(declaration("after", "inner"))).toMatchObject([
      { op: "update", diff: ["name"] },
    ]);
    expect(offline.stack.entry("Schema/moving").state.id).toBe("inner.after");
    expect(await offline.stack.up(declaration("after", "postgres"))).toMatchObject([{ op: "replace" }]);
    expect(await offline.sql("SELECT FROM pg_namespace WHERE nspname = 'after'", "inner")).toEqual([]);
  });

  test("an extension that is in use is not dropped, unless dropCascade", async () => {
    await offline.stack.up(extension({ name: "hstore", database: "inner" }));
    await offline.sql("CREATE TABLE public.uses (value public.hstore)", "inner");
    await expect(offline.stack.destroy("Extension/hstore")).rejects.toThrow(/extension "hstore"[\s\S]*2BP01/);
    await offline.stack.up(extension({ name: "hstore", database: "inner", dropCascade: true }));
    await offline.stack.destroy("Extension/hstore");
    expect(await offline.sql("SELECT FROM pg_extension WHERE extname = 'hstore'", "inner")).toEqual([]);
  });

  test("an extension moves to another schema and another version in place", async () => {
    await offline.stack.up(schema({ name: "tools", database: "inner" }));
    const at = (inputs: PropertyMap) => extension({ name: "pg_trgm", database: "inner", ...inputs });
    await offline.stack.up(at({ schema: "public", version: "1.5" }));
    const [step] = await offline.stack.up(at({ schema: "tools", version: "1.6" }));
    expect(step).toMatchObject({ op: "update", diff: ["schema", "version"] });
    expect(offline.stack.entry("Extension/pg_trgm").state).toMatchObject({ schema: "tools", version: "1.6" });
  });
});
