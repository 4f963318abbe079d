import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";
import { eventually } from "../support/eventually";
import { migrationText } from "../unit/core/migrations/judged";

let under: DockerStackUnderTest;

beforeAll(async () => {
  under = await makeDockerStack([
    [["pgstead:audit"], { schemas: ["app"], retention: "12 months", pgaudit: true }],
    [["pgstead:monitoring"], { enabled: false }],
    [["pgstead:roles", "monitor"], undefined],
  ]);
  await migration(
    "0001-customers.sql",
    "CREATE TABLE app.customers (id int PRIMARY KEY, name text, card text);",
    "DROP TABLE app.customers;",
  );
  await under.configure(["pgstead:audit", "tables"], { "app.customers": { exclude: ["card"] } });
  await under.up();
}, 900_000);

async function migration(name: string, up: string, down: string): Promise<void> {
  const directory = join(under.checkout.directory, "sql", "migrations");
  await mkdir(directory, { recursive: true });
  await writeFile(join(directory, name), migrationText(up, { down }));
}

afterAll(() => under.remove(), 300_000);

async function sql<Row extends Record<string, unknown>>(text: string, role?: string): Promise<Row[]> {
  const session = await under.connect(role);
  try {
    return await session.query<Row>(text);
  } finally {
    await session.close();
  }
}

const inDatabase = async (text: string): Promise<string> =>
  under.exec("ops", [
    "psql",
    "-XAtq",
    "-h",
    "/var/run/postgresql",
    "-U",
    "postgres",
    "promptforge",
    "-c",
    text,
  ]);

