import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Probe } from "../../components/core/operations/probe";
import { readPostmaster } from "../../components/io/embedded/postmaster";
import { probeServer } from "../../components/io/probe-server";
import { eventually } from "../support/eventually";
import { healthService, withToken } from "../support/health-service";
import { canMount, moveToSmallDisk, type SmallDisk } from "../support/small-disk";
import { makeOpsBench, type OpsBench, type RunningOps } from "../support/ops-container";

const token = "of-a-test-0123456789abcdef";
const never = "0 0 29 2 *";
/** What is asked for within two seconds, with a margin for a machine that is busy. */
const promisedMs = 2_000 + 500;

let bench: OpsBench;
let ops: RunningOps;
let disk: SmallDisk | undefined;

beforeAll(async () => {
  bench = await makeOpsBench();
  await writeFile(bench.context.files.healthToken, `${token}\n`);
  await writeContext();
  ops = bench.start("schedule");
  await ops.told(/^the scheduler runs/);
});

afterAll(async () => {
  if (disk !== undefined) {
    await bench.server.halt();
    await disk.remove();
  }
  await bench.remove();
});

async function writeContext(thresholds: Partial<OpsBench["context"]["thresholds"]> = {}): Promise<void> {
  const { service } = bench.context;
  const shop = { name: "shop", keepPrivileges: true, extensions: [], schemas: [], roles: [] };
  await bench.writeContext({
    schedules: { status: never, certificate: never, logs: never, audit: never, backup: never },
    // A backup that never was, and a password that is too old: told, and no reason to answer 503.
    service: { ...service, databases: [shop] },
    backup: { keep: { days: 1, weekly: 0, monthly: 0 }, schemaOnly: false, format: "directory" },
    credentials: [{ role: "shop_app", changedAt: "2020-01-01T00:00:00.000Z" }],
    // What is free on the machine that tests run on is nobody's promise.
    thresholds: { ...bench.context.thresholds, diskWarning: 0, diskCritical: 0, ...thresholds },
  });
}

const { ask, details, become } = healthService(() => bench.context.metricsPort, token);

async function sql<Row extends Record<string, unknown>>(text: string): Promise<Row[]> {
  const session = await bench.server.connect();
  try {
    return await session.query<Row>(text);
  } finally {
    await session.close();
  }
}

