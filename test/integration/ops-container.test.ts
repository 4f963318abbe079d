import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { eventually } from "../support/eventually";
import { makeOpsBench, type OpsBench } from "../support/ops-container";

let bench: OpsBench;
beforeAll(async () => {
  bench = await makeOpsBench();
});
afterAll(() => bench.remove());

const never = "0 0 29 2 *";
const everySecond = "* * * * * *";

async function get(path: string): Promise<{ status: number; text: string }> {
  const response = await fetch(`http://127.0.0.1:${bench.context.metricsPort}${path}`);
  return { status: response.status, text: await response.text() };
}

/** A sample of `/metrics`; undefined: there is none. */
async function sample(series: string): Promise<number | undefined> {
  const { text } = await get("/metrics");
  const line = text.split("\n").find((one) => one.startsWith(`${series} `));
  return line === undefined ? undefined : Number(line.slice(series.length + 1));
}

async function runSql(sql: string): Promise<void> {
  const session = await bench.server.connect();
  await session.query(sql);
  await session.close();
}

/** The scheduler, up and running with these schedules. */
async function schedule(schedules: Readonly<Record<string, string>>) {
  await bench.writeContext({
    schedules: { status: never, certificate: never, logs: never, audit: never, backup: never, ...schedules },
  });
  const ops = bench.start("schedule");
  await ops.told(/^the scheduler runs/);
  return ops;
}

describe("status in the container", () => {
  test("shows the server over its socket, and ends with 0", async () => {
    const { exitCode, stdout, stderr } = await bench.run("status");
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(stdout).toMatch(/^stack dev: PostgreSQL 17\.\d+ at \/.*\/socket\/\.s\.PGSQL\.\d+, up /);
  });

  test("is the same report as JSON", async () => {
    const { stdout } = await bench.run("status", "--json");
    expect(JSON.parse(stdout)).toMatchObject({
      command: "status",
      stack: "dev",
      status: "good",
      findings: [],
    });
  });

  test("finds what is not as declared, as a command and as a job", async () => {
    await runSql("CREATE ROLE eve LOGIN SUPERUSER");
    const command = await bench.run("status");
    expect(command.exitCode).toBe(1);
    expect(command.stdout).toContain("role eve: is superuser; postgres alone is declared to be");
    const job = await bench.run("run", "status");
    expect(job.exitCode).toBe(1);
    expect(job.stdout).toContain('"message":"role eve: is superuser');
    expect(job.stderr).toContain("1 finding: it is not as declared");
    await runSql("DROP ROLE eve");
    expect(await bench.run("run", "status")).toMatchObject({ exitCode: 0, stderr: "" });
  });
});

