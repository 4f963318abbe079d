import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import type { PrivilegesDeclaration } from "../../components/core/privileges/declaration";
import { planObjectsAccess } from "../../components/core/privileges/objects";
import type { Plan } from "../../components/core/statement";
import { applyStatements } from "../../components/io/apply";
import { readObjectsCatalog } from "../../components/io/catalog/objects";
import type { Session } from "../../components/io/session";
import { startServer, type TestServer } from "../support/server";

let server: TestServer;
let session: Session;
let databases = 0;

beforeAll(async () => {
  server = await startServer();
  const admin = await server.connect();
  for (const name of ["keeper", "mallory", "trent", "reporting", "shop_app_reader", "shop_app_writer"]) {
    await admin.query(`CREATE ROLE ${name}`);
  }
  await admin.close();
});

afterAll(() => server.stop());

beforeEach(async () => {
  const name = `shop${databases++}`;
  const admin = await server.connect();
  await admin.query(`CREATE DATABASE ${name} OWNER keeper TEMPLATE template0`);
  await admin.close();
  session = await server.connect(name);
  await session.query("CREATE SCHEMA app AUTHORIZATION keeper");
  await session.query("GRANT USAGE ON SCHEMA app TO PUBLIC");
  return () => session.close();
});

const declaration: PrivilegesDeclaration = {
  database: "shop",
  owner: "keeper",
  manager: "postgres",
  authoritative: false,
  schemas: [{ name: "app", owner: "keeper" }],
  roles: [{ name: "keeper" }, { name: "reporting" }],
};

const plan = async (declared = declaration): Promise<Plan> =>
  planObjectsAccess(declared, await readObjectsCatalog(session, declared));

/** Plans, acts and plans again: what is left then is nothing. */
async function mend(declared = declaration): Promise<string[]> {
  const { statements } = await plan(declared);
  await applyStatements(session, statements);
  expect((await plan(declared)).statements.map(({ sql }) => sql)).toEqual([]);
  return statements.map(({ sql }) => sql);
}

async function may(role: string, privilege: string, kind: string, ...objects: string[]): Promise<boolean[]> {
  const answers: boolean[] = [];
  for (const object of objects) {
    const [row] = await session.query<{ may: boolean }>(
      `SELECT has_${kind}_privilege('${role}', ${object}, '${privilege}') AS may`,
    );
    answers.push(row?.may === true);
  }
  return answers;
}

test("every kind of relation gets its owner and the privileges of readers and writers", async () => {
  await session.query(`
    CREATE TABLE app.plain (id serial PRIMARY KEY, n int GENERATED ALWAYS AS IDENTITY);
    CREATE UNLOGGED TABLE app."Un""logged" (n int);
    CREATE TABLE app.parted (n int) PARTITION BY RANGE (n);
    CREATE TABLE app.part PARTITION OF app.parted DEFAULT;
    CREATE TABLE app.parent (n int); CREATE TABLE app.child () INHERITS (app.parent);
    CREATE VIEW app.seen AS SELECT 1 AS n;
    CREATE MATERIALIZED VIEW app.kept AS SELECT 1 AS n;
    CREATE SEQUENCE app.alone;
    CREATE TYPE app.shape AS (n int); CREATE TABLE app.typed OF app.shape;
    CREATE EXTENSION file_fdw SCHEMA public; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
    CREATE FOREIGN TABLE app.outside (line text) SERVER files OPTIONS (filename '/dev/null');
  `);
  await mend();
  const names = [
    "plain",
    '"Un""logged"',
    "parted",
    "part",
    "parent",
    "child",
    "seen",
    "kept",
    "typed",
    "outside",
  ];
  const tables = names.map((name) => `'app.${name}'`);
  expect(await may("shop_app_reader", "SELECT", "table", ...tables)).toEqual(names.map(() => true));
  expect(await may("shop_app_reader", "INSERT", "table", ...tables)).toEqual(names.map(() => false));
  expect(await may("shop_app_writer", "DELETE", "table", ...tables)).toEqual(names.map(() => true));
  expect(await may("shop_app_writer", "TRUNCATE", "table", ...tables)).toEqual(names.map(() => false));
  const sequences = ["'app.plain_id_seq'", "'app.plain_n_seq'", "'app.alone'"];
  expect(await may("shop_app_writer", "USAGE", "sequence", ...sequences)).toEqual([true, true, true]);
  expect(await may("shop_app_reader", "USAGE", "sequence", ...sequences)).toEqual([false, false, false]);
  const owners = await session.query(
    "SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class WHERE relnamespace = 'app'::regnamespace",
  );
  expect(owners).toEqual([{ owner: "keeper" }]);
});

