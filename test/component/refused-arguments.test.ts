import { expect, test } from "vitest";
import { Database, EmbeddedServer, Roles, Schemas, type RoleArgs, type SchemasArgs } from "../../components";
import { record } from "../support/recorded-program";

/** What a program registers before it fails. */
async function failing(program: () => unknown): Promise<{ message: string; registered: string[] }> {
  let message = "it did not fail";
  const { resources } = await record(() => {
    try {
      program();
    } catch (error) {
      message = (error as Error).message;
    }
  });
  return {
    message,
    registered: resources.map(({ urn }) => urn).filter((urn) => /Roles|Role|Schema/.test(urn)),
  };
}

const server = () => new EmbeddedServer("server", { port: 54320 }).connection;

test.each<[string, RoleArgs[], string]>([
  ["one", [{ name: "app" }, { name: "app" }], "roles declared twice: app"],
  ["several", [{ name: "b" }, { name: "a" }, { name: "b" }, { name: "a" }], "roles declared twice: b, a"],
])("roles declared twice %s are refused before anything is registered", async (_how, roles, message) => {
  expect(await failing(() => new Roles("shop", { connection: server(), roles }))).toEqual({
    message,
    registered: [],
  });
});

test.each<[string, Pick<SchemasArgs, "schemas" | "extensions">]>([
  ["schemas declared twice: app", { schemas: [{ name: "app" }, { name: "app", owner: "other" }] }],
  ["extensions declared twice: hstore", { extensions: [{ name: "hstore" }, { name: "hstore" }] }],
])("%s", async (message, declared) => {
  const program = () => {
    const connection = server();
    const database = new Database("shop", { connection, name: "shop", owner: "shop_owner" });
    return new Schemas("shop", { connection, database, ...declared });
  };
  expect(await failing(program)).toEqual({ message, registered: [] });
});
