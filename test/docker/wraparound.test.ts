import { afterAll, beforeAll, expect, test } from "vitest";
import { connectDocker } from "../../components/io/docker/engine";
import type { MetricsData } from "../../infra/ops/space/render-metrics";
import type { HealthData } from "../../infra/ops/health/found";
import { eventually } from "../support/eventually";
import { containerStack, type ContainerStack } from "../support/scratch-stack";

let stack: ContainerStack;

beforeAll(async () => {
  // A server that did nothing of its own against it would be on its way back before anybody looked.
  stack = await containerStack(connectDocker({}), {
    autovacuum: "off",
    autovacuum_freeze_max_age: "2000000000",
  });
  await stack.query("CREATE TABLE api.orders AS SELECT generate_series(1, 1000) AS id");
}, 300_000);

afterAll(() => stack.remove());

/** A file of pg_xact has the states of so many transactions: 32 pages of 8 kB, two bits each. */
const transactionsPerSegment = 32 * 8192 * 4;

/** Makes the next transaction one of so many million, as if all before had been there: by PostgreSQL's own program. */
async function pushTo(millions: number): Promise<void> {
  const segment = Math.floor((millions * 1e6) / transactionsPerSegment);
  const file = `$PGDATA/pg_xact/${segment.toString(16).toUpperCase().padStart(4, "0")}`;
  await stack.restart(
    `pg_resetwal -x ${segment * transactionsPerSegment} "$PGDATA" && head -c 262144 /dev/zero >"${file}"`,
  );
}

async function look() {
  const [health, metrics] = await Promise.all([
    stack.ops("health", "--json"),
    stack.ops("metrics", "--interval", "100ms", "--json"),
  ]);
  const { data, findings } = JSON.parse(health.stdout) as {
    data: HealthData;
    findings: { subject: string; message: string; hint: string; severity?: string }[];
  };
  const measured = JSON.parse(metrics.stdout) as {
    data: MetricsData;
    findings: { subject: string; message: string; severity?: string }[];
  };
  return {
    exitCodes: [health.exitCode, metrics.exitCode],
    check: data.checks.find(({ name }) => name === "wraparound"),
    finding: findings.find(({ subject }) => subject === "wraparound"),
    measured: measured.findings.filter(({ message }) => message.includes("not frozen")),
    ages: new Map(measured.data.server.databases.map(({ database, xidAge }) => [database, xidAge])),
  };
}

test("a young server has nothing to tell", async () => {
  const { check, finding, measured } = await look();
  expect(check).toMatchObject({ status: "ok" });
  expect(check?.value).toBeLessThan(1e6);
  expect([finding, measured]).toEqual([undefined, []]);
});

test.each([
  [1_100, "warning"],
  [1_700, "critical"],
])("%i million transactions without a freeze are found: %s", async (millions, severity) => {
  await pushTo(millions);
  const { exitCodes, check, finding, measured } = await look();
  expect(exitCodes).toEqual([1, 1]);
  expect(check?.value).toBeGreaterThan((millions - 2) * 1e6);
  expect(finding).toMatchObject({ severity });
  expect(finding?.hint).toContain("VACUUM (FREEZE)");
  expect(measured.map((one) => one.severity)).toContain(severity);
  expect(await stack.query("SELECT count(*)::int AS rows FROM api.orders")).toEqual([{ rows: 1000 }]);
});

test("`vacuum --freeze` makes a database young, its catalogs included, and autovacuum the others: then all is well", async () => {
  const { exitCode, stdout } = await stack.ops("vacuum", "--freeze", "--yes");
  expect(exitCode).toBe(0);
  expect(stdout).toMatch(/^ +VACUUM \(FREEZE\) +done /m);
  const { ages, finding } = await look();
  expect(ages.get("shop")).toBeLessThan(1_000);
  expect(ages.get("postgres")).toBeGreaterThan(1.6e9);
  expect(finding?.message).not.toContain("database shop");

  for (const name of ["autovacuum", "autovacuum_freeze_max_age"]) {
    await stack.server.sql(`ALTER SYSTEM RESET ${name}`);
  }
  await stack.server.sql("ALTER SYSTEM SET autovacuum_naptime = '1s'");
  await stack.restart("true");
  const oldest = "SELECT max(age(datfrozenxid)) < 200000000 AS young FROM pg_database";
  await eventually(
    "autovacuum is through",
    async () => ((await stack.server.sql(oldest)) === "t" ? true : undefined),
    120_000,
  );
  const after = await look();
  expect(after.check).toMatchObject({ status: "ok" });
  expect([after.finding, after.measured]).toEqual([undefined, []]);
});
