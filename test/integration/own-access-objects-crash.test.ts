import { expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { crashAtEveryStatement, type Crash } from "../support/crash";
import { connectionTo, databaseAccess, useOwnProvider } from "../support/own-provider";

const own = useOwnProvider();
const groups = ["app", "public"].flatMap((name) => [`shop_${name}_reader`, `shop_${name}_writer`]);
const schemas = [
  { name: "public", owner: "pg_database_owner" },
  { name: "app", owner: "keeper" },
];
const privileges = {
  database: "shop",
  owner: "keeper",
  manager: "postgres",
  authoritative: false,
  schemas,
  roles: [{ name: "keeper" }],
};

const subject = (declare: (connection: PropertyMap) => ReturnType<typeof databaseAccess>) => ({
  get server() {
    return own.server;
  },
  connect: (port: number) => ({ ...connectionTo(own.server), port }),
  declare,
  async reset() {
    for (const role of ["keeper", "stranger", ...groups]) {
      await own.sql(
        `DO $$ BEGIN IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = '${role}') THEN CREATE ROLE ${role}; END IF; END $$`,
      );
    }
    await own.sql("DROP DATABASE IF EXISTS shop");
    await own.sql("CREATE DATABASE shop OWNER keeper");
    await own.sql(
      `CREATE SCHEMA app; CREATE TABLE app.orders (id serial); GRANT SELECT ON app.orders TO PUBLIC;
       GRANT ALL ON SCHEMA app TO PUBLIC; CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'`,
      "shop",
    );
  },
});

const scopes = {
  database: (connection: PropertyMap) => databaseAccess(connection, "shop", { schemas, privileges }),
  objects: (connection: PropertyMap) => ({
    name: "shop-objects",
    token: "pgstead:index:Access",
    inputs: { scope: "objects", connection, database: "shop", privileges },
  }),
};

test.each<[keyof typeof scopes, Crash]>([
  ["database", "provider before"],
  ["database", "server"],
  ["objects", "provider after"],
  ["objects", "server"],
])(
  "scope %s converges after a crash at any statement: %s",
  async (scope, crash) => {
    expect(await crashAtEveryStatement(subject(scopes[scope]), crash)).toBeGreaterThan(5);
  },
  300_000,
);
