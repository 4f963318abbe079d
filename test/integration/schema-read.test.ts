import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { connectionUri } from "../../components/core/connection";
import { compareSchemas } from "../../components/core/schema/compare";
import { readSchema } from "../../components/io/schema/read";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { findClientTools } from "../support/client-tools";
import { baseSchema } from "../support/schema-base";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
const password = generatePassword();
beforeAll(async () => {
  server = await startServer();
  await change("postgres", "CREATE ROLE base_owner; CREATE ROLE base_reader");
  await change("postgres", `CREATE ROLE nobody_much LOGIN PASSWORD '${scramVerifier(password)}'`);
  await change("postgres", "CREATE DATABASE base");
  await change("base", baseSchema);
});
afterAll(() => server.stop());

async function change(database: string, sql: string): Promise<void> {
  const session = await server.connect(database);
  await session.query(sql).finally(() => session.close());
}

async function read(database: string, login?: { user: string; password: string }) {
  const session = await server.connect(database, login);
  return readSchema(session).finally(() => session.close());
}

const nothing = { differences: [], remarks: [] };

test("a login without any privilege reads what a superuser reads", async () => {
  const own = await read("base", { user: "nobody_much", password });
  expect(compareSchemas(await read("base"), own)).toEqual(nothing);
});

test("no password of a user mapping is read", async () => {
  expect(JSON.stringify(await read("base"))).not.toContain("hidden");
});

test("how a login has definitions written changes none of them", async () => {
  const before = await read("base");
  await change(
    "base",
    `ALTER ROLE nobody_much SET quote_all_identifiers = on; ALTER ROLE nobody_much SET search_path = app;
     ALTER ROLE nobody_much SET DateStyle = 'SQL, DMY'; ALTER ROLE nobody_much SET IntervalStyle = iso_8601;
     ALTER ROLE nobody_much SET extra_float_digits = -3; ALTER ROLE nobody_much SET bytea_output = escape`,
  );
  expect(compareSchemas(before, await read("base", { user: "nobody_much", password }))).toEqual(nothing);
});

test("names that need quotes are told apart and keep them", async () => {
  await change("postgres", "CREATE DATABASE odd");
  await change(
    "odd",
    `CREATE SCHEMA "a.b"; CREATE TABLE "a.b".c (x int); CREATE SCHEMA a; CREATE TABLE a."b.c" (x int, "Select" text)`,
  );
  const names = (await read("odd")).objects.map(({ kind, name }) => `${kind} ${name}`);
  expect(names).toEqual(
    expect.arrayContaining(['table "a.b".c', 'table a."b.c"', 'column a."b.c"."Select"']),
  );
});

test("a dump and restore is no drift", { timeout: 180_000 }, async (context) => {
  const tools = findClientTools();
  if (tools === undefined) return context.skip("client programs of PostgreSQL 17 cannot be had here");
  await change("postgres", "CREATE DATABASE restored");
  const target = { host: server.host, port: server.port, user: "postgres", password: "" };
  const env = { PGPASSWORD: server.password };
  const from = connectionUri(target, "base").replace("postgres:@", "postgres@");
  const into = connectionUri(target, "restored").replace("postgres:@", "postgres@");
  // The wrapper without a handler keeps its server; text search and all the others come as they are.
  const dump = await tools.run("pg_dump", ["--dbname", from], env);
  const directory = await mkdtemp(join(tmpdir(), "pgstead-dump-"));
  await writeFile(`${directory}/dump.sql`, dump);
  await tools.run(
    "psql",
    ["--dbname", into, "-q", "-v", "ON_ERROR_STOP=1", "-f", `${directory}/dump.sql`],
    env,
  );
  await rm(directory, { recursive: true });
  const { differences, remarks } = compareSchemas(await read("base"), await read("restored"));
  expect(differences.map(({ expected, actual, changes }) => [expected ?? actual, changes])).toEqual([]);
  expect(remarks).toEqual([]);
});
