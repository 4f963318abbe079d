import { afterAll, beforeAll, expect, test } from "vitest";
import { superuserCapabilities } from "../../components/core/capabilities";
import { readCapabilities } from "../../components/io/capabilities";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { startServer, type TestServer } from "../support/server";

const password = generatePassword();
let server: TestServer;

beforeAll(async () => {
  server = await startServer();
  const session = await server.connect();
  const verifier = scramVerifier(password);
  await session.query(`CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD '${verifier}'`);
  await session.query(`CREATE ROLE viewer LOGIN PASSWORD '${verifier}'`);
  await session.query("GRANT pg_monitor TO manager; CREATE ROLE team; GRANT team TO manager WITH ADMIN TRUE");
  await session.query("CREATE ROLE crew; GRANT crew TO team");
  await session.close();
});

afterAll(async () => {
  await server.stop();
});

async function capabilities(user?: string) {
  const session = await server.connect("postgres", user === undefined ? undefined : { user, password });
  try {
    return await readCapabilities(session);
  } finally {
    await session.close();
  }
}

test("a superuser may do everything, and is no member of every role", async () => {
  const found = await capabilities();
  expect(found).toEqual({ ...superuserCapabilities("postgres"), serverVersion: found.serverVersion });
  expect(found.serverVersion).toBeGreaterThanOrEqual(170_000);
});

test("a login of a managed service makes roles and databases, and does not see passwords", async () => {
  expect(await capabilities("manager")).toMatchObject({
    login: "manager",
    superuser: false,
    createRole: true,
    createDatabase: true,
    readVerifiers: false,
    alterSystem: false,
    writeHba: false,
    silenceLog: false,
    readSystemIdentifier: true,
    inRecovery: false,
    memberOf: expect.arrayContaining(["crew", "pg_monitor", "pg_read_all_stats", "team"]) as unknown,
    adminOf: ["team"],
  });
});

test("settings that were granted by name are told, to whomever they were granted", async () => {
  const session = await server.connect();
  await session.query('GRANT ALTER SYSTEM ON PARAMETER work_mem, "TimeZone" TO crew');
  await session.query("GRANT SET ON PARAMETER log_statement, shop.tenant TO manager");
  await session.close();
  const { settings } = await capabilities("manager");
  expect(settings).toMatchObject({ login: "manager", alter: ["timezone", "work_mem"], reload: false });
  expect(settings?.set).toEqual(["log_statement", "shop.tenant"]);
  expect(settings?.closed).toEqual(expect.arrayContaining(["log_statement", "session_replication_role"]));
  expect((await capabilities("viewer")).settings).toMatchObject({ alter: [], set: [] });
});

test("a login without any right is told as such", async () => {
  expect(await capabilities("viewer")).toMatchObject({
    createRole: false,
    createDatabase: false,
    memberOf: [],
    adminOf: [],
  });
});

test("what was granted beyond the usual is seen", async () => {
  const session = await server.connect();
  // Not as harmless as it sounds: it reads pg_authid as well.
  await session.query("GRANT pg_read_all_data TO viewer");
  await session.query("REVOKE EXECUTE ON FUNCTION pg_catalog.pg_control_system() FROM PUBLIC");
  await session.close();
  expect(await capabilities("viewer")).toMatchObject({ readVerifiers: true, readSystemIdentifier: false });
});
