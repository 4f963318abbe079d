import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { judgeHealth } from "../../components/core/operations/health";
import { defaultThresholds } from "../../components/core/monitoring/thresholds";
import { readHealth } from "../../components/io/catalog/health";
import { readPostmaster } from "../../components/io/embedded/postmaster";
import { openSession, ServerHungError, type Session } from "../../components/io/session";
import type { ConnectionsData, HealthData } from "../../infra/ops/health/found";
import { eventually } from "../support/eventually";
import { deployWatched, looks, type WatchedStack } from "./ops-watched-stack";

/** Low enough for a test to reach, and not reached by a server at rest. */
const thresholds =
  "{ idleInTransaction: 1s, transaction: 1s, lockWait: 1s, replicationLag: 1s, wraparoundWarning: 5000, wraparoundCritical: 1000000 }";

let stack: WatchedStack;
let admin: Session;
const open: Session[] = [];
beforeAll(async () => {
  stack = await deployWatched(thresholds, {
    max_connections: "12",
    reserved_connections: "3",
    max_prepared_transactions: "5",
    archive_mode: "on",
    archive_command: "true",
  });
  admin = await stack.server.connect();
}, 60_000);
afterAll(async () => {
  await Promise.all([admin, ...open].map((session) => session.close().catch(() => undefined)));
  await stack.remove();
});

async function health() {
  const run = await stack.run(["health", "--json"]);
  return { ...run, ...run.json<HealthData>() };
}

/** Opens a session that the end of the test closes. */
async function opened(session: Promise<Session>): Promise<Session> {
  open.push(await session);
  return session;
}

async function closeAll(): Promise<void> {
  await Promise.all(open.splice(0).map((session) => session.close().catch(() => undefined)));
}

describe("a healthy server", () => {
  test("gives no finding, as the monitor, with every check", async () => {
    const { exitCode, data, findings, stdout } = await health();
    expect(findings).toEqual([]);
    expect(exitCode).toBe(0);
    expect(data).toMatchObject({ role: "shop_monitor", databases: ["postgres", "shop"], inRecovery: false });
    expect(data.checks.map(({ name }) => name)).toEqual([
      "connections",
      "connection_limits",
      "long_transactions",
      "idle_in_transaction",
      "lock_waits",
      "replication_slots",
      "replication",
      "archiver",
      "cache_hit_ratio",
      "rollback_ratio",
      "wraparound",
      "multixact_wraparound",
      "prepared_transactions",
      "dead_rows",
      "invalid_indexes",
      "orphans",
      "checksum_failures",
      "pending_restart",
      "data_volume",
      "declared",
      "backups",
      "passwords",
    ]);
    expect(data.checks[0]).toMatchObject({ value: 16.7, unit: "%" });
    expect(data.checks[0]?.message).toContain("1 of 6");
    for (const password of Object.values(stack.passwords)) expect(stdout).not.toContain(password);
    const text = await stack.run(["health"]);
    expect(text.stdout).toMatch(/^stack dev: PostgreSQL 17\.\d+ at 127\.0\.0\.1:\d+ answers, up /);
    expect(text.stdout).toMatch(/^ +ok +archiver +0 +the last file of the log was archived$/m);
    const nagios = await stack.run(["health", "--nagios"]);
    expect(nagios.exitCode).toBe(0);
    expect(nagios.stdout).toMatch(
      /^PGSTEAD HEALTH OK - 22 checks are well \| connections=16\.7%;80;95 [^\n]+\n$/,
    );
  });

  test("is not called well by a login that does not see the sessions of others", async () => {
    const app = await opened(stack.as("shop_app"));
    const checks = judgeHealth(await readHealth(app), defaultThresholds);
    const hidden = checks.filter(({ message }) => message.startsWith("cannot be told"));
    expect(hidden.map(({ name, status }) => `${name} ${status}`)).toContain("connections warning");
    expect(hidden).toHaveLength(5);
    await closeAll();
  });

  test("shows who is connected, without the values in their statements", async () => {
    const app = await opened(stack.as("shop_app", "worker 1"));
    await app.query("-- from a tool\nSELECT 'secret-2'");
    const { data } = (await stack.run(["connections", "--json"])).json<ConnectionsData>();
    expect(data).toMatchObject({ connections: 2, available: 6, superuserReserved: 3, reserved: 3 });
    expect(data.byClient).toContainEqual({ name: "worker 1 from 127.0.0.1", sessions: 1, active: 0 });
    expect(data.limits).toEqual([{ kind: "role", name: "shop_app", used: 1, limit: 40, percent: 2.5 }]);
    expect(data.idle.map(({ application, statement }) => ({ application, statement }))).toContainEqual({
      application: "worker 1",
      statement: "SELECT",
    });
    expect(JSON.stringify(data)).not.toContain("secret-2");
    expect((await stack.run(["connections"])).stdout).not.toContain("secret-2");
    expect((await stack.run(["connections", "--queries"])).stdout).toContain(
      "-- from a tool SELECT 'secret-2'",
    );
    await closeAll();
  });
});

