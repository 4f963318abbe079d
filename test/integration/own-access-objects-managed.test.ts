import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { planDatabaseAccess } from "../../components/core/database/access";
import type { DatabaseAccess } from "../../components/core/database/model";
import { planObjectsAccess } from "../../components/core/privileges/objects";
import { joinPlans, type Plan } from "../../components/core/statement";
import { applyStatements } from "../../components/io/apply";
import { readDatabaseCatalog } from "../../components/io/catalog/database";
import { readObjectsCatalog } from "../../components/io/catalog/objects";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import type { Session } from "../../components/io/session";
import { startServer, type TestServer } from "../support/server";

const password = generatePassword();
let server: TestServer;
let admin: Session;
let manager: Session;

beforeAll(async () => {
  server = await startServer();
  const session = await server.connect();
  await session.query(`CREATE ROLE manager LOGIN CREATEROLE PASSWORD '${scramVerifier(password)}'`);
  for (const name of [
    "keeper",
    "mallory",
    "shop_app_reader",
    "shop_app_writer",
    "shop_public_reader",
    "shop_public_writer",
  ]) {
    await session.query(`CREATE ROLE ${name}`);
  }
  await session.query("CREATE DATABASE shop OWNER keeper");
  await session.close();
  admin = await server.connect("shop");
  manager = await server.connect("shop", { user: "manager", password });
});

afterAll(() => server.stop());

beforeEach(async () => {
  await admin.query("REVOKE USAGE ON SCHEMA public FROM shop_public_reader");
  await admin.query("REVOKE keeper FROM manager; DROP SCHEMA IF EXISTS app CASCADE");
  await admin.query(`CREATE SCHEMA app AUTHORIZATION keeper;
    CREATE TABLE app.orders (id serial); ALTER TABLE app.orders OWNER TO keeper;
    CREATE TABLE app.theirs (id serial); ALTER TABLE app.theirs OWNER TO mallory;
    CREATE TABLE app.made (id serial); ALTER TABLE app.made OWNER TO manager`);
});

const schemas = [
  { name: "public", owner: "pg_database_owner" },
  { name: "app", owner: "keeper" },
];
const privileges = {
  database: "shop",
  owner: "keeper",
  manager: "manager",
  authoritative: false,
  schemas,
  roles: [{ name: "keeper" }],
};
const declared: DatabaseAccess = { database: "shop", schemas, extensions: [], allowDataLoss: [], privileges };

async function plan(session: Session): Promise<Plan> {
  const catalog = await readDatabaseCatalog(session, { manager: "manager" });
  return joinPlans(
    planDatabaseAccess(declared, declared, catalog),
    planObjectsAccess(privileges, await readObjectsCatalog(session, privileges)),
  );
}

test("a login without superuser does all of it as a member of the owners, and tells what others own", async () => {
  await admin.query("GRANT keeper TO manager");
  await applyStatements(manager, (await plan(manager)).statements);
  const { statements, refusals, undeclared = [] } = await plan(manager);
  expect({ statements, refusals }).toEqual({ statements: [], refusals: [] });
  expect(undeclared.map(({ subject }) => subject)).toEqual([
    'table "app"."theirs"',
    'sequence "app"."theirs_id_seq"',
    'owner of table "app"."theirs"',
  ]);
  const [row] = await admin.query(
    `SELECT relowner::regrole::text AS owner, has_table_privilege('shop_app_reader', oid, 'SELECT') AS reads
     FROM pg_class WHERE oid = 'app.made'::regclass`,
  );
  expect(row).toEqual({ owner: "keeper", reads: true });
});

test("what such a login cannot do is refused, with the membership that it needs", async () => {
  const { statements, refusals } = await plan(manager);
  expect(statements).toEqual([]);
  expect(refusals).toContainEqual({
    subject: 'schema "app"',
    message: "not as declared, and manager does not belong to the owner keeper",
    hint: "let a superuser make manager a member of keeper, with INHERIT and SET",
  });
  expect(refusals.map(({ subject }) => subject)).toEqual([
    'schema "app"',
    'schema "public"',
    "default privileges of keeper",
    'table "app"."made" and 1 more',
    'sequence "app"."made_id_seq" and 1 more',
  ]);
});

test("a membership that it may give to itself stands in nobody's way, nor does another login that reads", async () => {
  await admin.query("GRANT keeper TO manager WITH ADMIN TRUE, INHERIT FALSE, SET FALSE");
  expect((await plan(manager)).refusals).toEqual([]);
  expect((await plan(admin)).refusals).toEqual([]);
});