test("every kind of function gets its owner, and PUBLIC may run none", async () => {
  await session.query(`
    CREATE TYPE app."Mood, bad" AS ENUM ('so');
    CREATE DOMAIN app.positive AS int CHECK (VALUE > 0);
    CREATE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION app.one(a int, b text DEFAULT 'x') RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION app.many(VARIADIC n int[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION app.rows() RETURNS TABLE (n int) LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION app.outs(IN a int, OUT b int, OUT c int) LANGUAGE sql AS 'SELECT 1, 2';
    CREATE FUNCTION app."Odd ""name"", (x)"(m app."Mood, bad", p app.positive, app."Mood, bad"[]) RETURNS int LANGUAGE sql AS 'SELECT 1';
    CREATE FUNCTION app.poly(a anyelement, b anyarray) RETURNS anyelement LANGUAGE sql AS 'SELECT a';
    CREATE PROCEDURE app.doing(a int, INOUT b int, OUT c text) LANGUAGE plpgsql AS 'BEGIN c := 1; END';
    CREATE PROCEDURE app.doing(a int) LANGUAGE plpgsql AS 'BEGIN END';
    CREATE PROCEDURE app.only_out(OUT a int) LANGUAGE plpgsql AS 'BEGIN a := 1; END';
    CREATE PROCEDURE app.rest(VARIADIC a int[]) LANGUAGE plpgsql AS 'BEGIN END';
    CREATE AGGREGATE app.total(int) (sfunc = int4pl, stype = int);
    CREATE AGGREGATE app.star(*) (sfunc = int8inc, stype = bigint, initcond = '0');
    CREATE AGGREGATE app.place(VARIADIC "any" ORDER BY VARIADIC "any") (sfunc = ordered_set_transition_multi,
      stype = internal, finalfunc = rank_final, finalfunc_extra, hypothetical);
    CREATE AGGREGATE app.middle(float8 ORDER BY anyelement) (sfunc = pg_catalog.ordered_set_transition,
      stype = internal, finalfunc = pg_catalog.percentile_disc_final, finalfunc_extra);
    CREATE FUNCTION app.nth(anyelement, int) RETURNS anyelement LANGUAGE internal WINDOW AS 'window_nth_value';
  `);
  await mend();
  const left = await session.query(`
    SELECT proname, proowner::regrole::text AS owner, has_function_privilege('public', oid, 'EXECUTE') AS public,
      has_function_privilege('shop_app_reader', oid, 'EXECUTE') AS reader
    FROM pg_proc WHERE pronamespace = 'app'::regnamespace`);
  expect(left.filter((row) => row.owner !== "keeper" || row.public === true || row.reader !== true)).toEqual(
    [],
  );
});

test("every kind of type belongs to the schema's owner and stays everybody's to use", async () => {
  await session.query(`
    CREATE TYPE app.mood AS ENUM ('so'); CREATE DOMAIN app.positive AS int;
    CREATE TYPE app.pair AS (a int, b int); CREATE DOMAIN app.pairs AS app.pair;
    CREATE TYPE app.span AS RANGE (subtype = date);
    REVOKE USAGE ON TYPE app.mood FROM PUBLIC;
  `);
  await mend();
  const found = await session.query(`
    SELECT typname, typowner::regrole::text AS owner, has_type_privilege('public', oid, 'USAGE') AS usage
    FROM pg_type WHERE typnamespace = 'app'::regnamespace ORDER BY typname`);
  expect(found.filter(({ owner, usage }) => owner !== "keeper" || usage !== true)).toEqual([]);
});

