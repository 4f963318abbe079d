import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { stringify } from "yaml";
import { parseConnectionUri } from "../../components/core/connection";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import { openSession } from "../../components/io/session";
import { makeAuthority } from "../support/certificates";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";
import { eventually } from "../support/eventually";
import { startServer, type TestServer } from "../support/server";

const password = generatePassword();
let server: TestServer;
let checkout: Checkout;
let env: NodeJS.ProcessEnv;
let authorityFile: string;

function pulumi(...args: string[]): Promise<Output> {
  return checkout.run("infra/toolchain/pulumi.ts", [...args, "--stack", "managed"], { env });
}

async function sql(text: string, database?: string): Promise<Record<string, unknown>[]> {
  const session = await server.connect(database);
  try {
    return await session.query(text);
  } finally {
    await session.close();
  }
}

/** A login as managed services give it, and a server that takes it over TLS only. */
beforeAll(async () => {
  [server, checkout] = await Promise.all([startServer(), makeCheckout()]);
  const home = dirname(checkout.directory);
  await mkdir(join(home, "backend"));
  const authority = await makeAuthority(home);
  authorityFile = authority.file;
  await authority.secure(server, ["127.0.0.1"]);
  await sql(`CREATE ROLE manager LOGIN CREATEROLE CREATEDB PASSWORD '${scramVerifier(password)}'`);
  await sql("GRANT pg_monitor TO manager WITH ADMIN TRUE");
  const passwordFile = join(home, "password");
  await writeFile(passwordFile, `${password}\n`, { mode: 0o600 });
  env = {
    PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
    PULUMI_HOME: join(home, "pulumi"),
    PULUMI_CONFIG_PASSPHRASE: "of a test",
    PGSTEAD_ADMINISTRATOR_PASSWORD_FILE: passwordFile,
  };
  const config = {
    "pgstead:target": "existing",
    "pgstead:disposable": true,
    "pgstead:server": {
      host: "127.0.0.1",
      port: server.port,
      tls: { mode: "verify-full", ca: authority.file },
      administrator: { name: "manager", superuser: false },
    },
    "pgstead:database": { name: "shop", schemas: { app: { readers: ["app"] } }, extensions: ["pg_trgm"] },
    "pgstead:roles": { app: { login: true, connectionLimit: 5, settings: { statement_timeout: "20s" } } },
  };
  await writeFile(join(checkout.directory, "Pulumi.managed.yaml"), stringify({ config }));
  await checkout.run("infra/toolchain/pulumi.ts", ["stack", "init", "managed"], { env });
  await eventually("the server speaks TLS", async () => {
    const tls = { mode: "verify-full", ca: authority.pem } as const;
    const target = { host: "127.0.0.1", port: server.port, user: "manager", password, tls };
    const session = await openSession(target).catch(() => undefined);
    await session?.close();
    return session === undefined ? undefined : true;
  });
});

afterAll(async () => {
  await checkout.remove();
  await server.stop();
});

test("what is there already and was not imported is refused by name, before anything is sent", async () => {
  await sql("CREATE ROLE shop_app");
  await sql("CREATE DATABASE shop");
  const before = await sql("SELECT rolname, rolcanlogin FROM pg_roles ORDER BY 1");
  const { exitCode, text } = await checkout.run(
    "infra/toolchain/pulumi.ts",
    ["up", "--yes", "--stack", "managed"],
    { env, exitCode: "any" },
  );
  expect(exitCode).not.toBe(0);
  expect(text).toContain(
    "database shop, role shop_app: on the server already, and not in this stack's state",
  );
  expect(text).toContain("pulumi import --file");
  expect(text).not.toContain('ALTER ROLE "shop_app"');
  expect(await sql("SELECT rolname, rolcanlogin FROM pg_roles ORDER BY 1")).toEqual(before);
  await sql("DROP DATABASE shop");
  await sql("DROP ROLE shop_app");
});

test("a login without superuser makes what is declared, over a connection that is proven", async () => {
  await pulumi("up", "--yes");
  expect((await pulumi("preview", "--expect-no-changes")).text).toContain("unchanged");
  const { stdout } = await pulumi("stack", "output", "--json", "--show-secrets");
  const { uris } = JSON.parse(stdout) as { uris: Record<string, string> };
  expect(uris.app).toContain("sslmode=verify-full&sslrootcert=");
  const { database, ...target } = parseConnectionUri(uris.app!);
  const session = await openSession(target, { database });
  const rows = await session.query("SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()");
  await session.close();
  expect(rows).toEqual([{ ssl: true }]);
});

test("what it may mend is mended, and what only others may is told by name", async () => {
  await sql("ALTER ROLE shop_app CONNECTION LIMIT 1");
  await pulumi("up", "--yes", "--skip-preview");
  expect(await sql("SELECT rolconnlimit AS n FROM pg_roles WHERE rolname = 'shop_app'")).toEqual([{ n: 5 }]);
  await sql("ALTER ROLE shop_app SUPERUSER");
  const refused = await checkout.run("infra/toolchain/pulumi.ts", ["preview", "--stack", "managed"], {
    env,
    exitCode: "any",
  });
  expect(refused.exitCode).not.toBe(0);
  expect(refused.text).toContain("only a superuser changes one");
  await sql("ALTER ROLE shop_app NOSUPERUSER");
  expect((await pulumi("preview", "--expect-no-changes")).text).toContain("unchanged");
});

test("what it sees can be adopted by such a login as well, groups of schemas included", async () => {
  const script = "infra/toolchain/pulumi.ts";
  const again = (...args: string[]): Promise<Output> =>
    checkout.run(script, [...args, "--stack", "again"], { env });
  const tls = `sslmode=verify-full&sslrootcert=${encodeURIComponent(authorityFile)}`;
  const url = `postgresql://manager@127.0.0.1:${server.port}/postgres?${tls}`;
  const adopting = { ...env, PGPASSWORD: password };
  const { text } = await checkout.run("infra/ops/cli.ts", ["adopt", "--url", url, "--stack", "again"], {
    env: adopting,
  });
  expect(text).toContain("1 database (shop), 7 roles");
  await checkout.run(script, ["stack", "init", "again"], { env });
  await again("up", "--yes", "--skip-preview", "--target", "**ExistingServer**");
  await again("import", "--file", "import.again.json", "--protect=false", "--generate-code=false", "--yes");
  expect((await again("preview", "--expect-no-changes")).text).toContain("unchanged");
  await checkout.run(script, ["stack", "rm", "again", "--yes", "--force"], { env });
});

test("destroying the stack takes what it declared, and leaves the server", async () => {
  await pulumi("destroy", "--yes");
  const left = await sql(
    "SELECT rolname::text AS name FROM pg_roles WHERE rolname !~ '^pg_' UNION ALL SELECT datname FROM pg_database ORDER BY 1",
  );
  expect(left.map(({ name }) => name)).toEqual(["manager", "postgres", "postgres", "template0", "template1"]);
});
