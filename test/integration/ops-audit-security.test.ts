import { appendFile, chmod, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { logFileSettings, loggingSettings } from "../../components/core/tuning/logging";
import type { AuditSecurityData } from "../../infra/ops/commands/audit-security";
import { deployStack, type DeployedStack } from "./ops-stack";

let stack: DeployedStack;

/** What the server of this test has not, as no program is run on it but the one that looks. */
const exceptions = {
  "logging.ddl": "the trail has a test of its own",
  "connection.idle-transactions": "a desktop",
};

beforeAll(async () => {
  stack = await deployStack();
  await writeFile(
    join(stack.server.instance.dataDirectory, "pg_hba.conf"),
    "host all postgres 127.0.0.1/32 scram-sha-256\nhost shop shop_migrator,shop_app,shop_readonly 127.0.0.1/32 scram-sha-256\n",
  );
  await change("postgres", [
    ...[...loggingSettings, ...logFileSettings].map(
      ({ name, value }) => `ALTER SYSTEM SET "${name}" = '${value}'`,
    ),
    "ALTER ROLE shop_readonly CONNECTION LIMIT 5",
    "ALTER ROLE shop_migrator SET role = shop_owner",
    ...["postgres", "template1", "shop"].map((name) => `REVOKE ALL ON DATABASE ${name} FROM PUBLIC`),
    "SELECT pg_reload_conf()",
  ]);
  await declare(exceptions);
}, 60_000);
afterAll(() => stack.remove());

async function declare(written: Readonly<Record<string, string>>): Promise<void> {
  const lines = Object.entries(written).map(([id, reason]) => `      ${id}: ${reason}\n`);
  await appendFile(
    join(stack.root, "Pulumi.dev.yaml"),
    `  pgstead:security:\n    exceptions:\n${lines.join("")}`,
  );
}

async function change(database: string, statements: readonly string[]): Promise<void> {
  const session = await stack.server.connect(database);
  for (const sql of statements) await session.query(sql);
  await session.close();
}

async function audit(...args: readonly string[]) {
  const { stdout, exitCode } = await stack.ops("audit-security", "--json", ...args);
  const { data, findings } = JSON.parse(stdout) as {
    data: AuditSecurityData;
    findings: readonly { subject: string; hint: string }[];
  };
  const failed = data.controls
    .filter(({ status }) => status === "fail")
    .map(({ id, evidence }) => `${id}: ${evidence}`);
  return { data, findings, failed, exitCode, of: (id: string) => data.controls.find((one) => one.id === id) };
}

describe("ops audit-security", () => {
  test("finds nothing on a server that is as pgstead makes it, and shows what was seen", async () => {
    const { data, failed, findings, exitCode, of } = await audit();
    expect(failed).toEqual([]);
    expect([findings, exitCode]).toEqual([[], 0]);
    expect(of("logging.prefix")).toMatchObject({
      status: "pass",
      evidence: "log_line_prefix = %m [%p]: [%l-1] db=%d,user=%u,app=%a,client=%h ",
      source: "https://www.postgresql.org/docs/17/runtime-config-logging.html",
      cis: null,
    });
    expect(of("logging.collector")?.cis?.number).toBe("3.1.3");
    expect(of("logging.ddl")).toMatchObject({
      status: "exception",
      reason: "the trail has a test of its own",
    });
    expect(of("files.data-directory")).toMatchObject({
      status: "pass",
      evidence: expect.stringMatching(/ 0700$/) as string,
    });
    expect(of("connection.tls")).toMatchObject({ status: "not-applicable" });
    expect(of("users.passwords")).toMatchObject({ status: "pass" });
    expect(data.counts.fail).toBe(0);
    expect(data.counts.pass).toBeGreaterThan(40);
    expect(JSON.stringify(data)).not.toContain("SCRAM-SHA-256$");
  });

  test("finds every fault, and ends with 1", async () => {
    const { dataDirectory } = stack.server.instance;
    await change("shop", [
      "CREATE ROLE back_door SUPERUSER LOGIN",
      "SET password_encryption = md5",
      "ALTER ROLE shop_app PASSWORD 'as-md5' CREATEROLE BYPASSRLS REPLICATION CONNECTION LIMIT -1",
      "GRANT pg_execute_server_program TO shop_app",
      "GRANT CREATE ON SCHEMA api TO PUBLIC",
      "GRANT CONNECT ON DATABASE shop TO PUBLIC",
      "CREATE FUNCTION api.definer() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'",
      "CREATE FUNCTION api.safe() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog AS 'SELECT 1'",
      "CREATE EXTENSION hstore",
      "ALTER SYSTEM SET log_connections = off",
      "ALTER SYSTEM SET log_line_prefix = '%t '",
      "ALTER SYSTEM SET full_page_writes = off",
      "ALTER SYSTEM SET authentication_timeout = '5min'",
      "ALTER SYSTEM SET max_locks_per_transaction = 100",
    ]);
    await appendFile(
      join(dataDirectory, "pg_hba.conf"),
      "\nhost all all 10.0.0.0/8 trust\nhost shop shop_app 127.0.0.1/32 md5\nhostnossl shop shop_app 10.0.0.0/8 scram-sha-256\nhost replication shop_app 127.0.0.1/32 scram-sha-256\n",
    );
    await chmod(join(dataDirectory, "pg_ident.conf"), 0o644);
    await change("postgres", ["SELECT pg_reload_conf()"]);

    const { data, failed, findings, exitCode } = await audit();
    expect(exitCode).toBe(1);
    expect(failed.map((text) => text.replace(/: .*/, ""))).toEqual([
      "files.ident-file",
      "logging.connections",
      "logging.prefix",
      "users.superusers",
      "users.createrole",
      "users.bypassrls",
      "users.predefined",
      "users.public-database",
      "users.public-schema",
      "users.definer",
      "users.passwords",
      "users.connection-limits",
      "connection.trust",
      "connection.weak-methods",
      "connection.encryption",
      "connection.everybody",
      "connection.replication",
      "connection.administrator",
      "connection.authentication-timeout",
      "settings.full-page-writes",
      "settings.pending",
      "settings.extensions",
      "replication.role",
    ]);
    expect(failed).toEqual(
      expect.arrayContaining([
        "users.superusers: back_door",
        "users.definer: shop: api.definer()",
        "users.passwords: shop_app: md5",
        "users.public-database: CONNECT on shop",
        "users.public-schema: shop: api",
        "settings.pending: max_locks_per_transaction",
        "settings.extensions: shop: hstore",
        expect.stringMatching(/^files\.ident-file: .*pg_ident\.conf 0644$/) as string,
        expect.stringMatching(/^connection\.trust: line \d+: host all all 10\.0\.0\.0 trust$/) as string,
      ]),
    );
    expect(findings).toHaveLength(data.counts.fail);

    const text = await stack.ops("audit-security", "--area", "connection");
    expect(text.exitCode).toBe(1);
    expect(text.stdout).toMatch(/^ +connection\.trust +fail /m);
    expect(text.stdout).not.toContain("users.superusers");
  });

  test("refuses an exception of no control, with the one that was meant", async () => {
    await appendFile(join(stack.root, "Pulumi.dev.yaml"), "      logging.prefx: a slip\n");
    const { exitCode, stderr } = await stack.ops("audit-security");
    expect(exitCode).toBe(2);
    expect(stderr).toContain("did you mean logging.prefix?");
  });
});