/** Makes every trouble that a server of a test can have. */
async function makeTroubles(): Promise<void> {
  const [idle, busy, blocked, shop] = await Promise.all([
    opened(stack.as("shop_app", "forgetful")),
    opened(stack.as("shop_app", "busy")),
    opened(stack.as("shop_app")),
    opened(stack.server.connect("shop")),
  ]);
  await idle.query("BEGIN; SELECT pg_advisory_lock(1)");
  await shop.query("CREATE TABLE public.twice AS SELECT 1 AS id FROM generate_series(1, 2)");
  await shop.query("CREATE UNIQUE INDEX CONCURRENTLY twice_id ON public.twice (id)").catch(() => undefined);
  await shop.query("BEGIN; CREATE TABLE public.held (); PREPARE TRANSACTION 'forgotten'");
  await shop.query("DROP SCHEMA api CASCADE");
  await shop.query("ALTER ROLE shop_app CONNECTION LIMIT 3");
  await admin.query("SELECT pg_create_physical_replication_slot('left', true)");
  await admin.query("DO 'BEGIN FOR i IN 1..6000 LOOP PERFORM pg_current_xact_id(); ROLLBACK; END LOOP; END'");
  await admin.query("SELECT pg_stat_force_next_flush()");
  await admin.query("CREATE DATABASE dropped");
  // As an interrupted DROP DATABASE leaves it.
  await admin.query("UPDATE pg_database SET datconnlimit = -2 WHERE datname = 'dropped'");
  await admin.query("ALTER SYSTEM SET archive_command = 'false'");
  await admin.query("ALTER SYSTEM SET max_files_per_process = 999");
  await admin.query("SELECT pg_reload_conf()");
  await admin.query("SELECT pg_switch_wal()");
  // Ended with their sessions.
  busy.query("SELECT pg_sleep(100)").catch(() => undefined);
  blocked.query("SELECT pg_advisory_lock(1)").catch(() => undefined);
}

test("every trouble is found, and what is well stays so", async () => {
  await makeTroubles();
  const expected = [
    "connection_limits critical",
    "long_transactions warning",
    "idle_in_transaction warning",
    "lock_waits warning",
    "replication_slots warning",
    "archiver critical",
    "rollback_ratio warning",
    "wraparound warning",
    "prepared_transactions warning",
    "invalid_indexes warning",
    "orphans warning",
    "pending_restart warning",
    "declared critical",
  ];
  const { exitCode, findings } = await eventually("all are found", async () => {
    const look = await health();
    const subjects = look.findings.map(({ subject }) => subject);
    return expected.every((line) => subjects.includes(line.split(" ")[0] ?? "")) ? look : undefined;
  });
  expect(exitCode).toBe(1);
  const told = findings.map(({ subject, severity }) => `${subject} ${severity ?? ""}`);
  expect(told.filter((line) => !line.startsWith("connections "))).toEqual(expected);
  const message = (name: string) => findings.find(({ subject }) => subject === name)?.message ?? "";
  expect(message("idle_in_transaction")).toMatch(
    /^1 session idle in transaction .* of shop_app on shop \(forgetful\)/,
  );
  expect(message("invalid_indexes")).toBe("1 index is not valid: shop.public.twice_id");
  expect(message("replication_slots")).toMatch(/^slot left is not active and keeps /);
  expect(message("archiver")).toMatch(/^archiving fails: [0-9A-F]{24} failed at /);
  expect(message("pending_restart")).toBe("1 setting waits for a restart: max_files_per_process");
  expect(message("prepared_transactions")).toContain("forgotten");
  expect(message("orphans")).toBe("database dropped of an interrupted DROP DATABASE");
  expect(message("declared")).toBe("schema shop.api: declared and not on the server");
  const nagios = await stack.run(["health", "--nagios"]);
  expect(nagios.exitCode).toBe(2);
  expect(nagios.stdout).toMatch(/^PGSTEAD HEALTH CRITICAL - /);
  await admin.query("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'shop_app'");
  await closeAll();
});

