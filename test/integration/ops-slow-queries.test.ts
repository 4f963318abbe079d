import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectionUri } from "../../components/core/connection";
import type { CapacityData } from "../../components/core/operations/capacity";
import { planSamples } from "../../components/core/operations/sample-tables";
import { applyStatements } from "../../components/io/apply";
import { readSamplePlace } from "../../components/io/catalog/samples";
import { generatePassword, scramVerifier } from "../../components/io/scram";
import type { Session } from "../../components/io/session";
import { takeSample } from "../../components/io/samples/take";
import type { SlowQueriesData } from "../../infra/ops/statements/read";
import { deployStack, type DeployedStack } from "./ops-stack";

const minute = 60_000;
const day = 1_440 * minute;

const settings = `config:
  pgstead:disposable: true
  pgstead:monitoring: { samples: true, thresholds: { slowQuery: 1s } }
  pgstead:database:
    name: shop
    extensions: [pg_trgm, pg_stat_statements]
    schemas: { api: {} }
  pgstead:roles:
    app: { login: true }
    monitor: { login: true, profile: monitor }
`;

let stack: DeployedStack;
let administrator: Session;
let app: Session;
const now = Date.now();

beforeAll(async () => {
  stack = await deployStack();
  const { server, root, passwords } = stack;
  administrator = await server.connect("shop");
  const password = generatePassword();
  await administrator.query(
    `CREATE ROLE shop_monitor LOGIN IN ROLE pg_monitor PASSWORD '${scramVerifier(password)}'`,
  );
  await writeFile(join(root, "Pulumi.dev.yaml"), settings);
  const uri = (user: string, secret: string): string =>
    connectionUri({ host: server.host, port: server.port, user, password: secret }, "shop");
  await stack.writeOutputs({
    roles: { app: "shop_app", monitor: "shop_monitor" },
    uris: {
      app: uri("shop_app", passwords.shop_app ?? ""),
      monitor: uri("shop_monitor", password),
    },
  });
  app = await server.connect("shop", { user: "shop_app", password: passwords.shop_app ?? "" });
});

afterAll(async () => {
  await app.close();
  await administrator.close();
  await stack.remove();
});

interface Answer<Data> {
  readonly exitCode: number | null;
  readonly status: string;
  readonly data: Data;
  readonly findings: readonly {
    readonly subject: string;
    readonly message: string;
    readonly severity?: string;
  }[];
}

async function ask<Data>(...args: readonly string[]): Promise<Answer<Data>> {
  const { stdout, stderr, exitCode } = await stack.ops(...args, "--json");
  expect(stderr).toBe("");
  return { exitCode, ...(JSON.parse(stdout) as Omit<Answer<Data>, "exitCode">) };
}

const series = async (rows: number, times: number): Promise<void> => {
  for (let time = 0; time < times; time += 1) {
    await app.query("SELECT count(*) FROM generate_series(1, $1::int) AS report", [rows]);
  }
};

