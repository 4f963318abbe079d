import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { planDatabaseAccess } from "../../components/core/database/access";
import type { DatabaseAccess } from "../../components/core/database/model";
import type { PrivilegesDeclaration } from "../../components/core/privileges/declaration";
import { applyStatements } from "../../components/io/apply";
import { readDatabaseCatalog } from "../../components/io/catalog/database";
import type { Session } from "../../components/io/session";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let session: Session;
let databases = 0;

beforeAll(async () => {
  server = await startServer();
  const admin = await server.connect();
  const groups = ["app", "ext", "public"].flatMap((name) => [`shop_${name}_reader`, `shop_${name}_writer`]);
  for (const name of ["keeper", "changer", "api", "mallory", ...groups])
    await admin.query(`CREATE ROLE ${name}`);
  await admin.close();
});

afterAll(() => server.stop());

beforeEach(async () => {
  const name = `shop${databases++}`;
  const admin = await server.connect();
  await admin.query(`CREATE DATABASE ${name} OWNER keeper TEMPLATE template0`);
  await admin.close();
  session = await server.connect(name);
  await mend();
  return () => session.close();
});

const schemas = [
  { name: "public", owner: "pg_database_owner" },
  { name: "app", owner: "keeper" },
  { name: "ext", owner: "keeper" },
];
const grants = [
  { on: { schema: "app" }, privileges: ["CREATE"] },
  { on: { tablesIn: "ext" }, privileges: ["TRIGGER"] },
];
const privileges: PrivilegesDeclaration = {
  database: "shop",
  owner: "keeper",
  manager: "postgres",
  authoritative: false,
  schemas: schemas.map((schema) => (schema.name === "ext" ? { ...schema, holdsExtension: true } : schema)),
  roles: [{ name: "keeper" }, { name: "changer", migrator: true }, { name: "api", grants }],
};
const extensions = [{ name: "hstore", schema: "ext" }];
const declared: DatabaseAccess = { database: "shop", schemas, extensions, allowDataLoss: [], privileges };

const plan = async (desired = declared) =>
  planDatabaseAccess(desired, desired, await readDatabaseCatalog(session, { manager: "postgres" }));

/** Plans, acts and plans again: what is left then is nothing. */
async function mend(desired = declared): Promise<string[]> {
  const { statements } = await plan(desired);
  await applyStatements(session, statements);
  expect((await plan(desired)).statements.map(({ sql }) => sql)).toEqual([]);
  return statements.map(({ sql }) => sql);
}

const defaults = 'ALTER DEFAULT PRIVILEGES FOR ROLE "keeper"';

