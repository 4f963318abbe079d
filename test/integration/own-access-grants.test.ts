import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { GrantDeclaration, PrivilegesDeclaration } from "../../components/core/privileges/declaration";
import { planObjectsAccess } from "../../components/core/privileges/objects";
import type { Plan } from "../../components/core/statement";
import { applyStatements } from "../../components/io/apply";
import { readObjectsCatalog } from "../../components/io/catalog/objects";
import type { Session } from "../../components/io/session";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let session: Session;

beforeAll(async () => {
  server = await startServer();
  session = await server.connect();
  for (const name of ["keeper", "api", "ops", "shop_app_reader", "shop_app_writer"]) {
    await session.query(`CREATE ROLE ${name}`);
  }
});

afterAll(async () => {
  await session.close();
  await server.stop();
});

beforeEach(async () => {
  await session.query("DROP SCHEMA IF EXISTS app CASCADE");
  await session.query("SELECT lo_unlink(oid) FROM pg_largeobject_metadata");
  await session.query(`
    CREATE SCHEMA app AUTHORIZATION keeper; SET ROLE keeper;
    CREATE TABLE app.orders (id int, status text, note text); CREATE TABLE app."Orders" (id int);
    CREATE VIEW app.recent AS SELECT 1 AS n; CREATE SEQUENCE app.numbers; CREATE TYPE app.mood AS ENUM ('so');
    CREATE FUNCTION app.price(integer) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION app.price(text, app.mood[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE PROCEDURE app.close(a int, OUT b int) LANGUAGE plpgsql AS 'BEGIN b := 1; END';
    RESET ROLE`);
});

function declare(...grants: readonly GrantDeclaration[]): PrivilegesDeclaration {
  const schemas = [{ name: "app", owner: "keeper" }];
  const roles = [{ name: "keeper" }, { name: "ops" }, { name: "api", grants }];
  return { database: "shop", owner: "keeper", manager: "postgres", authoritative: false, schemas, roles };
}

const plan = async (declared: PrivilegesDeclaration, before?: PrivilegesDeclaration): Promise<Plan> =>
  planObjectsAccess(declared, await readObjectsCatalog(session, declared, before));

async function mend(declared: PrivilegesDeclaration, before?: PrivilegesDeclaration): Promise<string[]> {
  const { statements } = await plan(declared, before);
  await applyStatements(session, statements);
  expect(await plan(declared, before)).toMatchObject({ statements: [], refusals: [] });
  return statements.map(({ sql }) => sql);
}

describe("a grant is given, and taken when it is no more declared:", () => {
  test.each<[string, GrantDeclaration, string]>([
    [
      "a table",
      { on: { table: "app.Orders" }, privileges: ["TRUNCATE"] },
      'TRUNCATE ON TABLE "app"."orders"',
    ],
    [
      "a table in quotes",
      { on: { table: 'app."Orders"' }, privileges: ["SELECT"] },
      'SELECT ON TABLE "app"."Orders"',
    ],
    ["a view", { on: { table: "app.recent" }, privileges: ["INSERT"] }, 'INSERT ON TABLE "app"."recent"'],
    [
      "columns",
      { on: { table: "app.orders" }, privileges: ["UPDATE"], columns: ["status"] },
      'UPDATE ("status") ON TABLE "app"."orders"',
    ],
    [
      "all columns' privileges",
      { on: { table: "app.orders" }, privileges: ["ALL"], columns: ["note"] },
      'INSERT ("note"), REFERENCES ("note"), SELECT ("note"), UPDATE ("note") ON TABLE "app"."orders"',
    ],
    [
      "a sequence",
      { on: { sequence: "app.numbers" }, privileges: ["USAGE"] },
      'USAGE ON SEQUENCE "app"."numbers"',
    ],
    [
      "a function",
      { on: { function: "app.price(int)" }, privileges: ["EXECUTE"] },
      'EXECUTE ON ROUTINE "app"."price"(integer)',
    ],
    [
      "functions of a name",
      { on: { function: "app.price" }, privileges: ["ALL"] },
      'EXECUTE ON ROUTINE "app"."price"(integer), "app"."price"(text, app.mood[])',
    ],
    [
      "a procedure",
      { on: { function: "app.close(integer)" }, privileges: ["EXECUTE"] },
      'EXECUTE ON ROUTINE "app"."close"(IN a integer, OUT b integer)',
    ],
    [
      "all tables",
      { on: { tablesIn: "app" }, privileges: ["TRIGGER"] },
      'TRIGGER ON TABLE "app"."Orders", "app"."orders", "app"."recent"',
    ],
    ["a language", { on: { language: "plpgsql" }, privileges: ["USAGE"] }, 'USAGE ON LANGUAGE "plpgsql"'],
  ])("%s", async (_what, grant, on) => {
    await mend(declare());
    expect(await mend(declare(grant))).toEqual([`GRANT ${on} TO "api"`]);
    expect(await mend(declare({ ...grant, grantOption: true }))).toEqual([
      `GRANT ${on} TO "api" WITH GRANT OPTION`,
    ]);
    expect(await mend(declare(grant))).toEqual([`REVOKE GRANT OPTION FOR ${on} FROM "api"`]);
    expect(await mend(declare())).toEqual([`REVOKE ${on} FROM "api"`]);
  });

  test("a large object", async () => {
    await session.query("SELECT lo_create(4711), lo_create(4712)");
    await mend(declare());
    const declared = declare({ on: { largeObject: "4711" }, privileges: ["SELECT"] });
    expect(await mend(declared)).toEqual(['GRANT SELECT ON LARGE OBJECT 4711 TO "api"']);
    expect(await mend(declare(), declared)).toEqual(['REVOKE SELECT ON LARGE OBJECT 4711 FROM "api"']);
  });
});