describe("slow-queries, capacity and sample", () => {
  test("say what is missing: the extension, then the samples", async () => {
    const without = await stack.ops("slow-queries");
    expect(without.exitCode).toBe(2);
    expect(without.stderr).toContain("it has no extension pg_stat_statements");
    expect(without.stderr).toContain("extensions: [pg_stat_statements]");
    await administrator.query("CREATE EXTENSION pg_stat_statements SCHEMA public");
    const unsampled = await stack.ops("slow-queries", "--since", "2h");
    expect(unsampled.exitCode).toBe(2);
    expect(unsampled.stderr).toContain("pgstead:monitoring.samples");
    const { exitCode, findings } = await ask("sample");
    expect(exitCode).toBe(1);
    expect(findings[0]?.message).toBe("schema pgstead has no tables for them");
    await applyStatements(
      administrator,
      planSamples(await readSamplePlace(administrator), "shop").statements,
    );
    const growth = await stack.ops("capacity");
    expect(growth.exitCode).toBe(3);
    expect(growth.stderr).toContain("there are no samples");
  });

  test("foresee when a volume is full, from samples of some days", async () => {
    await administrator.query("CREATE TABLE api.events (body text)");
    await administrator.query(
      "CREATE TABLE api.fixed AS SELECT repeat('x', 100) FROM generate_series(1, 5000)",
    );
    const gigabyte = 1024 ** 3;
    for (let half = 0; half <= 12; half += 1) {
      await administrator.query(
        "INSERT INTO api.events SELECT repeat('x', 1000) FROM generate_series(1, 500)",
      );
      await takeSample(administrator, {
        now: new Date(now - 7 * day + half * (day / 2)),
        volume: { bytes: 100 * gigabyte, freeBytes: (50 - half) * gigabyte },
      });
    }
    const { exitCode, data, findings } = await ask<CapacityData>("capacity");
    expect(data.remarks).toEqual([
      expect.stringMatching(
        /^shop: \d+ kB of it are the samples, which thin out and are not among the tables$/,
      ),
    ]);
    const [shop] = data.databases;
    expect(shop).toMatchObject({ database: "shop", sampleCount: 13, spanDays: 6 });
    // A thousand rows of over a thousand bytes a day.
    expect(shop?.bytesPerDay).toBeGreaterThan(1e6);
    expect(shop?.bytesPerDay).toBeLessThan(2e6);
    expect(shop?.tables[0]?.name).toBe("events");
    expect(shop?.tables.map(({ name }) => name)).not.toContain("fixed");
    // 38 GB are left, and two go a day.
    expect(data.server.volume?.daysLeft).toBeCloseTo(19, 5);
    expect(data.server.wraparound?.perDay).toBeGreaterThan(1);
    expect(exitCode).toBe(1);
    expect(findings).toMatchObject([{ subject: "volume of the data", severity: "warning" }]);
    const line = await stack.ops("capacity", "--size", "1TB", "--nagios");
    expect(line.stdout).toMatch(/^PGSTEAD CAPACITY OK - .*days_left=\d{4,};30;7 used=/);
    expect(line.exitCode).toBe(0);
    const soon = await stack.ops("capacity", "--days", "2");
    expect(soon.stdout).toContain("a rate needs 10 samples of 3 days; there are 5 samples of 2.0 days");
    expect(soon.exitCode).toBe(0);
  });

  test("find what got slower, over a reset, as the role that watches", async () => {
    const sampleAt = (minutes: number) =>
      takeSample(administrator, { now: new Date(now - minutes * minute) });
    await sampleAt(130);
    await series(10, 25);
    await sampleAt(61);
    await administrator.query("SELECT public.pg_stat_statements_reset()");
    await series(300_000, 25);
    await app.query("SELECT pg_sleep(0.5)");
    await sampleAt(1);
    await administrator.query("SELECT public.pg_stat_statements_reset()");
    const { exitCode, data, findings } = await ask<SlowQueriesData>(
      "slow-queries",
      "--since",
      "1h",
      "--regressions",
    );
    expect(data.regressions).toHaveLength(1);
    expect(data.regressions?.[0]?.after).toMatchObject({
      role: "shop_app",
      calls: 25,
      rows: 25,
      database: "shop",
    });
    expect(data.regressions?.[0]?.before.calls).toBe(25);
    expect(data.regressions?.[0]?.factor).toBeGreaterThan(2);
    expect(data.newStatements?.map(({ text }) => text)).toContain("SELECT pg_sleep($1)");
    expect(data.remarks.join()).toContain("the counters were reset 2 times");
    expect(findings[0]?.message).toMatch(/^got [\d.]+ times slower: /);
    expect(exitCode).toBe(1);
    // The samples have what the server has forgotten.
    const since = await ask<SlowQueriesData>("slow-queries", "--since", "2h", "--by", "calls");
    expect(since.data.statements.find(({ text }) => text?.includes("AS report"))).toMatchObject({
      calls: 50,
    });
    expect(since.findings).toEqual([]);
    const early = await stack.ops("slow-queries", "--since", "2026-01-01");
    expect(early.exitCode).toBe(2);
    expect(early.stderr).toMatch(/do not reach back to 2026-01-01T00:00:00.000Z: the oldest is of \d{4}-/);
  });

  test("tell the statements of now, and find the one that is slow", async () => {
    await series(10, 3);
    const healthy = await ask<SlowQueriesData>("slow-queries");
    expect(healthy).toMatchObject({ exitCode: 0, findings: [] });
    expect(healthy.data.statements.length).toBeLessThanOrEqual(10);
    await writeFile(
      join(stack.root, "Pulumi.dev.yaml"),
      settings.replace("slowQuery: 1s", "slowQuery: 50ms"),
    );
    for (let call = 0; call < 20; call += 1) await app.query("SELECT pg_sleep(0.06)");
    const { data, findings, exitCode } = await ask<SlowQueriesData>(
      "slow-queries",
      "--by",
      "mean",
      "--top",
      "1",
    );
    expect(data.statements).toHaveLength(1);
    expect(data.statements[0]).toMatchObject({
      text: "SELECT pg_sleep($1)",
      role: "shop_app",
      calls: 20,
      rows: 20,
    });
    expect(data.statements[0]?.meanMs).toBeGreaterThan(59);
    expect(data.statements[0]?.maxMs).toBeGreaterThan(59);
    expect(findings).toHaveLength(1);
    expect(exitCode).toBe(1);
    const { stdout } = await stack.ops("slow-queries", "--full");
    expect(stdout).toMatch(/^ +total +share +calls +mean +max/m);
    expect(stdout).toContain("SELECT pg_sleep($1)");
  });

  test("are for who watches: the application reads no text", async () => {
    await expect(app.query("SELECT * FROM pgstead.sample_text")).rejects.toMatchObject({ code: "42501" });
    const { data } = await ask<{ volumeFreeBytes: number; databases: readonly object[] }>("sample");
    expect(data.databases).toMatchObject([{ database: "shop", isFirst: false, without: null }]);
    expect(data.volumeFreeBytes).toBeGreaterThan(0);
  });
});