describe("a healthy server", () => {
  test("everybody is told a word, and no more", async () => {
    await become("/health", 200);
    const health = await ask("/health");
    expect(health).toMatchObject({ status: 200, text: '{"status":"healthy"}\n' });
    expect(health.headers.get("cache-control")).toBe("no-store");
    expect(health.headers.get("content-type")).toBe("application/json");
    expect(await ask("/health/ready")).toMatchObject({ status: 200, text: '{"status":"ready"}\n' });
    expect(await ask("/health/live")).toMatchObject({ status: 200, text: "the scheduler ticks\n" });
  });

  test("the details are for who has the token", async () => {
    for (const refused of [
      await ask("/health/details"),
      await ask("/health/details", withToken("wrong")),
      await ask("/health/details", withToken(`${token}x`)),
      await ask("/health/details", { headers: { authorization: `Basic ${token}` } }),
      await ask("/health/details", { headers: { authorization: "Bearer " } }),
      await ask("/health", withToken("wrong")),
    ]) {
      expect(refused).toMatchObject({ status: 401, text: '{"status":"unauthorized"}\n' });
      expect(refused.headers.get("www-authenticate")).toBe('Bearer realm="pgstead"');
    }
    expect(await details()).toMatchObject({
      status: "healthy",
      ready: true,
      reasons: [],
      probe: { reachable: true, readable: true, writable: true, inRecovery: false, reason: null },
      scheduler: { live: true, reason: null },
    });
    const { checks } = await details();
    expect(checks?.map(({ name }) => name)).toEqual(expect.arrayContaining(["connections", "wraparound"]));
    expect(checks?.slice(-2)).toMatchObject([
      { name: "backups", status: "warning", message: "backups of shop: there is no good one" },
      { name: "passwords", status: "warning", value: 1 },
    ]);
    expect((await ask("/health", withToken(token))).text).toContain('"checks":[');
  });

  test("what it does not know it says, and it gives nothing back of what it was asked", async () => {
    expect(await ask("/health", { method: "HEAD" })).toMatchObject({ status: 200, text: "" });
    const posted = await ask("/health", { method: "POST", body: "x".repeat(100) });
    expect(posted).toMatchObject({ status: 405, text: "GET and HEAD only\n" });
    expect(posted.headers.get("allow")).toBe("GET, HEAD");
    expect(await ask("/nothing%0d%0aset-cookie:x")).toMatchObject({
      status: 404,
      text: "there is /metrics, /health, /health/live, /health/ready, /health/details\n",
    });
    expect(await ask("/health?full=1")).toMatchObject({ status: 400, text: "this path takes no query\n" });
    expect((await ask("/metrics?x")).status).toBe(400);
  });

  test("a thousand requests a second are one login in five seconds", async () => {
    const count = async (): Promise<number> => {
      await sql("SELECT pg_stat_force_next_flush()");
      const [row] = await sql<{ n: number }>(
        "SELECT coalesce(sum(n_tup_upd), 0)::int AS n FROM pg_stat_user_tables WHERE schemaname = 'pgstead' AND relname = 'probe'",
      );
      return row?.n ?? 0;
    };
    const before = await count();
    const since = performance.now();
    let requests = 0;
    while (performance.now() - since < 6_000) {
      const replies = await Promise.all(Array.from({ length: 50 }, () => ask("/health")));
      expect(replies.every(({ status }) => status === 200)).toBe(true);
      requests += replies.length;
    }
    const seconds = (performance.now() - since) / 1_000;
    const probes = (await count()) - before;
    expect(requests).toBeGreaterThan(600);
    expect(probes).toBeGreaterThanOrEqual(1);
    expect(probes).toBeLessThanOrEqual(Math.ceil(seconds / 5) + 1);
  });

  test("a write is small, and leaves nothing behind", async () => {
    const [before] = await sql<{ at: string }>("SELECT pg_current_wal_insert_lsn()::text AS at");
    for (let n = 0; n < 100; n++) expect((await probe()).reason).toBeNull();
    const [found] = await sql<{ bytes: number; pages: number; hot: boolean }>(`
      SELECT (pg_current_wal_insert_lsn() - '${before?.at ?? ""}')::float8 / 100 AS bytes,
             pg_relation_size('pgstead.probe')::int / 8192 AS pages,
             (SELECT n_tup_hot_upd = n_tup_upd FROM pg_stat_user_tables WHERE relid = 'pgstead.probe'::regclass) AS hot`);
    expect(found).toMatchObject({ pages: 1, hot: true });
    expect(found?.bytes).toBeLessThan(400);
  });

  test("a probe makes its table again where somebody emptied or dropped it", async () => {
    await sql("TRUNCATE pgstead.probe");
    expect((await probe()).writable).toBe(true);
    expect(await sql("SELECT one FROM pgstead.probe")).toEqual([{ one: true }]);
    await sql("DROP SCHEMA pgstead CASCADE");
    expect((await probe()).writable).toBe(true);
    const grants = await sql("SELECT has_schema_privilege('pg_monitor', 'pgstead', 'USAGE') AS monitor");
    expect(grants).toEqual([{ monitor: true }]);
  });
});

function probe(): Promise<Probe> {
  const { host, port, password } = bench.server;
  return probeServer({ host, port, user: "postgres", password }, 10_000);
}

/** Stops processes of the server where they are; what it gives lets them go on. */
async function freeze(which: "the postmaster" | "all"): Promise<() => void> {
  const postmaster = await readPostmaster(bench.server.instance.dataDirectory);
  const backends = await sql<{ pid: number }>(
    "SELECT pid FROM pg_stat_activity WHERE pid <> pg_backend_pid()",
  );
  const pids = [postmaster?.pid ?? 0, ...(which === "all" ? backends.map(({ pid }) => pid) : [])];
  const signal = (name: NodeJS.Signals): void => {
    for (const pid of pids.filter((one) => one > 0)) process.kill(pid, name);
  };
  signal("SIGSTOP");
  return () => {
    signal("SIGCONT");
  };
}