describe("what was changed by hand is found and set back:", () => {
  test.each([
    ["GRANT CREATE ON SCHEMA public TO PUBLIC", 'REVOKE CREATE ON SCHEMA "public" FROM PUBLIC'],
    ["REVOKE USAGE ON SCHEMA public FROM PUBLIC", 'GRANT USAGE ON SCHEMA "public" TO PUBLIC'],
    ["REVOKE USAGE ON SCHEMA ext FROM PUBLIC", 'GRANT USAGE ON SCHEMA "ext" TO PUBLIC'],
    ["GRANT USAGE ON SCHEMA app TO PUBLIC", 'REVOKE USAGE ON SCHEMA "app" FROM PUBLIC'],
    ["REVOKE USAGE ON SCHEMA app FROM shop_app_reader", 'GRANT USAGE ON SCHEMA "app" TO "shop_app_reader"'],
    ["GRANT CREATE ON SCHEMA app TO shop_app_writer", 'REVOKE CREATE ON SCHEMA "app" FROM "shop_app_writer"'],
    ["REVOKE CREATE ON SCHEMA app FROM keeper", 'GRANT CREATE ON SCHEMA "app" TO "keeper"'],
    ["REVOKE CREATE ON SCHEMA app FROM api", 'GRANT CREATE ON SCHEMA "app" TO "api"'],
    [
      "ALTER DEFAULT PRIVILEGES FOR ROLE keeper IN SCHEMA app GRANT SELECT ON TABLES TO PUBLIC",
      `${defaults} IN SCHEMA "app" REVOKE SELECT ON TABLES FROM PUBLIC`,
    ],
    [
      "ALTER DEFAULT PRIVILEGES FOR ROLE keeper IN SCHEMA app REVOKE SELECT ON TABLES FROM shop_app_reader",
      `${defaults} IN SCHEMA "app" GRANT SELECT ON TABLES TO "shop_app_reader"`,
    ],
    [
      "ALTER DEFAULT PRIVILEGES FOR ROLE changer IN SCHEMA ext REVOKE ALL ON TABLES FROM api",
      'ALTER DEFAULT PRIVILEGES FOR ROLE "changer" IN SCHEMA "ext" GRANT TRIGGER ON TABLES TO "api"',
    ],
    [
      "ALTER DEFAULT PRIVILEGES FOR ROLE keeper GRANT EXECUTE ON FUNCTIONS TO PUBLIC",
      `${defaults} REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC`,
    ],
    [
      "ALTER DEFAULT PRIVILEGES FOR ROLE keeper REVOKE USAGE ON TYPES FROM PUBLIC",
      `${defaults} GRANT USAGE ON TYPES TO PUBLIC`,
    ],
    [
      "ALTER DEFAULT PRIVILEGES FOR ROLE keeper REVOKE INSERT ON TABLES FROM keeper",
      `${defaults} GRANT INSERT ON TABLES TO "keeper"`,
    ],
    [
      "ALTER DEFAULT PRIVILEGES FOR ROLE api IN SCHEMA app GRANT SELECT ON TABLES TO changer WITH GRANT OPTION",
      'ALTER DEFAULT PRIVILEGES FOR ROLE "api" IN SCHEMA "app" REVOKE SELECT ON TABLES FROM "changer"',
    ],
    [
      "ALTER DEFAULT PRIVILEGES FOR ROLE keeper GRANT USAGE ON SCHEMAS TO api",
      `${defaults} REVOKE USAGE ON SCHEMAS FROM "api"`,
    ],
  ])("%s", async (byHand, statement) => {
    await session.query(byHand);
    expect(await mend()).toEqual([statement]);
  });
});

test("what foreign roles have and say is told and left, unless nobody else is to have anything", async () => {
  await session.query(`
    GRANT USAGE ON SCHEMA app TO mallory;
    ALTER DEFAULT PRIVILEGES FOR ROLE keeper IN SCHEMA app GRANT SELECT ON TABLES TO mallory;
    ALTER DEFAULT PRIVILEGES FOR ROLE mallory GRANT SELECT ON TABLES TO PUBLIC`);
  const { statements, undeclared = [] } = await plan();
  expect(statements).toEqual([]);
  expect(undeclared.map(({ kind, subject }) => `${kind}: ${subject}`)).toEqual([
    'privilege: USAGE on schema "app" for mallory',
    "default privilege: SELECT on TABLES in schema app by keeper for mallory",
    "default privilege: default privileges of mallory on TABLES",
  ]);
  expect(await mend({ ...declared, privileges: { ...privileges, authoritative: true } })).toEqual([
    'REVOKE USAGE ON SCHEMA "app" FROM "mallory"',
    `${defaults} IN SCHEMA "app" REVOKE SELECT ON TABLES FROM "mallory"`,
  ]);
});

test("schemas that nobody declared are left alone, with all that is said of them", async () => {
  await session.query(`CREATE SCHEMA theirs; GRANT CREATE ON SCHEMA theirs TO PUBLIC;
    ALTER DEFAULT PRIVILEGES FOR ROLE keeper IN SCHEMA theirs GRANT SELECT ON TABLES TO PUBLIC`);
  const theirs = { kind: "schema", subject: "schema shop.theirs", message: "nobody declared it" };
  expect(await plan()).toMatchObject({ statements: [], undeclared: [theirs] });
});

test("without privileges in the declaration they stay as they are", async () => {
  const { privileges: _privileges, ...kept } = declared;
  await session.query("GRANT CREATE ON SCHEMA public, app TO PUBLIC");
  expect(await plan(kept)).toMatchObject({ statements: [], undeclared: [] });
});

test("an extension in a schema of its own is everybody's to use, and its functions stay as they came", async () => {
  await session.query("SET ROLE mallory");
  expect(await session.query("SELECT 'a=>1'::ext.hstore OPERATOR(ext.->) 'a' AS value")).toEqual([
    { value: "1" },
  ]);
  await session.query("RESET ROLE");
});
