import { mkdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { parseConnectionUri } from "../../components/core/connection";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";
import { dumpServer } from "../support/catalog-dump";
import { startServer, type TestServer } from "../support/server";

const stack = "adopted";
const appPassword = generatePassword();
let server: TestServer;
let checkout: Checkout;
let env: NodeJS.ProcessEnv;

async function sql(text: string, database = "postgres"): Promise<Record<string, unknown>[]> {
  const session = await server.connect(database);
  try {
    return await session.query(text);
  } finally {
    await session.close();
  }
}

function run(script: string, args: readonly string[], exitCode: number | "any" = 0): Promise<Output> {
  return checkout.run(script, args, { env, exitCode });
}

const pulumi = (...args: string[]): Promise<Output> =>
  run("infra/toolchain/pulumi.ts", [...args, "--stack", stack]);
const ops = (...args: string[]): Promise<Output> => run("infra/ops/cli.ts", [...args, "--stack", stack]);

/** What somebody made over the years, by hand. */
async function makeByHand(): Promise<void> {
  const verifier = scramVerifier(appPassword);
  await sql(`CREATE ROLE boss; CREATE ROLE shop_app LOGIN PASSWORD '${verifier}' CONNECTION LIMIT 20`);
  await sql("CREATE ROLE report LOGIN VALID UNTIL '2035-06-01 12:00:00+02'; CREATE ROLE team NOINHERIT");
  await sql("GRANT team TO report WITH ADMIN TRUE; GRANT pg_monitor TO report WITH SET FALSE");
  await sql(
    "ALTER ROLE shop_app SET statement_timeout = '30s'; ALTER ROLE report SET search_path = app, public",
  );
  await sql("CREATE DATABASE shop OWNER boss CONNECTION LIMIT 50");
  await sql("CREATE DATABASE billing LOCALE 'C' TEMPLATE template0");
  await sql("ALTER DATABASE shop SET work_mem = '8MB'; ALTER ROLE shop_app IN DATABASE shop SET jit = off");
  await sql(
    "CREATE SCHEMA app AUTHORIZATION boss; CREATE SCHEMA old; CREATE EXTENSION pg_trgm SCHEMA app",
    "shop",
  );
  await sql("CREATE TABLE app.orders AS SELECT 1 AS id; GRANT SELECT ON app.orders TO report", "shop");
  await sql(
    "GRANT USAGE ON SCHEMA app TO shop_app, report; REVOKE CONNECT ON DATABASE shop FROM PUBLIC",
    "shop",
  );
  await sql(
    "GRANT CONNECT ON DATABASE shop TO shop_app; CREATE SCHEMA bills; CREATE EXTENSION citext",
    "billing",
  );
  await sql("ALTER SYSTEM SET log_min_duration_statement = '3s'");
  await sql("COMMENT ON DATABASE shop IS 'of the shop'; COMMENT ON ROLE boss IS 'owns it'");
  await sql(
    `ALTER DEFAULT PRIVILEGES FOR ROLE boss IN SCHEMA app GRANT SELECT ON TABLES TO report;
     CREATE FUNCTION app.double(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n'; CREATE SEQUENCE old.numbers;
     REVOKE ALL ON FUNCTION app.double(int) FROM PUBLIC; GRANT CREATE ON SCHEMA old TO team`,
    "shop",
  );
}

beforeAll(async () => {
  [server, checkout] = await Promise.all([startServer(), makeCheckout()]);
  const home = dirname(checkout.directory);
  await mkdir(join(home, "backend"));
  env = {
    PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
    PULUMI_HOME: join(home, "pulumi"),
    PULUMI_CONFIG_PASSPHRASE: "of a test",
    PGPASSWORD: server.password,
  };
  await makeByHand();
});

afterAll(async () => {
  await checkout.remove();
  await server.stop();
});

test("a server that was set up by hand is adopted, and nothing on it is to be changed", async () => {
  const before = await dumpServer(server);
  const { text } = await ops("adopt", "--url", `postgresql://postgres@127.0.0.1:${server.port}/postgres`);
  expect(text).toContain("2 databases (billing, shop), 4 roles");
  const file = await readFile(join(checkout.directory, `Pulumi.${stack}.yaml`), "utf8");
  expect(file).not.toContain(server.password);
  expect(file).not.toContain("SCRAM");

  await run("infra/toolchain/pulumi.ts", ["stack", "init", stack]);
  await pulumi("config", "set", "--secret", "pgstead:administratorPassword", server.password);
  await pulumi("up", "--yes", "--skip-preview", "--target", "**ExistingServer**");
  const flags = ["--protect=false", "--generate-code=false", "--yes"];
  const imported = await pulumi("import", "--file", `import.${stack}.json`, ...flags);
  expect(imported.text).not.toContain("failed to validate");

  const preview = await pulumi("preview", "--expect-no-changes");
  expect(preview.text).toContain("unchanged");
  expect(preview.text).not.toContain("plan: ");
  await pulumi("up", "--yes");
  expect((await pulumi("preview", "--expect-no-changes")).text).toContain("unchanged");
  expect(await dumpServer(server)).toEqual(before);
  expect(await sql("SELECT FROM pg_namespace WHERE nspname = 'pgstead'")).toEqual([]);
});

test("a role keeps its password, and its URI has none", async () => {
  const { stdout } = await pulumi("stack", "output", "--json", "--show-secrets");
  const { uris, administratorUri } = JSON.parse(stdout) as {
    administratorUri: string;
    uris: Record<string, Record<string, string>>;
  };
  expect(uris.shop?.app).toBe(`postgresql://shop_app@127.0.0.1:${server.port}/shop`);
  expect(parseConnectionUri(administratorUri).password).toBe(server.password);
  const session = await server.connect("shop", { user: "shop_app", password: appPassword });
  await session.close();
});

test("what is changed by hand afterwards shows, and is mended", async () => {
  await sql("ALTER ROLE shop_app NOLOGIN; ALTER DATABASE shop OWNER TO postgres");
  const { text } = await pulumi("preview");
  expect(text).toContain('ALTER ROLE "shop_app" LOGIN;');
  expect(text).toContain('ALTER DATABASE "shop" OWNER TO "boss";');
  await pulumi("up", "--yes", "--skip-preview");
  expect((await pulumi("preview", "--expect-no-changes")).text).toContain("unchanged");
});

test("the commands work on an adopted stack as on any other one", async () => {
  const { stdout } = await ops("status", "--json");
  expect(stdout).toContain('"billing"');
});

test("a stack that was adopted is not overwritten without a word", async () => {
  const url = `postgresql://postgres@127.0.0.1:${server.port}`;
  const refused = await run("infra/ops/cli.ts", ["adopt", "--url", url, "--stack", stack], 2);
  expect(refused.text).toContain("--force");
  await ops("adopt", "--url", url, "--force");
  const file = parse(await readFile(join(checkout.directory, `Pulumi.${stack}.yaml`), "utf8")) as {
    encryptionsalt?: string;
    config: Record<string, unknown>;
  };
  expect(file.encryptionsalt).toBeTypeOf("string");
  expect(file.config["pgstead:administratorPassword"]).toHaveProperty("secure");
  expect((await pulumi("preview", "--expect-no-changes")).text).toContain("unchanged");
});
