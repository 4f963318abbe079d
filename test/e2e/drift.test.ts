import { appendFile, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parseConnectionUri } from "../../components/core/connection";
import { openSession } from "../../components/io/session";
import { preview } from "../support/changes";
import { makeCheckout, type Checkout } from "../support/checkout";
import { eventually } from "../support/eventually";

interface Outputs {
  readonly uris: Readonly<Record<string, string>>;
  readonly administratorUri: string;
}

interface DriftJson {
  readonly status: string;
  readonly data: { readonly drift: readonly { kind: string; sql?: string; subject?: string }[] };
}

let checkout: Checkout;
let outputs: Outputs;

beforeAll(async () => {
  checkout = await makeCheckout("drift");
  await checkout.run("infra/toolchain/start.ts");
  outputs = await checkout.outputs<Outputs>();
  await sql("migrator", "CREATE TABLE app.orders (id int PRIMARY KEY, note text)");
  await sql("migrator", "CREATE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 1'");
});

afterAll(async () => {
  await checkout.remove();
});

async function sql(login: "administrator" | "migrator", text: string): Promise<Record<string, unknown>[]> {
  const uri = login === "administrator" ? outputs.administratorUri : (outputs.uris[login] ?? "");
  const session = await openSession(parseConnectionUri(uri), { database: "promptforge" });
  try {
    return await session.query(text);
  } finally {
    await session.close();
  }
}

async function drift(exitCode: number, ...args: readonly string[]): Promise<DriftJson> {
  const { stdout } = await checkout.run("infra/ops/cli.ts", ["drift", "--json", ...args], { exitCode });
  return JSON.parse(stdout) as DriftJson;
}

/** The statements that a plain preview shows, without their reasons. */
async function planned(): Promise<string[]> {
  const { messages } = await preview(checkout);
  return messages
    .split("\n")
    .filter((line) => line.startsWith("  "))
    .map((line) => line.trim().replace(/;? {2}-- .*$/, ""));
}

/** What somebody does by hand, and exactly what mends it. */
const breakages: readonly {
  readonly name: string;
  readonly kind: string;
  readonly by: "administrator" | "migrator";
  readonly sql: string;
  readonly mended: readonly (string | RegExp)[];
  /** What all further statements are like; none where it is not given. */
  readonly then?: RegExp;
}[] = [
  {
    name: "an attribute of a role",
    kind: "role",
    by: "administrator",
    sql: "ALTER ROLE promptforge_app NOLOGIN CREATEDB",
    mended: ['ALTER ROLE "promptforge_app" LOGIN NOCREATEDB'],
  },
  {
    name: "a membership",
    kind: "membership",
    by: "administrator",
    sql: "GRANT promptforge_owner TO promptforge_readonly",
    mended: ['REVOKE "promptforge_owner" FROM "promptforge_readonly"'],
  },
  {
    name: "a privilege",
    kind: "privilege",
    by: "migrator",
    sql: "REVOKE SELECT ON app.orders FROM promptforge_app_reader",
    mended: ['GRANT SELECT ON TABLE "app"."orders" TO "promptforge_app_reader"'],
  },
  {
    name: "a default privilege",
    kind: "default privilege",
    by: "administrator",
    sql: "ALTER DEFAULT PRIVILEGES FOR ROLE promptforge_owner IN SCHEMA app REVOKE SELECT ON TABLES FROM promptforge_app_reader",
    mended: [
      'ALTER DEFAULT PRIVILEGES FOR ROLE "promptforge_owner" IN SCHEMA "app" GRANT SELECT ON TABLES TO "promptforge_app_reader"',
    ],
  },
  {
    name: "a privilege of PUBLIC",
    kind: "PUBLIC",
    by: "administrator",
    sql: "GRANT CONNECT ON DATABASE promptforge TO PUBLIC",
    mended: ['REVOKE CONNECT ON DATABASE "promptforge" FROM PUBLIC'],
  },
  {
    name: "an owner",
    kind: "owner",
    by: "administrator",
    sql: "ALTER TABLE app.orders OWNER TO postgres",
    mended: ['ALTER TABLE "app"."orders" OWNER TO "promptforge_owner"'],
  },
  {
    name: "a setting",
    kind: "setting",
    by: "administrator",
    sql: "ALTER SYSTEM SET work_mem = '77MB'",
    mended: [/^ALTER SYSTEM SET "?work_mem"? /, "SELECT pg_catalog.pg_reload_conf()"],
  },
  {
    name: "a setting that nobody declared",
    kind: "setting",
    by: "administrator",
    sql: "ALTER SYSTEM SET geqo = off",
    mended: [/^ALTER SYSTEM RESET "?geqo"?/, "SELECT pg_catalog.pg_reload_conf()"],
  },
  {
    name: "a setting of a role",
    kind: "setting",
    by: "administrator",
    sql: "ALTER ROLE promptforge_app SET work_mem = '1GB'",
    mended: ['ALTER ROLE "promptforge_app" RESET "work_mem"'],
  },
  {
    name: "a schema",
    kind: "schema",
    by: "administrator",
    sql: "DROP SCHEMA audit",
    mended: ['CREATE SCHEMA "audit" AUTHORIZATION "promptforge_owner"'],
    // What may be done with it, and with what is made in it.
    then: /^(?:GRANT .* ON|ALTER DEFAULT PRIVILEGES .* IN) SCHEMA "audit"/,
  },
  {
    name: "an extension's schema",
    kind: "extension",
    by: "administrator",
    sql: "ALTER EXTENSION pg_trgm SET SCHEMA app",
    mended: ['ALTER EXTENSION "pg_trgm" SET SCHEMA "public"'],
  },
  {
    name: "a database's owner",
    kind: "owner",
    by: "administrator",
    sql: "ALTER DATABASE promptforge OWNER TO postgres",
    mended: ['ALTER DATABASE "promptforge" OWNER TO "promptforge_owner"'],
  },
];

