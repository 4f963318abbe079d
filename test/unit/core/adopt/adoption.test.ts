import { describe, expect, test } from "vitest";
import { renderImports } from "../../../../components/core/adopt/imports";
import type { ActualRole } from "../../../../components/core/server/role";
import { adopt, database, membership, publicSchema, role, server } from "./adopted-server";

describe("a server is written down as it is", () => {
  test("with nothing that is the default", () => {
    const { config } = adopt(server({ databases: [database("shop")] }));
    expect(config).toEqual({
      "pgstead:target": "existing",
      "pgstead:server": { host: "db.example.com", shared: true, administrator: { name: "postgres" } },
      "pgstead:database": { name: "shop", owner: "postgres", privileges: "keep", schemas: {} },
    });
  });

  test("with its place, its encryption and a login without superuser", () => {
    const found = server({ databases: [database("shop")], manager: "master" });
    const tls = { mode: "verify-ca", ca: "db.crt" } as const;
    const { config } = adopt({ ...found, port: 6432, superuser: false, tls });
    expect(config["pgstead:server"]).toEqual({
      host: "db.example.com",
      port: 6432,
      shared: true,
      tls: { mode: "verify-ca", ca: "db.crt" },
      administrator: { name: "master", superuser: false },
    });
  });

  test("several databases by name, each role in the one that it is about", () => {
    const databases = [database("shop", { owner: "boss" }), database("billing")];
    const roles = [role("boss"), role("clerk", { login: true }), role("billing_app", { login: true })];
    const settings = [{ role: "clerk", database: "shop", settings: ["jit=off"] }];
    const { config } = adopt(server({ databases, roles, settings }));
    expect(config["pgstead:databases"]).toMatchObject({
      billing: { owner: "postgres", roles: { app: { login: true, password: "keep" } } },
      shop: {
        owner: "boss",
        roles: {
          boss: { name: "boss" },
          clerk: { name: "clerk", login: true, password: "keep", databaseSettings: { jit: "off" } },
        },
      },
    });
  });

  test("a database with its locale, limit, settings, schemas and extensions", () => {
    const shop = database("shop", {
      owner: "boss",
      encoding: "LATIN1",
      lcCollate: "de_DE",
      lcCtype: "C",
      connectionLimit: 9,
    });
    const named = (name: string, owner: string) => ({ ...publicSchema, name, owner });
    const schemas = [
      named("public", "postgres"),
      named("app", "boss"),
      named("old", "ghost"),
      named("pgstead", "x"),
    ];
    const extension = (name: string, schema: string) => ({ name, schema });
    const extensions = [
      extension("plpgsql", "pg_catalog"),
      extension("citext", "public"),
      extension("ltree", "app"),
    ];
    const settings = [
      { role: null, database: "shop", settings: ["work_mem=8MB", "search_path=app, public"] },
    ];
    const catalog = { databases: [shop], roles: [role("boss"), role("ghost")], settings };
    const { only, databases } = adopt(server(catalog, { shop: { schemas, extensions } }));
    expect(only).toMatchObject({
      owner: "boss",
      encoding: "LATIN1",
      locale: "de_DE",
      ctype: "C",
      connectionLimit: 9,
      settings: { work_mem: "8MB", search_path: "app, public" },
      schemas: { app: {}, old: { owner: "ghost" }, public: { owner: "postgres" } },
      extensions: ["citext", { name: "ltree", schema: "app" }],
    });
    expect(databases).toMatchObject([{ schemas: ["app", "old"], extensions: ["citext", "ltree"] }]);
  });

  test("a role with all that it is and belongs to", () => {
    const batch = role("batch", {
      login: true,
      connectionLimit: 3,
      inherit: false,
      createDatabase: true,
      replication: true,
      bypassRowLevelSecurity: true,
      validUntil: Date.UTC(2035, 0, 2, 3, 4, 5) / 1000,
    });
    const memberships = [
      membership("pg_monitor", "batch", { set: false }),
      membership("team", "batch"),
      membership("team", "batch", { grantor: "boss", admin: true }),
      membership("batch", "somebody"),
    ];
    const settings = [{ role: "batch", database: null, settings: ["statement_timeout=30s"] }];
    const catalog = { databases: [database("shop")], roles: [batch, role("team")], memberships, settings };
    const { only } = adopt(server(catalog));
    expect(only.roles?.batch).toEqual({
      name: "batch",
      login: true,
      password: "keep",
      connectionLimit: 3,
      inherit: false,
      createDatabase: true,
      replication: true,
      bypassRowLevelSecurity: true,
      validUntil: "2035-01-02T03:04:05Z",
      memberOf: [
        { role: "pg_monitor", set: false },
        { role: "team", admin: true },
      ],
      settings: { statement_timeout: "30s" },
    });
  });

  test("what CREATEROLE gives its holder by itself is no membership", () => {
    const maker = role("maker", { createRole: true });
    const implicit = { admin: true, inherit: false, set: false };
    const memberships = [membership("made", "maker", implicit), membership("pg_monitor", "maker")];
    const { only } = adopt(
      server({ databases: [database("shop")], roles: [maker, role("made")], memberships }),
    );
    expect(only.roles?.maker).toMatchObject({ memberOf: ["pg_monitor"] });
  });
});

