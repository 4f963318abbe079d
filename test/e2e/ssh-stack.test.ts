import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { parse } from "yaml";
import { applicationPackages, copyApplication, type Application } from "../support/alembic-application";
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
let application: Application;
let packages: string;

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
    // An application's own Python goes over it as well.
    "pgstead:migrations": {
      engine: "alembic",
      directory: application.directory,
      alembic: { environment: { PYTHONPATH: packages } },
    },
  };
}

/** Revision that the application is at. */
async function headOf(): Promise<string> {
  const [row] = await sql("SELECT version_num AS head FROM app.alembic_version", "shop");
  return String(row?.head);
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
  packages = await applicationPackages();
  application = await copyApplication(join(home, "application"));
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
  expect(await sql("SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'app'", "shop")).not.toEqual([
    { n: 0 },
  ]);
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
  await ops(["plan", "--expect-no-changes"]);
  await ops(["drift", "--json"]);
  await application.revise({
    id: "9001",
    name: "notes",
    down: await headOf(),
    upgrade: ["op.create_table('notes', sa.Column('id', sa.Integer, primary_key=True), schema='app')"],
    downgrade: ["op.drop_table('notes', schema='app')"],
  });
  await ops(["migrate", "upgrade", "--yes"]);
  await ops(["migrate", "check"]);
  await ops(["backup", "--json"]);
  await ops(["restore", "latest", "--into", "shop_restored"]);
  expect(await sql("SELECT count(*)::int AS n FROM app.notes", "shop_restored")).toEqual([{ n: 0 }]);
  await sql("DROP DATABASE shop_restored");
  const { stdout } = await ops(["connection", "--role", "app", "--json"]);
  const { data } = JSON.parse(stdout) as { data: { tunnel: string; host: string } };
  expect(data.host).toBe("localhost");
  expect(data.tunnel).toContain(`ssh -N -L 127.0.0.1:${server.port}:localhost:${server.port} -i`);
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

test("its data goes over it to another stack", async () => {
  const { "pgstead:migrations": _, ...shop } = configuration() as Record<string, object>;
  const mirror = {
    ...shop,
    "pgstead:server": { ...shop["pgstead:server"], shared: true },
    "pgstead:database": { name: "mirror", schemas: { app: {} }, extensions: ["citext"] },
    "pgstead:roles": { app: { name: "mirror_app", login: true } },
  };
  const file = join(checkout.directory, "Pulumi.mirror.yaml");
  await writeFile(file, JSON.stringify({ config: mirror }));
  const passwordFile = join(dirname(checkout.directory), "password");
  await writeFile(passwordFile, server.password, { mode: 0o600 });
  const more = { env: { ...env, PGSTEAD_ADMINISTRATOR_PASSWORD_FILE: passwordFile } };
  const other = (script: string, ...args: string[]): Promise<Output> => checkout.run(script, args, more);
  await other("infra/toolchain/pulumi.ts", "stack", "init", "mirror");
  await other("infra/toolchain/pulumi.ts", "up", "--yes", "--skip-preview", "--stack", "mirror");
  const copy = ["copy", "--from", stack, "--to", "mirror", "--confirm", "mirror", "--unmasked"];
  await other("infra/ops/cli.ts", ...copy);
  expect(await sql("SELECT count(*)::int AS n FROM app.notes", "mirror")).toEqual([{ n: 0 }]);
  await other("infra/toolchain/pulumi.ts", "destroy", "--yes", "--stack", "mirror");
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

const cut = {
  happens: () => {
    expect(sshd.cutConnections()).toBeGreaterThan(0);
    return Promise.resolve();
  },
  isBack: () => Promise.resolve(),
};
const reboot = {
  async happens() {
    await server.crash();
    await sshd.kill();
    sshd.cutConnections();
  },
  async isBack() {
    await Promise.all([server.start(), sshd.start()]);
  },
};

/** Blocks what a command does in the database, cuts its connection there, and gives what it said. */
async function cutInTheMiddle(args: readonly string[], block: string): Promise<Output> {
  const other = await server.connect("shop");
  await other.query(`BEGIN; ${block}`);
  const running = ops(args, "any");
  await eventually(
    `${args.join(" ")} waits`,
    async () => ((await sql("SELECT 1 FROM pg_locks WHERE NOT granted")).length > 0 ? true : undefined),
    120_000,
  );
  expect(sshd.cutConnections()).toBeGreaterThan(0);
  const answer = await running;
  await other.query("ROLLBACK");
  await other.close();
  return answer;
}

test("a connection that is lost in the middle of an operation is one error, and the next run goes on", async () => {
  await application.revise({
    id: "9002",
    name: "colour",
    down: "9001",
    upgrade: ["op.add_column('notes', sa.Column('colour', sa.Text()), schema='app')"],
    downgrade: ["op.drop_column('notes', 'colour', schema='app')"],
  });
  const held = "LOCK TABLE app.notes IN ACCESS EXCLUSIVE MODE";
  const again = ["restore", "latest", "--table", "app.notes", "--as", "app.notes_again"];
  for (const [args, block] of [
    [["migrate", "upgrade", "--yes"], held],
    [["backup"], held],
    [again, "CREATE TABLE app.notes_again ()"],
  ] as const) {
    const { exitCode, text } = await cutInTheMiddle(args, block);
    expect(exitCode, text).not.toBe(0);
    expect(text.match(/^error: /gm), text).toHaveLength(1);
    expect(text).toContain("the connection was lost");
    await ops(args);
  }
});

test.each([
  ["connection that is lost", cut],
  ["host that reboots", reboot],
] as const)("a %s in the middle of `up` is told of once, and the next run goes on", async (_what, fault) => {
  const { happens, isBack } = fault;
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
  await happens();
  await other.query("ROLLBACK").catch(() => undefined); // the host took it along
  await other.close().catch(() => undefined);
  const { exitCode, stderr } = await running;
  expect(exitCode).not.toBe(0);
  expect(stderr.match(/pgstead: SSH .*\n {2}the connection was lost/g)).toHaveLength(1);
  await isBack();
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
