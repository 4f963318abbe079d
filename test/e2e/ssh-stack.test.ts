import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { parse } from "yaml";
import type { Output } from "../support/checkout";
import { eventually } from "../support/eventually";
import { freePort } from "../support/server";
import { passphrase } from "../support/ssh-server";
import { stack, useSshStack } from "../support/ssh-stack";

const own = useSshStack();

/** Revision that the application is at. */
async function headOf(): Promise<string> {
  const [row] = await own.sql("SELECT version_num AS head FROM app.alembic_version", "shop");
  return String(row?.head);
}

test("a stack comes up over a bastion, and a second preview has nothing to do", async () => {
  const up = await own.pulumi("up", "--yes");
  expect(up.text).not.toContain(passphrase);
  expect(
    await own.sql("SELECT count(*)::int AS n FROM pg_tables WHERE schemaname = 'app'", "shop"),
  ).not.toEqual([{ n: 0 }]);
  await own.pulumi("refresh", "--yes");
  const preview = await own.pulumi("preview", "--expect-no-changes", "--diff");
  expect(preview.text).not.toContain("25432");
  const { stdout } = await own.pulumi("stack", "export");
  expect(stdout).not.toContain(passphrase);
  expect(stdout).not.toContain("127.0.0.1:");
  expect(stdout).not.toContain("PRIVATE KEY");
});

test("what is changed by hand is found over it, and mended", async () => {
  await own.sql("ALTER ROLE shop_app NOLOGIN");
  expect((await own.pulumi("preview")).text).toContain('ALTER ROLE "shop_app" LOGIN');
  await own.pulumi("up", "--yes", "--skip-preview");
  expect(await own.sql("SELECT rolcanlogin AS may FROM pg_roles WHERE rolname = 'shop_app'")).toEqual([
    { may: true },
  ]);
});

test("operations go over it, pg_dump too, and say how a person gets there", async () => {
  const status = JSON.parse((await own.ops(["status", "--json"])).stdout) as { findings: unknown[] };
  expect(status.findings).toEqual([]);
  await own.ops(["plan", "--expect-no-changes"]);
  await own.ops(["drift", "--json"]);
  await own.application.revise({
    id: "9001",
    name: "notes",
    down: await headOf(),
    upgrade: ["op.create_table('notes', sa.Column('id', sa.Integer, primary_key=True), schema='app')"],
    downgrade: ["op.drop_table('notes', schema='app')"],
  });
  await own.ops(["migrate", "upgrade", "--yes"]);
  await own.ops(["backup", "--json"]);
  await own.ops(["restore", "latest", "--into", "shop_restored"]);
  expect(await own.sql("SELECT count(*)::int AS n FROM app.notes", "shop_restored")).toEqual([{ n: 0 }]);
  await own.sql("DROP DATABASE shop_restored");
  const { stdout } = await own.ops(["connection", "--role", "app", "--json"]);
  const { data } = JSON.parse(stdout) as { data: { tunnel: string; host: string } };
  expect(data.host).toBe("localhost");
  expect(data.tunnel).toContain(`ssh -N -L 127.0.0.1:${own.server.port}:localhost:${own.server.port} -i`);
  // What this stack declares is left to it.
  await own.sql("CREATE DATABASE reports");
  const out = own.at("adopted");
  await mkdir(out);
  await own.checkout.run(
    "infra/ops/cli.ts",
    [
      ...[
        "adopt",
        "--stack",
        // Another one would leave what this one declares.
        stack,
        "--out",
        out,
        "--url",
        `postgresql://postgres@localhost:${own.server.port}/postgres?sslmode=require`,
      ],
      ...[
        "--ssh",
        `${own.sshd.user}@127.0.0.1:${own.sshd.port}`,
        "--ssh-key",
        join(own.sshd.directory, "key"),
      ],
      ...["--ssh-host-key", own.sshd.publicKey("host")],
    ],
    { env: { ...own.env, PGPASSWORD: own.server.password } },
  );
  const { config } = parse(await readFile(join(out, `Pulumi.${stack}.yaml`), "utf8")) as {
    config: Record<string, { ssh?: object }>;
  };
  expect(config["pgstead:server"]?.ssh).toMatchObject({
    host: "127.0.0.1",
    port: own.sshd.port,
    user: own.sshd.user,
  });
});