test("what has an owner and no privileges belongs to the schema's owner too", async () => {
  await session.query(`
    CREATE COLLATION app."Plain, one" (provider = libc, locale = 'C');
    CREATE CONVERSION app.conv FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
    CREATE OPERATOR app.=== (leftarg = int, rightarg = int, function = int4eq);
    CREATE OPERATOR app.!== (rightarg = int, function = int4um);
    CREATE OPERATOR FAMILY app.family USING btree;
    CREATE OPERATOR CLASS app.kind FOR TYPE int USING hash AS OPERATOR 1 =;
    CREATE TEXT SEARCH DICTIONARY app.d (template = simple);
    CREATE TEXT SEARCH CONFIGURATION app.c (copy = simple);
    CREATE TABLE app.orders (a int, b int); CREATE STATISTICS app.stats ON a, b FROM app.orders;`);
  expect(await mend()).toHaveLength(13);
});

test("what an extension brought is left as it is, wherever it lies", async () => {
  await session.query("CREATE EXTENSION hstore SCHEMA app; CREATE EXTENSION pg_stat_statements SCHEMA app");
  await session.query("GRANT SELECT ON app.pg_stat_statements TO shop_app_writer WITH GRANT OPTION");
  expect(await plan()).toMatchObject({ statements: [], undeclared: [] });
  expect(await may("public", "EXECUTE", "function", "'app.hstore_in(cstring)'")).toEqual([true]);
});

test("privileges passed on by somebody are taken with those of who passed them on", async () => {
  await session.query(`
    CREATE TABLE app.orders (id int, state text); ALTER TABLE app.orders OWNER TO keeper;
    GRANT SELECT ON app.orders TO reporting WITH GRANT OPTION;
    SET ROLE reporting; GRANT SELECT ON app.orders TO mallory WITH GRANT OPTION; RESET ROLE;
    SET ROLE mallory; GRANT SELECT ON app.orders TO trent; GRANT SELECT ON app.orders TO shop_app_writer WITH GRANT OPTION;
    GRANT SELECT ON app.orders TO PUBLIC; RESET ROLE;
    SET ROLE shop_app_writer; GRANT SELECT ON app.orders TO keeper; RESET ROLE;
    GRANT UPDATE (state), INSERT (id) ON app.orders TO reporting WITH GRANT OPTION;
    SET ROLE reporting; GRANT UPDATE (state) ON app.orders TO shop_app_reader, PUBLIC, trent; RESET ROLE;
  `);
  await mend();
  const [row] = await session.query("SELECT relacl::text AS acl FROM pg_class WHERE relname = 'orders'");
  expect(row?.acl).toBe("{keeper=arwdDxtm/keeper,shop_app_reader=r/keeper,shop_app_writer=arwd/keeper}");
  const columns = await session.query(
    "SELECT attname, attacl::text AS acl FROM pg_attribute WHERE attrelid = 'app.orders'::regclass AND attacl IS NOT NULL AND attacl <> '{}'",
  );
  expect(columns).toEqual([]);
});

test("privileges passed on are taken, whether or not who did so may still look into the schema", async () => {
  await session.query(`
    CREATE TABLE app.orders (id int, state text); ALTER TABLE app.orders OWNER TO keeper;
    GRANT SELECT ON app.orders TO reporting WITH GRANT OPTION;
    SET ROLE reporting; GRANT SELECT (id) ON app.orders TO shop_app_writer, PUBLIC;
    GRANT SELECT ON app.orders TO mallory; RESET ROLE;
    REVOKE USAGE ON SCHEMA app FROM PUBLIC`);
  await mend();
  expect(await may("mallory", "SELECT", "table", "'app.orders'")).toEqual([false]);
});

test("a column's privilege whose grantor has lost its own is taken as well", async () => {
  await session.query(`
    CREATE TABLE app.orders (id int, state text); ALTER TABLE app.orders OWNER TO keeper;
    GRANT SELECT ON app.orders TO mallory WITH GRANT OPTION;
    SET ROLE mallory; GRANT SELECT (id) ON app.orders TO PUBLIC, trent; RESET ROLE;
    REVOKE SELECT ON app.orders FROM mallory; REVOKE USAGE ON SCHEMA app FROM PUBLIC`);
  await mend();
  const acl =
    "SELECT attacl::text AS acl FROM pg_attribute WHERE attrelid = 'app.orders'::regclass AND attname = 'id'";
  expect(await session.query(acl)).toEqual([{ acl: null }]);
});