test("what PUBLIC and others have on a language and a large object stays as it is", async () => {
  await session.query("SELECT lo_create(4711)");
  await session.query("GRANT SELECT ON LARGE OBJECT 4711 TO PUBLIC");
  const declared = declare({ on: { largeObject: "4711" }, privileges: ["UPDATE"] });
  expect(await mend(declared)).toContain('GRANT UPDATE ON LARGE OBJECT 4711 TO "api"');
  expect(await plan(declared)).toMatchObject({ undeclared: [] });
});

test("a grant on what is not there yet is told, and given once it is there", async () => {
  const declared = declare(
    { on: { table: "app.later" }, privileges: ["SELECT"] },
    { on: { table: "app.orders" }, privileges: ["SELECT"], columns: ["status", "later"] },
  );
  await mend(declared);
  const { undeclared = [] } = await plan(declared);
  expect(undeclared.map(({ subject }) => subject)).toEqual([
    "table app.later",
    "column later of table app.orders",
  ]);
  await session.query(
    "SET ROLE keeper; CREATE TABLE app.later (n int); ALTER TABLE app.orders ADD later int; RESET ROLE",
  );
  const sent = await mend(declared);
  expect(sent).toContain('GRANT SELECT ON TABLE "app"."later" TO "api", "shop_app_reader"');
  expect(sent).toContain('GRANT SELECT ("later") ON TABLE "app"."orders" TO "api"');
  expect(await plan(declared)).toMatchObject({ undeclared: [] });
});

test("a privilege that this server does not know is refused by name", async () => {
  const { refusals } = await plan(declare({ on: { table: "app.orders" }, privileges: ["SELECT", "FLY"] }));
  expect(refusals).toMatchObject([
    { subject: "grants of api", message: "this server has no privilege FLY on table app.orders" },
  ]);
});

test("what a role has beside its grants is taken, on columns as well", async () => {
  const grant = { on: { table: "app.orders" }, privileges: ["UPDATE"], columns: ["status"] };
  await mend(declare(grant));
  await session.query(
    "GRANT SELECT, UPDATE (note, status) ON app.orders TO api; GRANT DELETE ON app.orders TO ops, PUBLIC",
  );
  expect((await mend(declare(grant))).toSorted()).toEqual([
    'REVOKE DELETE ON TABLE "app"."orders" FROM "ops"',
    'REVOKE DELETE ON TABLE "app"."orders" FROM PUBLIC',
    'REVOKE SELECT ON TABLE "app"."orders" FROM "api"',
    'REVOKE UPDATE ("note") ON TABLE "app"."orders" FROM "api"',
  ]);
});

test("a declared column stays when the same privilege on the whole table is taken", async () => {
  const grant = { on: { table: "app.orders" }, privileges: ["UPDATE"], columns: ["status"] };
  await mend(declare(grant));
  await session.query("GRANT UPDATE ON app.orders TO api");
  await mend(declare(grant));
  const [row] = await session.query(
    `SELECT has_column_privilege('api', 'app.orders', 'status', 'UPDATE') AS declared,
            has_column_privilege('api', 'app.orders', 'note', 'UPDATE') AS other`,
  );
  expect(row).toEqual({ declared: true, other: false });
});
