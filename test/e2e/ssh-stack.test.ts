import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { makeAuthority } from "../support/certificates";
import { makeCheckout, type Checkout, type Output } from "../support/checkout";
import { findMatchingTools } from "../support/client-tools";
import { eventually } from "../support/eventually";
import { freePort, startServer, type TestServer } from "../support/server";
import { passphrase, startSshServer, type SshServer } from "../support/ssh-server";

const stack = "tunnel";
let server: TestServer;
let sshd: SshServer;
let checkout: Checkout;
let env: NodeJS.ProcessEnv;

function run(
  script: string,
  args: readonly string[],
  more: NodeJS.ProcessEnv = {},
  exitCode: number | "any" = 0,
) {
  return checkout.run(script, [...args, "--stack", stack], { env: { ...env, ...more }, exitCode });
}
const pulumi = (...args: string[]): Promise<Output> => run("infra/toolchain/pulumi.ts", args);
const failing = (...args: string[]): Promise<Output> => run("infra/toolchain/pulumi.ts", args, {}, "any");
const ops = (args: readonly string[], exitCode: number | "any" = 0): Promise<Output> =>
  run("infra/ops/cli.ts", args, {}, exitCode);

async function sql(text: string, database = "postgres"): Promise<Record<string, unknown>[]> {
  const session = await server.connect(database);
  try {
    return await session.query(text);
  } finally {
    await session.close();
  }
}

const stackFile = (): string => join(checkout.directory, `Pulumi.${stack}.yaml`);
let ca: string;

/** The key has a passphrase, the way goes through a bastion, and the server proves its own name. */
function configuration(ssh: Readonly<Record<string, unknown>> = {}): object {
  const hop = { host: "127.0.0.1", port: sshd.port, user: sshd.user, hostKey: sshd.publicKey("host") };
  const way = {
    ...hop,
    keyFile: join(sshd.directory, "locked"),
    bastion: { ...hop, keyFile: join(sshd.directory, "locked") },
  };
  return {
    "pgstead:target": "existing",
    "pgstead:server": { port: server.port, tls: { mode: "verify-full", ca }, ssh: { ...way, ...ssh } },
    "pgstead:database": { name: "shop", schemas: { app: {} }, extensions: ["citext"] },
    "pgstead:roles": { app: { login: true } },
    "pgstead:disposable": true,
    "pgstead:backup": { directory: join(dirname(checkout.directory), "backups") },
  };
}

async function configure(ssh: Readonly<Record<string, unknown>> = {}): Promise<void> {
  const file = await readFile(stackFile(), "utf8").catch(() => "");
  const { config, ...rest } = (parse(file) ?? {}) as { config?: Record<string, unknown> };
  const kept = { "pgstead:administratorPassword": config?.["pgstead:administratorPassword"] };
  const password = kept["pgstead:administratorPassword"] === undefined ? {} : kept;
  // JSON is YAML.
  await writeFile(
    stackFile(),
    JSON.stringify({ ...rest, config: { ...configuration(ssh), ...password } }, null, 2),
  );
}

beforeAll(async () => {
  [server, sshd, checkout] = await Promise.all([startServer(), startSshServer(), makeCheckout()]);
  const authority = await makeAuthority(sshd.directory);
  await authority.secure(server, ["localhost"]);
  ca = authority.file;
  const home = dirname(checkout.directory);
  await Promise.all([
    mkdir(join(home, "backend")),
    writeFile(join(home, "passphrase"), `${passphrase}\n`, { mode: 0o600 }),
  ]);
  env = {
    PULUMI_BACKEND_URL: `file://${join(home, "backend")}`,
    PULUMI_HOME: join(home, "pulumi"),
    PULUMI_CONFIG_PASSPHRASE: "of a test",
    PGSTEAD_SSH_PASSPHRASE_FILE: join(home, "passphrase"),
    PGPASSWORD: undefined,
    PATH: [findMatchingTools(), process.env.PATH].join(delimiter),
  };
  await checkout.run("infra/toolchain/pulumi.ts", ["stack", "init", stack], { env });
  await configure();
  await run("infra/toolchain/pulumi.ts", [
    "config",
    "set",
    "--secret",
    "pgstead:administratorPassword",
    server.password,
  ]);
});

afterAll(async () => {
  await checkout.remove();
  await Promise.all([sshd.stop(), server.stop()]);
  await rm(sshd.directory, { recursive: true, force: true });
});

test("a stack comes up over a bastion, and a second preview has nothing to do", async () => {
  const up = await pulumi("up", "--yes");
  expect(up.text).not.toContain(passphrase);
  expect(await sql("SELECT 1 AS one FROM pg_namespace WHERE nspname = 'app'", "shop")).toEqual([{ one: 1 }]);
  await pulumi("refresh", "--yes");
  const preview = await pulumi("preview", "--expect-no-changes", "--diff");
  expect(preview.text).not.toContain("25432");
  const { stdout } = await pulumi("stack", "export");
  expect(stdout).not.toContain(passphrase);
  expect(stdout).not.toContain("127.0.0.1:");
  expect(stdout).not.toContain("PRIVATE KEY");
});