describe("a trail in containers", () => {
  test("a table of a migration is recorded from its first row, without what is excluded", async () => {
    await sql("SELECT set_config('app.user', 'carol', false)", "app");
    await sql("INSERT INTO app.customers VALUES (1, 'Ada', '4111 1111')", "app");
    await sql("UPDATE app.customers SET name = 'Bea', card = '5500 0000' WHERE id = 1", "app");
    const { stdout } = await under.ops(["audit", "--table", "app.customers", "--json"]);
    const { data } = JSON.parse(stdout) as { data: { entries: Record<string, unknown>[] } };
    expect(data.entries.slice(0, 2)).toMatchObject([
      { operation: "UPDATE", login: "promptforge_app", key: { id: 1 }, new: { id: 1, name: "Bea" } },
      { operation: "INSERT", old: null, new: { id: 1, name: "Ada" } },
    ]);
    expect(stdout).not.toMatch(/4111|5500/);
    expect(stdout).toContain("audit triggers of table app.customers");
  });

  test("a second preview, drift, the migrations and the maintenance find nothing to do", async () => {
    expect((await under.pulumi(["preview", "--expect-no-changes"])).exitCode).toBe(0);
    const status = await under.ops(["migrate", "status", "--json"]);
    expect(status.stdout).toMatch(/"name": "customers",[^]*"pending": \[\]/);
    expect((await under.ops(["drift"])).exitCode).toBe(0);
    expect((await under.ops(["audit", "maintain", "--dry-run"])).stdout).toContain(
      "nothing to do; 12 months ahead",
    );
    expect((await under.ops(["status"])).exitCode).toBe(0);
  });

  test.each([
    ["app", "DELETE FROM audit.change_log"],
    [
      "app",
      "INSERT INTO audit.change_log_rest (at, transaction, login, operation) SELECT now(), '1', 'x', 'DELETE'",
    ],
    ["migrator", "TRUNCATE audit.change_log"],
    ["migrator", "ALTER TABLE app.customers DISABLE TRIGGER ALL"],
    ["migrator", "DROP TRIGGER pgstead_audit_update ON app.customers"],
    ["migrator", "SET ROLE promptforge_audit"],
    ["readonly", "UPDATE audit.change_log SET login = 'x'"],
  ])("%s cannot: %s", async (role, text) => {
    await expect(sql(text, role)).rejects.toMatchObject({ code: "42501" });
  });

  test("a later migration is applied beside the trail, and what the gate or the guard refuses leaves nothing", async () => {
    await migration(
      "0002-seen.sql",
      "ALTER TABLE app.customers ADD COLUMN seen boolean;",
      "ALTER TABLE app.customers DROP COLUMN seen;",
    );
    await under.up();
    await sql("UPDATE app.customers SET seen = true WHERE id = 1", "app");
    const [entry] = await sql<{ new: unknown }>(
      "SELECT new FROM audit.change_log WHERE operation = 'UPDATE' ORDER BY id DESC LIMIT 1",
      "readonly",
    );
    expect(entry?.new).toEqual({ id: 1, name: "Bea", seen: true });
    await migration("0003-quiet.sql", "ALTER TABLE app.customers DISABLE TRIGGER USER;", "SELECT 1;");
    const failed = await under.pulumi(["up", "--yes", "--skip-preview"], { exitCode: "any" });
    expect(failed.exitCode).not.toBe(0);
    expect(failed.text).toContain("0003-quiet.sql");
    await rm(join(under.checkout.directory, "sql", "migrations", "0003-quiet.sql"));
    expect((await under.pulumi(["preview", "--expect-no-changes"])).exitCode).toBe(0);
  });

  test("one word loads pgaudit: statements are in the server's log, those that were asked for", async () => {
    await sql("CREATE TABLE app.orders (id int PRIMARY KEY, status text)", "migrator");
    await sql("INSERT INTO app.orders VALUES (1, 'told by pgaudit')", "app");
    await sql("SELECT status FROM app.orders", "app");
    const log = (): Promise<string> => under.exec("server", ["sh", "-c", "cat /var/log/postgresql/*.json"]);
    const text = await eventually("the log has the INSERT", async () => {
      const found = await log();
      return found.includes("told by pgaudit") ? found : undefined;
    });
    expect(text).toMatch(/AUDIT: SESSION,\d+,\d+,WRITE,INSERT,/);
    expect(text).toMatch(/AUDIT: SESSION,\d+,\d+,DDL,CREATE TABLE,TABLE,app\.orders/);
    expect(text).not.toMatch(/AUDIT: [^"]*SELECT status FROM app\.orders/);
    expect((await under.pulumi(["preview", "--expect-no-changes"])).exitCode).toBe(0);
  });

  test("the ops container makes and drops partitions by its schedule, and fails where a trigger is off", async () => {
    const run = (): Promise<string> =>
      under.exec("ops", ["node", "/usr/lib/pgstead/ops.cjs", "run", "audit"]);
    await inDatabase(
      "DROP TABLE audit.change_log_rest; CREATE TABLE audit.change_log_2001_02 PARTITION OF audit.change_log FOR VALUES FROM ('2001-02-01 00:00:00+00') TO ('2001-03-01 00:00:00+00')",
    );
    const told = await run();
    expect(told).toContain("change_log_rest");
    expect(told).toContain('DROP TABLE \\"audit\\".\\"change_log_2001_02\\"');
    await inDatabase("ALTER TABLE app.orders DISABLE TRIGGER pgstead_audit_update");
    await expect(run()).rejects.toThrow("update is disabled");
    await under.up();
    expect(await run()).toContain('"monthsAhead":12');
  });

  // Last of all: nothing is left of what the others need.
  test("destroy leaves nothing", async () => {
    await under.configure(["pgstead:disposable"], true);
    await under.configure(["pgstead:protect"], false);
    await under.up();
    await under.pulumi(["destroy", "--yes", "--skip-preview"]);
    const { docker, name } = under;
    const filters = { name: [name] };
    expect(await docker.listContainers({ all: true, filters })).toEqual([]);
    expect((await docker.listVolumes({ filters })).Volumes).toEqual([]);
    expect(await docker.listNetworks({ filters })).toEqual([]);
  });
});