describe("keys of roles", () => {
  const keysOf = (...roles: ActualRole[]): Record<string, unknown> =>
    adopt(server({ databases: [database("shop")], roles })).only.roles ?? {};

  test("are short where the name begins with the database's", () => {
    expect(keysOf(role("shop_app"), role("shop_owner"), role("other"))).toEqual({
      app: {},
      other: { name: "other" },
      owner: {},
    });
  });

  test("are the whole name where the short one means something else", () => {
    // A migrator works as the owner, an owner never logs in, and `app` is another role.
    const keys = keysOf(
      role("shop_migrator"),
      role("shop_owner", { login: true }),
      role("shop_app"),
      role("app"),
    );
    expect(Object.keys(keys)).toEqual(["app", "shop_app", "shop_migrator", "shop_owner"]);
    expect(keys.shop_app).toEqual({ name: "shop_app" });
  });

  test("a membership in a role of the same database is written by its key", () => {
    const roles = [role("shop_app"), role("shop_team")];
    const memberships = [membership("shop_team", "shop_app")];
    const { only } = adopt(server({ databases: [database("shop")], roles, memberships }));
    expect(only.roles).toMatchObject({ app: { memberOf: ["team"] } });
  });
});

test("the import names every resource of the program, under its component, with its provider", () => {
  const schemas = [publicSchema, { ...publicSchema, name: "app", owner: "postgres" }];
  const extensions = [{ name: "citext", schema: "app" }];
  const catalog = { databases: [database("shop")], roles: [role("shop_app")] };
  const adoption = adopt(server(catalog, { shop: { schemas, extensions } }));
  const { nameTable, resources } = renderImports(adoption, { stack: "prod", project: "pgstead" });
  const [[provider, urn] = []] = Object.entries(nameTable);
  expect(urn).toBe("urn:pulumi:prod::pgstead::pg:index:ExistingServer$pulumi:providers:postgresql::server");
  const parents = new Map(resources.map(({ name, type, logicalName }) => [name, `${type} ${logicalName}`]));
  expect(parents.size).toBe(resources.length);
  expect(
    resources
      .filter(({ component }) => component !== true)
      .map(({ type, logicalName, id, parent = "", provider: by }) => [
        `${type.split(":").at(-1) ?? ""} ${logicalName}`,
        id,
        parents.get(parent),
        by === provider,
      ]),
  ).toEqual([
    ["Role shop_app", "shop_app", "pg:index:Roles shop", true],
    ["Database shop", "shop", "pg:index:Database shop", true],
    ["Schema shop-app", "shop.app", "pg:index:Schemas shop", true],
    ["Extension shop-citext", "shop.citext", "pg:index:Schemas shop", true],
    ["Access shop", "database/shop", "pg:index:DatabaseAccessControl shop", false],
    ["Access server", "server", "pg:index:ServerAccessControl server", false],
    ["Guard guard", "guard", undefined, false],
  ]);
});

describe("two teams on one server", () => {
  const databases = [database("billing", { owner: "clerk" }), database("shop", { owner: "boss" })];
  const roles = [role("boss"), role("clerk"), role("nobodys")];

  test("one database is adopted with the roles that are about it, and no other is told of", () => {
    const { config, roles: adopted, notes } = adopt({ ...server({ databases, roles }), only: ["shop"] });
    expect(config["pgstead:database"]).toMatchObject({ name: "shop", owner: "boss" });
    expect(adopted.map(({ name }) => name)).toEqual(["boss"]);
    expect(notes.map(({ subject }) => subject)).toEqual(["privileges in shop", "the whole server"]);
  });

  test("what another stack has marked is left to it, and what this one has marked is not", () => {
    const mark = (what: string, stack: string) => ({ what, stack, since: "2026-04-01", by: "postgres" });
    const marks = [mark("database billing", "p/b"), mark("role clerk", "p/b"), mark("role boss", "p/a")];
    const owner = { hasSchema: true, hasTable: true, mayCreate: true, row: undefined, marks };
    const {
      databases: adopted,
      roles: taken,
      notes,
    } = adopt({ ...server({ databases, roles, owner }), stack: "p/a" });
    expect(adopted.map(({ name }) => name)).toEqual(["shop"]);
    expect(taken.map(({ name }) => name)).toEqual(["boss", "nobodys"]);
    expect(notes).toContainEqual({
      subject: "database billing",
      message: "it is left to stack p/b, which declares it",
    });
    expect(notes).toContainEqual({
      subject: "role clerk",
      message: "it is left to stack p/b, which declares it",
    });
  });
});
