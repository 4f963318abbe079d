import { beforeAll, describe, expect, test } from "vitest";
import {
  Database,
  DatabaseAccessControl,
  EmbeddedServer,
  Guard,
  ObjectsAccessControl,
  Roles,
  Schemas,
  ServerAccessControl,
} from "../../components";
import { record, secretPaths, valueOf, type Recorded } from "../support/recorded-program";

/** A whole service, on a server that goes with the stack or that stays. */
function service(disposable: boolean) {
  const server = new EmbeddedServer("server", { port: 54320, disposable, checkout: "/checkout" });
  const { connection } = server;
  const roles = new Roles("shop", {
    connection,
    roles: [
      { name: "shop_owner" },
      { name: "shop_app", login: true, connectionLimit: 40, validUntil: "2030-01-01" },
    ],
  });
  const database = new Database("shop", {
    connection,
    name: "shop",
    owner: "shop_owner",
    protect: !disposable,
    dependsOn: roles.resources,
  });
  const serverAccess = new ServerAccessControl("server", {
    connection,
    databases: [{ database, roles, schemas: [{ name: "app", writers: ["shop_app"] }] }],
  });
  const dependsOn = [serverAccess.resource];
  const schemas = new Schemas("shop", {
    connection,
    database,
    schemas: [{ name: "public" }, { name: "app" }],
    extensions: [{ name: "pg_trgm" }, { name: "hstore", schema: "app", version: "1.8" }],
    dependsOn,
  });
  const access = new DatabaseAccessControl("shop", { connection, database, schemas, roles, dependsOn });
  const objects = new ObjectsAccessControl("shop", {
    connection,
    database,
    schemas,
    roles,
    dependsOn: [access.resource],
  });
  const accesses = [serverAccess, access, objects];
  new Guard("guard", { refusals: [server, ...accesses].map(({ refusals }) => refusals) });
  return { server, roles };
}

let kept: readonly Recorded[];
let disposable: readonly Recorded[];
let parts: ReturnType<typeof service>;

beforeAll(async () => {
  ({ resources: kept } = await record(() => service(false)));
  ({ resources: disposable, result: parts } = await record(() => service(true)));
});

function only(resources: readonly Recorded[], urn: string): Recorded {
  const found = resources.filter((resource) => resource.urn === urn);
  expect(found, urn).toHaveLength(1);
  return found[0]!;
}

test("a service is these resources, each below its component", () => {
  const pairs = kept.map(({ urn, parent }) => [urn, parent]).toSorted();
  expect(pairs).toEqual([
    ["pg:index:Database::shop", ""],
    ["pg:index:DatabaseAccessControl::shop", ""],
    ["pg:index:EmbeddedServer::server", ""],
    ["pg:index:ObjectsAccessControl::shop", ""],
    ["pg:index:Roles::shop", ""],
    ["pg:index:Schemas::shop", ""],
    ["pg:index:ServerAccessControl::server", ""],
    ["pgstead:index:Access::server", "pg:index:ServerAccessControl::server"],
    ["pgstead:index:Access::shop", "pg:index:DatabaseAccessControl::shop"],
    ["pgstead:index:Access::shop-objects", "pg:index:ObjectsAccessControl::shop"],
    ["pgstead:index:Credential::server-administrator", "pg:index:EmbeddedServer::server"],
    ["pgstead:index:Credential::shop_app", "pg:index:Roles::shop"],
    ["pgstead:index:EmbeddedServer::server", "pg:index:EmbeddedServer::server"],
    ["pgstead:index:Guard::guard", ""],
    ["postgresql:index/database:Database::shop", "pg:index:Database::shop"],
    ["postgresql:index/extension:Extension::shop-hstore", "pg:index:Schemas::shop"],
    ["postgresql:index/extension:Extension::shop-pg_trgm", "pg:index:Schemas::shop"],
    ["postgresql:index/role:Role::shop_app", "pg:index:Roles::shop"],
    ["postgresql:index/role:Role::shop_owner", "pg:index:Roles::shop"],
    ["postgresql:index/schema:Schema::shop-app", "pg:index:Schemas::shop"],
    ["pulumi:providers:postgresql::server", "pg:index:EmbeddedServer::server"],
  ]);
});

