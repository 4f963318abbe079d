import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { resolveServerAccess } from "../../components/core/desired/server";
import type { RoleDeclaration } from "../../components/core/desired/server-roles";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { secret, type PropertyMap } from "../../components/providers/properties";
import { plansOf, serverAccess, startOwnProvider, useOwnProvider } from "../support/own-provider";
import { ProviderStack } from "../support/provider-stack";
import { temporaryDirectory } from "../support/server";

const own = useOwnProvider();
const password = generatePassword();
const verifier = secret(scramVerifier(password));

const roles: readonly RoleDeclaration[] = [
  { name: "shop_owner" },
  { name: "shop_migrator", login: true, migrator: true },
  { name: "shop_app", login: true },
  { name: "shop_readonly", login: true },
  { name: "shop_backup", login: true, profile: "backup" },
  { name: "shop_monitor", login: true, profile: "monitor" },
];

const declared = () => {
  const plan = resolveServerAccess({
    databases: [
      {
        database: { name: "shop", owner: "shop_owner" },
        roles,
        schemas: [{ name: "app", writers: ["shop_app"], readers: ["shop_readonly"] }],
      },
    ],
    allowDataLoss: [],
    protect: false,
    stack: "shop/test",
  });
  const logins = plan.roles.map((one) => (one.login ? { ...one, verifier } : one));
  return serverAccess(own.connection, { ...plan, roles: logins } as unknown as PropertyMap);
};

/** Runs statements as a role, in one session; gives the rows of the last. */
async function as(role: string, ...statements: string[]): Promise<Record<string, unknown>[]> {
  const session = await own.server.connect("shop", { user: role, password });
  let rows: Record<string, unknown>[] = [];
  try {
    for (const statement of statements) rows = await session.query(statement);
  } finally {
    await session.close();
  }
  return rows;
}

const refused = { code: "42501" };

beforeAll(async () => {
  await own.stack.up(declared());
  await own.sql(
    `CREATE SCHEMA app AUTHORIZATION shop_owner; CREATE TABLE app.secrets AS SELECT 1 AS n;
     ALTER TABLE app.secrets OWNER TO shop_owner; ALTER TABLE app.secrets ENABLE ROW LEVEL SECURITY`,
    "shop",
  );
});

describe("a migrator", () => {
  test("works as the owner from its first statement, and after everything that resets a session", async () => {
    const who = "SELECT current_user::text AS now, session_user::text AS login";
    const both = { now: "shop_owner", login: "shop_migrator" };
    expect(await as("shop_migrator", who)).toEqual([both]);
    expect(await as("shop_migrator", "SET ROLE shop_migrator", "RESET ROLE", who)).toEqual([both]);
    expect(await as("shop_migrator", "SET ROLE shop_migrator", "DISCARD ALL", who)).toEqual([both]);
  });

  test("makes what belongs to the owner, also in a function and a DO block", async () => {
    await as(
      "shop_migrator",
      "CREATE TABLE app.plain (n serial)",
      "DO $$ BEGIN EXECUTE 'CREATE TABLE app.within_do (n int)'; END $$",
      `CREATE FUNCTION app.make() RETURNS void LANGUAGE plpgsql AS
         $$ BEGIN EXECUTE 'CREATE TABLE app.within_function (n int)'; END $$`,
      "SELECT app.make()",
      "CREATE VIEW app.seen AS SELECT 1 AS n",
    );
    expect(
      await own.sql(
        `SELECT DISTINCT relowner::regrole::text AS owner FROM pg_class
         WHERE relnamespace = 'app'::regnamespace AND relkind IN ('r', 'v', 'S')`,
        "shop",
      ),
    ).toEqual([{ owner: "shop_owner" }]);
  });

  test("can do nothing where it left the role", async () => {
    await expect(as("shop_migrator", "SET ROLE NONE", "CREATE TABLE app.lost (n int)")).rejects.toMatchObject(
      refused,
    );
    await expect(as("shop_migrator", "SET ROLE NONE", "SELECT * FROM app.plain")).rejects.toMatchObject(
      refused,
    );
  });
});

describe("temporary tables", () => {
  const make = "CREATE TEMPORARY TABLE t (n int)";

  test.each(["shop_app", "shop_migrator"])("%s may make them", async (role) => {
    expect(await as(role, make, "INSERT INTO t VALUES (1)", "SELECT n FROM t")).toEqual([{ n: 1 }]);
  });

  test.each(["shop_readonly", "shop_backup", "shop_monitor"])("%s may not", async (role) => {
    await expect(as(role, make)).rejects.toMatchObject(refused);
  });
});

test.each(["shop_app", "shop_readonly", "shop_backup", "shop_monitor"])(
  "%s makes no schema, and becomes nobody else",
  async (role) => {
    await expect(as(role, "CREATE SCHEMA own")).rejects.toMatchObject(refused);
    for (const other of [
      "shop_owner",
      "shop_app_writer",
      "shop_app_reader",
      "pg_read_all_data",
      "pg_monitor",
    ]) {
      await expect(as(role, `SET ROLE ${other}`)).rejects.toMatchObject(refused);
    }
  },
);

test("a backup reads every row, row level security or not, and writes none", async () => {
  expect(await as("shop_backup", "SET row_security = off", "SELECT n FROM app.secrets")).toEqual([{ n: 1 }]);
  await expect(as("shop_backup", "INSERT INTO app.secrets VALUES (2)")).rejects.toMatchObject(refused);
  await expect(as("shop_monitor", "SELECT n FROM app.secrets")).rejects.toMatchObject(refused);
});

test("a monitor sees what others run, and nobody else does", async () => {
  const look =
    "SELECT query FROM pg_stat_activity WHERE usename = 'postgres' AND backend_type = 'client backend'";
  const session = await own.server.connect("shop");
  await session.query("SELECT 'loud'");
  const seen = async (role: string) => (await as(role, look)).map(({ query }) => query);
  expect(await seen("shop_monitor")).toContain("SELECT 'loud'");
  expect(await seen("shop_app")).not.toContain("SELECT 'loud'");
  await session.close();
});

test("a preview as the monitor finds nothing either, and says what it cannot see", async () => {
  const directory = await temporaryDirectory();
  const file = join(directory, "password");
  await writeFile(file, password);
  const env = { PGSTEAD_PREVIEW_ROLE: "shop_monitor", PGSTEAD_PREVIEW_PASSWORD_FILE: file };
  const provider = await startOwnProvider(env);
  try {
    const stack = new ProviderStack(provider);
    for (const [key, entry] of own.stack.entries) stack.entries.set(key, entry);
    expect(await stack.diff(declared())).toMatchObject({ changed: false });
    expect(plansOf(provider).join()).toContain(
      "left alone: passwords of shop_app, shop_backup, shop_migrator, shop_monitor, shop_readonly: they cannot be compared",
    );
    await own.sql("GRANT CONNECT ON DATABASE shop TO PUBLIC");
    expect(await stack.diff(declared())).toMatchObject({ changed: true });
    expect(plansOf(provider).join()).toContain('REVOKE CONNECT ON DATABASE "shop" FROM PUBLIC');
    await own.stack.up(declared());
  } finally {
    await provider.stop();
    await rm(directory, { recursive: true });
  }
});

test("the preview after all that is empty", async () => {
  expect(await own.stack.diff(declared())).toMatchObject({ changed: false });
});