test("its data goes over it to another stack", async () => {
  const { "pgstead:migrations": _, ...shop } = own.configuration();
  const mirror = {
    ...shop,
    "pgstead:server": { ...(shop["pgstead:server"] as object), shared: true },
    "pgstead:database": { name: "mirror", schemas: { app: {} }, extensions: ["citext"] },
    "pgstead:roles": { app: { name: "mirror_app", login: true } },
  };
  const file = join(own.checkout.directory, "Pulumi.mirror.yaml");
  await writeFile(file, JSON.stringify({ config: mirror }));
  const passwordFile = own.at("password");
  await writeFile(passwordFile, own.server.password, { mode: 0o600 });
  const more = { env: { ...own.env, PGSTEAD_ADMINISTRATOR_PASSWORD_FILE: passwordFile } };
  const other = (script: string, ...args: string[]): Promise<Output> => own.checkout.run(script, args, more);
  await other("infra/toolchain/pulumi.ts", "stack", "init", "mirror");
  await other("infra/toolchain/pulumi.ts", "up", "--yes", "--skip-preview", "--stack", "mirror");
  const copy = ["copy", "--from", stack, "--to", "mirror", "--confirm", "mirror", "--unmasked"];
  await other("infra/ops/cli.ts", ...copy);
  expect(await own.sql("SELECT count(*)::int AS n FROM app.notes", "mirror")).toEqual([{ n: 0 }]);
  // What was there before is kept by a copy, and the roles of this stack have privileges in it.
  const copied = await own.sql("SELECT datname::text AS name FROM pg_database WHERE datname LIKE 'mirror%'");
  expect(copied).toHaveLength(2);
  for (const { name } of copied) await own.sql(`DROP DATABASE ${String(name)}`);
  await other("infra/toolchain/pulumi.ts", "stack", "rm", "mirror", "--yes", "--force");
});

test("a way that is closed is one error before anything begins", async () => {
  const port = await freePort();
  for (const [ssh, told] of [
    [{ keyFile: join(own.sshd.directory, "restricted") }, "AllowTcpForwarding"],
    [{ port }, "ECONNREFUSED|nobody listens|cannot reach"],
  ] as const) {
    await own.configure(ssh);
    const { exitCode, text } = await own.failing("preview");
    expect(exitCode).not.toBe(0);
    expect(text).toMatch(new RegExp(told));
    expect(text.match(/hint: /g)).toHaveLength(1);
  }
  await own.configure({ hostKey: own.sshd.publicKey("key") });
  const { stdout } = await own.ops(["status", "--json"], 3);
  expect(stdout).toContain("showed another host key");
  await own.configure();
});

const cut = {
  happens: () => {
    expect(own.sshd.cutConnections()).toBeGreaterThan(0);
    return Promise.resolve();
  },
  isBack: () => Promise.resolve(),
};
const reboot = {
  happens: async (): Promise<void> => {
    own.sshd.cutConnections();
    await Promise.all([own.sshd.kill(), own.server.crash()]);
  },
  isBack: async (): Promise<void> => {
    await Promise.all([own.server.start(), own.sshd.start()]);
  },
};

/** Blocks what a command does in the database, cuts its connection there, and gives what it said. */
async function cutInTheMiddle(args: readonly string[], block: string): Promise<Output> {
  const other = await own.server.connect("shop");
  await other.query(`BEGIN; ${block}`);
  const running = own.ops(args, "any");
  await eventually(
    `${args.join(" ")} waits`,
    async () => ((await own.sql("SELECT 1 FROM pg_locks WHERE NOT granted")).length > 0 ? true : undefined),
    120_000,
  );
  try {
    expect(own.sshd.cutConnections()).toBeGreaterThan(0);
    return await running;
  } finally {
    await other.query("ROLLBACK");
    await other.close();
  }
}

test("a connection that is lost in the middle of an operation is one error, and the next run goes on", async () => {
  await own.application.revise({
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
    expect(text.match(/^(?:error: |1 finding)/gm), text).toHaveLength(1);
    expect(text).toContain("the connection was lost");
    await own.ops(args);
  }
  expect(await own.sql("SELECT datname FROM pg_database WHERE datname LIKE 'shop_%'")).toEqual([]);
});

test.each([
  ["connection that is lost", cut],
  ["host that reboots", reboot],
] as const)("a %s in the middle of `up` is told of once, and the next run goes on", async (_what, fault) => {
  const { happens, isBack } = fault;
  await own.sql("REVOKE USAGE ON SCHEMA app FROM shop_app_reader", "shop");
  // Somebody else changes the same schema, and has not said how that ends: the run's GRANT waits for it.
  const other = await own.server.connect("shop");
  await other.query("BEGIN");
  await other.query("GRANT USAGE ON SCHEMA app TO pg_monitor");
  const running = own.failing("up", "--yes", "--skip-preview");
  await eventually(
    "the run waits for the other's change",
    async () => {
      const rows = await own.sql(
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
  await own.pulumi("up", "--yes", "--skip-preview");
  expect(
    await own.sql("SELECT has_schema_privilege('shop_app_reader', 'app', 'USAGE') AS may", "shop"),
  ).toEqual([{ may: true }]);
});

test("all of it goes again over the same way", async () => {
  await own.pulumi("destroy", "--yes");
  expect(await own.sql("SELECT 1 FROM pg_database WHERE datname = 'shop'")).toEqual([]);
  expect(await own.sql("SELECT 1 FROM pg_roles WHERE rolname LIKE 'shop%'")).toEqual([]);
});