describe("official resources", () => {
  const official = () => kept.filter(({ type }) => type.startsWith("postgresql:"));

  test("are all made by the one provider of the server", () => {
    expect(official()).toHaveLength(6);
    for (const { provider } of official()) expect(provider).toBe("pulumi:providers:postgresql::server");
  });

  test("are dropped with what they are in", () => {
    const pairs = (resources: readonly Recorded[]) =>
      Object.fromEntries(
        resources
          .filter(({ type }) => /^(postgresql:|pgstead:index:Access)/.test(type))
          .map(({ urn, deletedWith }) => [urn, deletedWith]),
      );
    const database = "postgresql:index/database:Database::shop";
    expect(pairs(kept)).toEqual({
      "pgstead:index:Access::server": "",
      "pgstead:index:Access::shop": database,
      "pgstead:index:Access::shop-objects": database,
      [database]: "",
      "postgresql:index/extension:Extension::shop-hstore": database,
      "postgresql:index/extension:Extension::shop-pg_trgm": database,
      "postgresql:index/role:Role::shop_app": "",
      "postgresql:index/role:Role::shop_owner": "",
      "postgresql:index/schema:Schema::shop-app": database,
    });
    const server = "pgstead:index:EmbeddedServer::server";
    expect(pairs(disposable)).toEqual({
      ...pairs(kept),
      "pgstead:index:Access::server": server,
      [database]: server,
      "postgresql:index/role:Role::shop_app": server,
      "postgresql:index/role:Role::shop_owner": server,
    });
  });

  test("a database is protected unless it is disposable, and nothing else is", () => {
    const protectedOnes = (resources: readonly Recorded[]) =>
      resources.filter(({ protect }) => protect).map(({ urn }) => urn);
    expect(protectedOnes(kept)).toEqual(["postgresql:index/database:Database::shop"]);
    expect(protectedOnes(disposable)).toEqual([]);
  });

  test("a role gets its verifier as password, no memberships, and leaves what it owns alone", () => {
    const { inputs } = only(kept, "postgresql:index/role:Role::shop_app");
    expect(inputs).toMatchObject({
      name: "shop_app",
      login: true,
      connectionLimit: 40,
      validUntil: "2030-01-01",
      skipReassignOwned: true,
      password: { value: "verifier of shop_app" },
    });
    expect(inputs).not.toHaveProperty("roles");
    expect(only(kept, "postgresql:index/role:Role::shop_owner").inputs).not.toHaveProperty("password");
  });

  test("a schema is dropped without what it holds, and public is not made", () => {
    expect(only(kept, "postgresql:index/schema:Schema::shop-app").inputs).toMatchObject({
      name: "app",
      owner: "shop_owner",
      database: "shop",
      dropCascade: false,
    });
  });
});

describe("secrets", () => {
  test("are marked before they reach the engine, wherever they go", () => {
    const paths = Object.fromEntries(
      kept
        .map(({ urn, inputs }) => [urn, secretPaths(inputs)] as const)
        .filter(([, found]) => found.length > 0),
    );
    expect(paths).toEqual({
      "pgstead:index:Access::server": ["connection.password", "roles.1.verifier"],
      "pgstead:index:Access::shop": ["connection.password"],
      "pgstead:index:Access::shop-objects": ["connection.password"],
      "pgstead:index:EmbeddedServer::server": ["password", "verifier"],
      "postgresql:index/role:Role::shop_app": ["password"],
      "pulumi:providers:postgresql::server": ["password"],
    });
  });

  test("are outputs that the state encrypts", () => {
    for (const { type, secretOutputs } of kept) {
      const owner = type === "pgstead:index:Credential" || type === "pgstead:index:EmbeddedServer";
      if (owner) expect(secretOutputs).toEqual(["password", "verifier"]);
    }
    expect(kept.filter(({ type }) => type === "pgstead:index:Credential")).toHaveLength(2);
  });

  test("are no argument of a component", () => {
    const components = kept.filter(({ type }) => type.startsWith("pg:"));
    expect(components).toHaveLength(7);
    for (const { inputs } of components) expect(inputs).toEqual({});
  });

  test("leave the components as secrets with their values", async () => {
    const { passwords } = parts.roles;
    expect(await valueOf(passwords)).toEqual({ shop_app: "password of shop_app" });
    expect(await (passwords as unknown as { isSecret: Promise<boolean> }).isSecret).toBe(true);
  });
});

describe("the order", () => {
  const dependencies = (urn: string) => only(kept, urn).dependencies;

  test("is roles, database, access of the server, schemas, extensions, access of the database, then of its objects", () => {
    const [access, database] = ["pgstead:index:Access::server", "postgresql:index/database:Database::shop"];
    const schema = "postgresql:index/schema:Schema::shop-app";
    expect(dependencies(database)).toContain("postgresql:index/role:Role::shop_owner");
    expect(dependencies(access)).toEqual(
      expect.arrayContaining([database, "postgresql:index/role:Role::shop_app"]),
    );
    expect(dependencies(schema)).toEqual(expect.arrayContaining([access, database]));
    expect(dependencies("postgresql:index/extension:Extension::shop-hstore")).toContain(schema);
    expect(dependencies("pgstead:index:Access::shop")).toEqual(
      expect.arrayContaining([schema, "postgresql:index/extension:Extension::shop-pg_trgm"]),
    );
    expect(dependencies("pgstead:index:Access::shop-objects")).toContain("pgstead:index:Access::shop");
  });

  test("ends with the guard, which depends on all that can refuse", () => {
    expect(dependencies("pgstead:index:Guard::guard").toSorted()).toEqual([
      "pgstead:index:Access::server",
      "pgstead:index:Access::shop",
      "pgstead:index:Access::shop-objects",
      "pgstead:index:EmbeddedServer::server",
    ]);
  });
});