test("what is changed by hand is found over it, and mended", async () => {
  await sql("ALTER ROLE shop_app NOLOGIN");
  expect((await pulumi("preview")).text).toContain('ALTER ROLE "shop_app" LOGIN');
  await pulumi("up", "--yes", "--skip-preview");
  expect(await sql("SELECT rolcanlogin AS may FROM pg_roles WHERE rolname = 'shop_app'")).toEqual([
    { may: true },
  ]);
});

test("operations go over it, pg_dump too, and say how a person gets there", async () => {
  const status = JSON.parse((await ops(["status", "--json"])).stdout) as { findings: unknown[] };
  expect(status.findings).toEqual([]);
  await ops(["backup", "--json"]);
  const { stdout } = await ops(["connection", "--role", "app", "--json"]);
  const { data } = JSON.parse(stdout) as { data: { tunnel: string; host: string } };
  expect(data.host).toBe("localhost");
  expect(data.tunnel).toContain(`ssh -N -L 127.0.0.1:${server.port}:localhost:${server.port} -i`);
  // What this stack declares is left to it.
  await sql("CREATE DATABASE reports");
  const out = join(dirname(checkout.directory), "adopted");
  await mkdir(out);
  await checkout.run(
    "infra/ops/cli.ts",
    [
      ...[
        "adopt",
        "--stack",
        "other",
        "--out",
        out,
        "--url",
        `postgresql://postgres@localhost:${server.port}/postgres?sslmode=require`,
      ],
      ...["--ssh", `${sshd.user}@127.0.0.1:${sshd.port}`, "--ssh-key", join(sshd.directory, "key")],
      ...["--ssh-host-key", sshd.publicKey("host")],
    ],
    { env: { ...env, PGPASSWORD: server.password } },
  );
  const { config } = parse(await readFile(join(out, "Pulumi.other.yaml"), "utf8")) as {
    config: Record<string, { ssh?: object }>;
  };
  expect(config["pgstead:server"]?.ssh).toMatchObject({
    host: "127.0.0.1",
    port: sshd.port,
    user: sshd.user,
  });
});

test("a way that is closed is one error before anything begins", async () => {
  const port = await freePort();
  for (const [ssh, told] of [
    [{ keyFile: join(sshd.directory, "restricted") }, "AllowTcpForwarding"],
    [{ port }, "ECONNREFUSED|nobody listens|cannot reach"],
  ] as const) {
    await configure(ssh);
    const { exitCode, text } = await failing("preview");
    expect(exitCode).not.toBe(0);
    expect(text).toMatch(new RegExp(told));
    expect(text.match(/hint: /g)).toHaveLength(1);
  }
  await configure({ hostKey: sshd.publicKey("key") });
  const { stdout } = await ops(["status", "--json"], 3);
  expect(stdout).toContain("showed another host key");
  await configure();
});

test("a connection that is lost in the middle of `up` is told of once, and the next run goes on", async () => {
  await sql("REVOKE USAGE ON SCHEMA app FROM shop_app_reader", "shop");
  // Somebody else changes the same schema, and has not said how that ends: the run's GRANT waits for it.
  const other = await server.connect("shop");
  await other.query("BEGIN");
  await other.query("GRANT USAGE ON SCHEMA app TO pg_monitor");
  const running = failing("up", "--yes", "--skip-preview");
  await eventually(
    "the run waits for the other's change",
    async () => {
      const rows = await sql(
        "SELECT 1 FROM pg_stat_activity WHERE query LIKE 'GRANT%' AND wait_event_type = 'Lock'",
      );
      return rows.length > 0 ? true : undefined;
    },
    120_000,
  );
  expect(sshd.cutConnections()).toBeGreaterThan(0);
  await other.query("ROLLBACK");
  await other.close();
  const { exitCode, stderr } = await running;
  expect(exitCode).not.toBe(0);
  expect(stderr.match(/pgstead: SSH .*\n {2}the connection was lost/g)).toHaveLength(1);
  await pulumi("up", "--yes", "--skip-preview");
  expect(await sql("SELECT has_schema_privilege('shop_app_reader', 'app', 'USAGE') AS may", "shop")).toEqual([
    { may: true },
  ]);
});

test("all of it goes again over the same way", async () => {
  await pulumi("destroy", "--yes");
  expect(await sql("SELECT 1 FROM pg_database WHERE datname = 'shop'")).toEqual([]);
  expect(await sql("SELECT 1 FROM pg_roles WHERE rolname LIKE 'shop%'")).toEqual([]);
});