test("who may pass a privilege on by declaration keeps it, and so does who has it from there", async () => {
  await session.query(`
    CREATE TABLE app.orders (id int); ALTER TABLE app.orders OWNER TO keeper;
    GRANT SELECT ON app.orders TO reporting WITH GRANT OPTION;
    SET ROLE reporting; GRANT SELECT ON app.orders TO mallory, shop_app_reader, PUBLIC; RESET ROLE`);
  const grants = [{ on: { table: "app.orders" }, privileges: ["SELECT"], grantOption: true }];
  const declared = { ...declaration, roles: [{ name: "keeper" }, { name: "reporting", grants }] };
  await mend(declared);
  expect(await may("mallory", "SELECT", "table", "'app.orders'")).toEqual([true]);
  expect(await may("public", "SELECT", "table", "'app.orders'")).toEqual([false]);
});

test("what a foreign role passed on to everybody is taken, even where it sees the schema no more", async () => {
  await session.query(`
    CREATE TABLE app.orders (id int, state text); ALTER TABLE app.orders OWNER TO keeper;
    GRANT SELECT ON app.orders TO mallory WITH GRANT OPTION;
    SET ROLE mallory; GRANT SELECT ON app.orders TO PUBLIC, trent; GRANT SELECT (id) ON app.orders TO PUBLIC; RESET ROLE;
    REVOKE USAGE ON SCHEMA app FROM PUBLIC`);
  await mend();
  expect(await may("public", "SELECT", "table", "'app.orders'")).toEqual([false]);
  expect(await may("trent", "SELECT", "table", "'app.orders'")).toEqual([true]);
  expect(await may("mallory", "USAGE", "schema", "'app'")).toEqual([false]);
});

test("privileges of a table and of its columns, granted by two, are taken in one go", async () => {
  await session.query(`
    CREATE TABLE app.orders (id int, state text); ALTER TABLE app.orders OWNER TO keeper;
    GRANT SELECT ON app.orders TO reporting; GRANT SELECT (id) ON app.orders TO mallory WITH GRANT OPTION;
    SET ROLE mallory; GRANT SELECT (id) ON app.orders TO reporting; RESET ROLE;
    GRANT SELECT (state) ON app.orders TO reporting;
  `);
  await mend();
});

test("what the owner took from itself is given back", async () => {
  await session.query(`
    CREATE TABLE app.orders (id int); ALTER TABLE app.orders OWNER TO keeper; REVOKE ALL ON app.orders FROM keeper;
    CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION app.f() OWNER TO keeper;
    REVOKE ALL ON FUNCTION app.f() FROM keeper`);
  await mend();
  expect(await may("keeper", "TRUNCATE", "table", "'app.orders'")).toEqual([true]);
});

test("a foreign role's privileges and objects are told and left", async () => {
  await session.query(`
    CREATE TABLE app.orders (id int); GRANT SELECT, INSERT ON app.orders TO mallory;
    CREATE TABLE app.theirs (id serial); ALTER TABLE app.theirs OWNER TO mallory`);
  await mend();
  const { undeclared = [] } = await plan();
  expect(undeclared.map(({ subject }) => subject).toSorted()).toEqual([
    'INSERT, SELECT on table "app"."orders" for mallory',
    'owner of table "app"."theirs"',
  ]);
  await mend({ ...declaration, authoritative: true });
  expect(await may("mallory", "SELECT", "table", "'app.orders'", "'app.theirs'")).toEqual([false, false]);
});

test("a foreign owner of a table does not keep its rows from the schema's readers", async () => {
  await session.query("CREATE TABLE app.theirs (id serial); ALTER TABLE app.theirs OWNER TO mallory");
  await mend();
  expect(await may("shop_app_reader", "SELECT", "table", "'app.theirs'")).toEqual([true]);
  expect(await may("mallory", "DELETE", "table", "'app.theirs'")).toEqual([true]);
});

test("a change of owner by which the new one has privileges already ends in one run", async () => {
  await session.query(`
    CREATE TABLE app.orders (id serial); GRANT SELECT, UPDATE ON app.orders TO keeper;
    GRANT SELECT ON app.orders TO PUBLIC; GRANT INSERT ON app.orders TO reporting`);
  await mend();
});