test.each(breakages)(
  "$name, changed by hand: told exactly, mended, and nothing is left",
  async (breakage) => {
    await sql(breakage.by, breakage.sql);
    const found = await planned();
    const { mended, then } = breakage;
    const isLike = (one: string | RegExp): unknown =>
      typeof one === "string" ? one : expect.stringMatching(one);
    const rest = then === undefined ? [] : found.slice(mended.length).map(() => then);
    expect(found).toEqual([...mended, ...rest].map(isLike));
    const { status, data } = await drift(1);
    expect(status).toBe("finding");
    expect(data.drift.map(({ kind }) => kind)).toContain(breakage.kind);
    expect(data.drift.flatMap((item) => item.sql ?? [])).toEqual(expect.arrayContaining(found.slice(0, 1)));
    await checkout.pulumi("up", "--yes", "--skip-preview");
    expect((await preview(checkout)).changes).toEqual([]);
  },
);

test("a line of pg_hba.conf, changed by hand: a line diff, mended, and nothing is left", async () => {
  const [row] = await sql("administrator", "SHOW hba_file");
  await appendFile(String(row?.hba_file), "host all all 10.0.0.0/8 trust\n");
  const { messages } = await preview(checkout);
  expect(messages).toContain("host all all 10.0.0.0/8 trust");
  const { data } = await drift(1);
  expect(data.drift.map(({ kind }) => kind)).toContain("pg_hba");
  await checkout.pulumi("up", "--yes", "--skip-preview");
  expect((await preview(checkout)).changes).toEqual([]);
  await drift(0);
});

test("what somebody made beside it is told, and neither changed nor in the way", async () => {
  for (const statement of ["CREATE ROLE stranger LOGIN", "CREATE SCHEMA rogue", "CREATE EXTENSION hstore"])
    await sql("administrator", statement);
  const { data } = await drift(1);
  expect(data.drift.map(({ subject }) => subject)).toEqual([
    "role stranger",
    "schema promptforge.rogue",
    "extension promptforge.hstore",
  ]);
  expect((await preview(checkout)).changes).toEqual([]);
  for (const statement of ["DROP EXTENSION hstore", "DROP SCHEMA rogue", "DROP ROLE stranger"])
    await sql("administrator", statement);
  await drift(0);
});

test("drift --fix shows the plan of what drifted, mends it, and touches nothing else", async () => {
  await sql("administrator", "ALTER ROLE promptforge_app CONNECTION LIMIT 1");
  await sql("administrator", "GRANT SELECT ON app.orders TO PUBLIC");
  const refused = await checkout.run("infra/ops/cli.ts", ["drift", "--fix"], { exitCode: 2 });
  expect(refused.text).toContain("--yes");
  const fixed = await checkout.run("infra/ops/cli.ts", ["drift", "--fix", "--yes"]);
  expect(fixed.text).toContain('ALTER ROLE "promptforge_app" CONNECTION LIMIT 40');
  expect(fixed.text).toContain("FROM PUBLIC");
  await drift(0);
  expect((await preview(checkout)).changes).toEqual([]);
});

test("drift cannot tell where the server does not answer, and says so with exit code 3", async () => {
  const [row] = await sql("administrator", "SHOW data_directory");
  const [pid] = (await readFile(join(String(row?.data_directory), "postmaster.pid"), "utf8")).split("\n");
  process.kill(Number(pid), "SIGINT");
  await eventually("the server is gone", () =>
    sql("administrator", "SELECT 1").then(
      () => undefined,
      () => true,
    ),
  );
  const { status } = await drift(3);
  expect(status).toBe("cannot-tell");
  await checkout.run("infra/toolchain/start.ts");
  await drift(0);
});
