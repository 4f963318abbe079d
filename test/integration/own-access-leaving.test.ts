import { beforeAll, expect, test } from "vitest";
import { scramVerifier } from "../../components/io/scram";
import { secret } from "../../components/providers/properties";
import { databaseAccess, role, serverAccess, useOwnProvider } from "../support/own-provider";

const own = useOwnProvider();
const app = { name: "app", owner: "keeper" };

beforeAll(async () => {
  await own.sql("CREATE ROLE keeper");
});

/** A database with an Access of its own, and SQL in it as the superuser. */
async function declare(name: string, change: Parameters<typeof databaseAccess>[2]) {
  await own.sql(`CREATE DATABASE ${name}`);
  const access = (what: Parameters<typeof databaseAccess>[2]) => databaseAccess(own.connection, name, what);
  await own.stack.up(access(change));
  const sql = async (...statements: string[]) => {
    const session = await own.server.connect(name);
    let rows: unknown[] = [];
    try {
      for (const statement of statements) rows = await session.query(statement);
    } finally {
      await session.close();
    }
    return rows;
  };
  return { access, sql };
}

test.each([
  ["a view", "CREATE VIEW public.recent AS SELECT id FROM app.t", "rule _RETURN on view"],
  [
    "a foreign key",
    "CREATE TABLE public.child (id int REFERENCES app.t)",
    "constraint child_id_fkey on table",
  ],
  ["a column of its type", "CREATE TABLE public.people (mood app.mood)", "column mood of table"],
  ["a default", "CREATE TABLE public.d (n int DEFAULT app.one())", "default value for column n of table"],
  [
    "a function with its type",
    "CREATE FUNCTION public.f(app.mood) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "function",
  ],
])("a schema is not taken from under %s elsewhere, whatever is allowed", async (what, statement, named) => {
  const name = `outside_${what.replaceAll(/\W/g, "_")}`;
  const { access, sql } = await declare(name, { schemas: [app] });
  await sql(
    "CREATE TABLE app.t (id int PRIMARY KEY)",
    "CREATE TYPE app.mood AS ENUM ('glad')",
    "CREATE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE VIEW app.inside AS SELECT id FROM app.t",
    statement,
  );
  const allowed = access({ allowDataLoss: [`schema ${name}.app`] });
  await expect(own.stack.up(allowed)).rejects.toThrow(
    new RegExp(
      `what lies outside of it depends on it: ${named}[^\n]*\n[^\n]*change or drop what depends on it first`,
    ),
  );
  expect(await sql("SELECT id FROM app.inside")).toEqual([]);
});

test("an extension in use is refused by the name of what uses it, and goes when nothing does", async () => {
  const { access, sql } = await declare("in_use", { extensions: [{ name: "citext", schema: "public" }] });
  await sql(
    "CREATE TABLE public.people (email public.citext)",
    "CREATE INDEX ON public.people (email public.citext_ops)",
  );
  await expect(own.stack.up(access({}))).rejects.toThrow(
    /extension citext: it left the configuration and is in use: .*column email of table public\.people/,
  );
  await sql("DROP TABLE public.people");
  expect(await own.stack.up(access({}))).toHaveLength(1);
  await sql("DROP EXTENSION citext");
});

test("what somebody dropped and the configuration drops as well is there for its official resource", async () => {
  const { access, sql } = await declare("gone", { extensions: [{ name: "citext", schema: "public" }] });
  await sql("DROP EXTENSION citext");
  await own.stack.up(access({}));
  await sql("DROP EXTENSION citext");
  await own.stack.up(serverAccess(own.connection, { roles: [role("leaver", { login: true })] }));
  await own.sql("DROP ROLE leaver");
  await own.stack.up(serverAccess(own.connection, {}));
  expect(await own.sql("SELECT rolcanlogin FROM pg_roles WHERE rolname = 'leaver'")).toEqual([
    { rolcanlogin: false },
  ]);
  await own.sql("DROP ROLE leaver");
});

test("a login that somebody locked out with VALID UNTIL '-infinity' is let in again", async () => {
  const declared = serverAccess(own.connection, { roles: [role("locked")] });
  await own.stack.up(declared);
  await own.sql("ALTER ROLE locked VALID UNTIL '-infinity'");
  expect(await own.stack.diff(declared)).toMatchObject({ changed: true });
  expect(own.lastPlan().join("\n")).toContain(
    `ALTER ROLE "locked" VALID UNTIL 'infinity';  -- the server has VALID UNTIL '-infinity'`,
  );
  await own.stack.up(declared);
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
});

test("what a server that does not answer holds must not be lost", async () => {
  const { access } = await declare("silent", { schemas: [app] });
  await own.server.halt();
  try {
    await own.stack.diff(access({}));
    expect(own.lastPlan().join("\n")).toContain(
      "refused: schema silent.app: it left the configuration, and what it holds cannot be told",
    );
    await own.stack.diff(access({ allowDataLoss: ["schema silent.app"] }));
  } finally {
    await own.server.start();
  }
});

test("a server that has no place for another session is an error, and not unreachable", async () => {
  const verifier = scramVerifier("of second");
  await own.sql(`CREATE ROLE second LOGIN CONNECTION LIMIT 0 PASSWORD '${verifier}'`);
  const limited = { ...own.connection, user: "second", password: secret("of second") };
  const client = own.provider.resource("pgstead:index:Access", "limited");
  await expect(client.create(serverAccess(limited, {}).inputs, { preview: true })).rejects.toThrow(
    /second on database postgres[^]*too many connections for role "second" \(53300\)/,
  );
});