describe("the scheduler", () => {
  test("runs jobs, measures them, says that it lives, and ends at SIGTERM", async () => {
    const before = Date.now() / 1_000;
    const ops = await schedule({ status: everySecond });
    const success = 'pgstead_job_last_success_timestamp_seconds{job_name="status"}';
    const first = await eventually("status succeeded", () => sample(success));
    expect(first).toBeGreaterThan(before);
    await eventually("and again", async () => ((await sample(success)) ?? 0) > first || undefined);
    expect(await sample('pgstead_job_interval_seconds{job_name="status"}')).toBe(1);
    expect(await sample('pgstead_job_interval_seconds{job_name="certificate"}')).toBeGreaterThan(86_400);
    expect(await sample('pgstead_job_failures_total{job_name="status"}')).toBe(0);
    expect(await sample('pgstead_job_skipped_total{job_name="status"}')).toBe(0);
    expect(await sample('pgstead_job_duration_seconds{job_name="status"}')).toBeGreaterThan(0);
    expect(await sample("pgstead_logs_bytes")).toBeGreaterThan(0);
    expect(await sample('pgstead_logs_removed_total{reason="age"}')).toBe(0);
    expect(await sample('pgstead_volume_free_bytes{volume="logs"}')).toBeGreaterThan(0);
    expect((await get("/metrics")).text).toMatch(/^pgstead_build_info\{version="[^"]+",node="\d+/m);
    // There is no certificate here, and no invented moment either.
    expect(
      await sample('pgstead_certificate_expiry_timestamp_seconds{certificate="server"}'),
    ).toBeUndefined();

    expect(await get("/health/live")).toEqual({ status: 200, text: "the scheduler ticks\n" });
    expect(await bench.run("health")).toMatchObject({ exitCode: 0, stdout: "the scheduler works\n" });
    expect((await get("/")).status).toBe(404);

    ops.signal("SIGTERM");
    expect(await ops.ended).toMatchObject({ exitCode: 0, stderr: "" });
    expect(ops.lines.at(-1)?.message).toBe("has ended");
    const health = await bench.run("health");
    expect(health.exitCode).toBe(1);
    expect(health.stdout).toMatch(
      /the scheduler: no answer from http:\/\/127\.0\.0\.1:\d+\/health\/live: .*ECONNREFUSED/,
    );
  });

  test("counts a failure and goes on, and no password or key is in what it says", async () => {
    await bench.server.halt();
    const ops = await schedule({ status: everySecond });
    const failures = 'pgstead_job_failures_total{job_name="status"}';
    await eventually("two failures", async () => ((await sample(failures)) ?? 0) >= 2 || undefined);
    const line = await ops.told(/^failed: no answer from PostgreSQL at .*\.s\.PGSQL/);
    expect(line).toMatchObject({ level: "error", job: "status" });
    expect((await get("/health/live")).status).toBe(200);
    await bench.server.start();
    const since = Date.now() / 1_000;
    const success = 'pgstead_job_last_success_timestamp_seconds{job_name="status"}';
    await eventually("a success", async () => ((await sample(success)) ?? 0) > since || undefined);
    ops.signal("SIGTERM");
    const { stdout } = await ops.ended;
    expect(stdout).not.toContain(bench.server.password);
  });

  test("remembers its jobs over a restart, and tells the runs that were missed", async () => {
    const { jobState } = bench.context.files;
    const remembered = JSON.parse(await readFile(jobState, "utf8")) as { jobs: { status: object } };
    expect(remembered.jobs.status).toHaveProperty("lastSuccess");
    const at = "2020-01-01T01:00:00.000Z";
    const status = { lastAttempt: at, lastSuccess: at };
    await writeFile(jobState, JSON.stringify({ format: 1, jobs: { status } }));
    const ops = await schedule({ status: "0 1 1 1 *" });
    const line = await ops.told(/runs were missed while the container was down/);
    expect(line).toMatchObject({ level: "warning", job: "status" });
    expect(line.message).toContain(at);
    const attempt = 'pgstead_job_last_attempt_timestamp_seconds{job_name="status"}';
    await eventually(
      "it is made up for",
      async () => ((await sample(attempt)) ?? 0) > 1_600_000_000 || undefined,
    );
    ops.signal("SIGINT");
    expect((await ops.ended).exitCode).toBe(0);
  });

  test("begins anew where what it remembered cannot be read", async () => {
    await writeFile(bench.context.files.jobState, "{");
    const ops = await schedule({});
    await ops.told(/^the state of the jobs is not readable/);
    ops.signal("SIGTERM");
    await ops.ended;
  });

  test("reads its context again at SIGHUP, and keeps the old one where the new one is wrong", async () => {
    const ops = await schedule({});
    await bench.writeContext({
      schedules: { status: "x", certificate: never, logs: never, audit: never, backup: never },
    });
    ops.signal("SIGHUP");
    await ops.told(/^the context stays as it was: .*schedules\.status/);
    expect((await get("/health/live")).status).toBe(200);
    await bench.writeContext({
      schedules: { status: everySecond, certificate: never, logs: never, audit: never, backup: never },
    });
    ops.signal("SIGHUP");
    await ops.told(/^looked at the server/);
    expect(await sample('pgstead_job_interval_seconds{job_name="status"}')).toBe(1);
    ops.signal("SIGTERM");
    expect((await ops.ended).exitCode).toBe(0);
  });

  test("ends where its port is taken, with nothing begun", async () => {
    const ops = await schedule({ status: everySecond });
    const second = await bench.run("schedule");
    expect(second.exitCode).toBe(3);
    expect(second.stderr).toContain("EADDRINUSE");
    expect(second.stdout).not.toContain('"job"');
    ops.signal("SIGTERM");
    await ops.ended;
  });
});

test("an unknown job ends with 2 and says which there are", async () => {
  const { exitCode, stderr } = await bench.run("run", "statsu");
  expect(exitCode).toBe(2);
  expect(stderr).toContain("did you mean status?");
});
