import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";
import { eventually } from "../support/eventually";

let under: DockerStackUnderTest;

beforeAll(async () => {
  under = await makeDockerStack([
    [["pgstead:audit"], { schemas: ["app"], retention: "12 months", pgaudit: true }],
    [["pgstead:monitoring"], { enabled: false }],
    [["pgstead:roles", "monitor"], undefined],
  ]);
  await under.up();
}, 900_000);

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
});