describe("a server in trouble", () => {
  test("that is full answers its monitor, then its administrator, then says so and ends with 3", async () => {
    await admin.query("ALTER ROLE shop_app CONNECTION LIMIT 40");
    // With `admin` these are the six that ordinary roles may have.
    for (let taken = 1; taken < 6; taken += 1) {
      await eventually("a connection is free", () => opened(stack.as("shop_app")).catch(() => undefined));
    }
    await expect(stack.as("shop_app")).rejects.toMatchObject({ title: "the server has no connection left" });
    const asMonitor = await health();
    expect(asMonitor.data.role).toBe("shop_monitor");
    expect(asMonitor.findings).toContainEqual(
      expect.objectContaining({ subject: "connections", severity: "critical" }),
    );
    expect((await stack.run(["connections", "--json"])).json<ConnectionsData>().data.connections).toBe(6);
    expect((await stack.run(["locks"])).exitCode).toBe(0);
    for (let taken = 0; taken < 3; taken += 1) await opened(stack.as("shop_monitor"));
    const { data } = await health();
    expect(data.role).toBe("postgres");
    expect(data.checks[0]?.message).toContain("6 of 6 connections of ordinary roles are in use, and 3 of");
    for (let taken = 0; taken < 3; taken += 1) await opened(stack.server.connect());
    for (const command of looks) {
      const { exitCode, stderr } = await stack.run(command);
      expect({ command, exitCode }).toEqual({ command, exitCode: 3 });
      expect(stderr).toContain("the server has no connection left");
      expect(stderr).toContain("sorry, too many clients already (53300)");
      expect(stderr).toContain("kill -TERM");
    }
    await closeAll();
  });

  test("that hangs is told as such within the bounds, between two statements and in one", async () => {
    const { host, port, instance, password } = stack.server;
    const login = { host, port, user: "postgres", password };
    const asking = await openSession(login, { silenceTimeoutMs: 500 });
    const [row] = await asking.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
    const postmaster = (await readPostmaster(instance.dataDirectory))?.pid ?? 0;
    const stopped = [row?.pid ?? 0, postmaster];
    for (const pid of stopped) process.kill(pid, "SIGSTOP");
    try {
      const begun = Date.now();
      await expect(asking.query("SELECT 1")).rejects.toThrow(ServerHungError);
      await asking.close();
      expect(Date.now() - begun).toBeLessThan(4_000);
      const [nagios, ...runs] = await Promise.all(
        [["health", "--nagios"], ...looks].map((command) => stack.run(command)),
      );
      expect(Date.now() - begun).toBeLessThan(30_000);
      for (const [at, { exitCode, stderr }] of runs.entries()) {
        expect([looks[at], exitCode]).toEqual([looks[at], 3]);
        expect(stderr).toMatch(/the server hangs[^]*it takes connections and said nothing for 5 s/);
      }
      expect(nagios?.exitCode).toBe(3);
      expect(nagios?.stdout).toMatch(/^PGSTEAD HEALTH UNKNOWN - the server hangs/);
    } finally {
      for (const pid of stopped) process.kill(pid, "SIGCONT");
    }
  });

  test("that is a standby is well; one that follows nobody, takes no sessions, or is gone is not", async () => {
    await admin.query("ROLLBACK PREPARED 'forgotten'").catch(() => undefined);
    const shop = await stack.server.connect("shop");
    await shop.query("ROLLBACK PREPARED 'forgotten'");
    await shop.query("CREATE SCHEMA api; DROP TABLE public.twice");
    await shop.close();
    await admin.query("SELECT pg_drop_replication_slot('left')");
    await admin.query("UPDATE pg_database SET datconnlimit = -1 WHERE datname = 'dropped'");
    await admin.query("DROP DATABASE dropped");
    await admin.query("SELECT pg_stat_reset()");
    await admin.close();
    await stack.server.halt();
    const { dataDirectory } = stack.server.instance;
    await writeFile(join(dataDirectory, "standby.signal"), "");
    await stack.server.start();
    const standby = await health();
    expect(standby.data.inRecovery).toBe(true);
    expect(standby.findings.filter(({ subject }) => subject !== "wraparound")).toEqual([]);
    const check = standby.data.checks.find(({ name }) => name === "replication");
    expect(check?.message).toMatch(/^in recovery: it replays an archive/);

    admin = await stack.server.connect();
    await admin.query("ALTER SYSTEM SET primary_conninfo = 'host=127.0.0.1 port=1'");
    await admin.query("ALTER SYSTEM SET hot_standby = off");
    await admin.query("SELECT pg_reload_conf()");
    const alone = await eventually("it follows", async () => {
      const { findings } = await health();
      return findings.find(({ subject }) => subject === "replication");
    });
    expect(alone.message).toContain("nothing streams to it");
    await admin.close();
    await stack.server.halt();
    const starting = stack.server.start().catch((error: unknown) => error);
    const { stderr } = await eventually("it says that it takes no sessions", async () => {
      const run = await stack.run(["health"]);
      expect(run.exitCode).toBe(3);
      return run.stderr.includes("takes no sessions now") ? run : undefined;
    });
    expect(stderr).toMatch(
      /the database system is (?:not yet accepting connections|not accepting connections|starting up)/,
    );
    await stack.server.crash();
    await starting;
    const gone = await stack.run(["health", "--json"]);
    expect(gone.exitCode).toBe(3);
    expect(gone.json().status).toBe("cannot-tell");
  });
});