describe("a server that is not well", () => {
  test.each(["the postmaster", "all"] as const)(
    "hangs (%s): the answer is 503 within two seconds, as are metrics",
    async (which) => {
      await become("/health", 200);
      const goOn = await freeze(which);
      try {
        const slowest = { ms: 0 };
        await eventually("it is noticed", async () => {
          const { status, ms } = await ask("/health");
          slowest.ms = Math.max(slowest.ms, ms);
          return status === 503 ? true : undefined;
        });
        const metrics = await ask("/metrics");
        const many = await Promise.all(Array.from({ length: 100 }, () => ask("/health/ready")));
        expect(many.every(({ status }) => status === 503)).toBe(true);
        const all = [slowest, metrics, ...many].map(({ ms }) => ms);
        expect(Math.max(...all)).toBeLessThan(promisedMs);
        expect(metrics.text).toMatch(/^pgstead_server_reachable 0$/m);
        expect(metrics.text).toMatch(/^pgstead_health_status 0$/m);
        expect(await details()).toMatchObject({
          status: "unhealthy",
          probe: { writable: false, reason: expect.stringMatching(/no answer/) as string },
        });
        expect((await ask("/health/live")).status).toBe(200);
      } finally {
        goOn();
      }
      await become("/health", 200);
      await become("/health/ready", 200);
    },
  );

  test("takes no writes, by a setting and by a recovery: only what reads may have traffic", async () => {
    await sql("ALTER SYSTEM SET default_transaction_read_only = on");
    await sql("SELECT pg_reload_conf()");
    await become("/health", 503);
    expect(await details()).toMatchObject({
      ready: true,
      reasons: ["cannot execute UPDATE in a read-only transaction"],
      probe: { readable: true, writable: false },
    });
    expect((await ask("/health/ready")).status).toBe(200);
    await bench.server.halt();
    await become("/health/ready", 503);
    const signalFile = join(bench.server.instance.dataDirectory, "standby.signal");
    await writeFile(signalFile, "");
    await bench.server.start();
    const recovering = await eventually("it answers in recovery", async () => {
      const found = await details();
      return found.probe.readable ? found : undefined;
    });
    expect(recovering).toMatchObject({ status: "unhealthy", ready: false, probe: { inRecovery: true } });
    expect((await ask("/health/ready")).status).toBe(503);
    await bench.server.halt();
    await rm(signalFile);
    await bench.server.start();
    const session = await bench.server.connect();
    await session.query("SET default_transaction_read_only = off");
    await session.query("ALTER SYSTEM RESET default_transaction_read_only");
    await session.query("SELECT pg_reload_conf()");
    await session.close();
    await become("/health", 200);
  });

  test.runIf(canMount)(
    "is full: 503 before the server ends for want of room, and 200 with room",
    async () => {
      await bench.server.halt();
      disk = await moveToSmallDisk(bench.server.instance.dataDirectory, "1g");
      await bench.server.start();
      await become("/health", 200);
      await disk.leave(8 * 1024 ** 2);
      expect((await become("/health", 503)).ms).toBeLessThan(promisedMs);
      const nearly = await details();
      expect(nearly).toMatchObject({ ready: true, probe: { readable: true, writable: false } });
      expect(nearly.reasons.join()).toMatch(/the data volume is full: \d+ bytes are free/);
      expect((await ask("/metrics")).text).toMatch(/^pgstead_server_writable 0$/m);

      await disk.leave(0);
      const filled = "CREATE TABLE public.filled AS SELECT repeat('x', 999) FROM generate_series(1, 99999)";
      await expect(sql(filled)).rejects.toMatchObject({ code: "53100" });
      expect((await ask("/health")).status).toBe(503);
      expect((await ask("/health/live")).status).toBe(200);
      await disk.leave(600 * 1024 ** 2);
      await become("/health", 200);
      expect((await details()).reasons).toEqual([]);
    },
  );

  test("a check that is critical is 503 as well, and traffic still comes", async () => {
    await writeContext({ connectionsWarning: 0.1, connectionsCritical: 0.2 });
    const session = await bench.server.connect();
    ops.signal("SIGHUP");
    await become("/health", 503);
    const found = await details();
    expect(found.reasons.join()).toMatch(/^connections: /);
    expect(found.probe).toMatchObject({ writable: true });
    expect((await ask("/health/ready")).status).toBe(200);
    const { text } = await ask("/metrics");
    expect(text).toMatch(/^pgstead_health_check_status\{check="connections"\} 2$/m);
    expect(text).toMatch(/^pgstead_server_writable 1$/m);
    await session.close();
    await writeContext();
    ops.signal("SIGHUP");
    await become("/health", 200);
    ops.signal("SIGTERM");
    expect(await ops.ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect((await ops.ended).stdout).not.toContain(token);
  });
});
