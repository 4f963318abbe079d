import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { projectRoot } from "../../components/io/places";
import type { Session } from "../../components/io/session";
import { eventually } from "../support/eventually";
import { deployStack, type DeployedStack } from "./ops-stack";

let stack: DeployedStack;
let shop: Session;

beforeAll(async () => {
  stack = await deployStack();
  shop = await stack.server.connect("shop");
  await shop.query(`
    SET ROLE shop_owner;
    CREATE TABLE api.holey (id int PRIMARY KEY, t text) WITH (autovacuum_enabled = off);
    INSERT INTO api.holey SELECT n, repeat('x', 100) FROM generate_series(1, 40000) AS n;
    DELETE FROM api.holey WHERE id % 10 <> 0;
    CREATE TABLE api."Odd "" ü" (id int PRIMARY KEY, t text, EXCLUDE (t WITH =));
    CREATE TABLE api.parts (id int PRIMARY KEY, t text) PARTITION BY RANGE (id);
    CREATE TABLE api.part1 PARTITION OF api.parts FOR VALUES FROM (0) TO (10);
    RESET ROLE`);
});

afterAll(async () => {
  await shop.close();
  await stack.remove();
});

interface Step {
  readonly subject: string;
  readonly statement: string;
  readonly lock: string;
  readonly outcome: string;
  readonly sizeBytes: number;
  readonly sizeAfterBytes: number;
}

interface Ended {
  readonly exitCode: number | null;
  readonly stderr: string;
  readonly steps: readonly Step[];
  readonly skipped: { subject: string }[];
  readonly findings: { subject: string; message: string; hint: string }[];
  readonly remarks: readonly string[];
}

async function run(...args: readonly string[]): Promise<Ended> {
  const { exitCode, stdout, stderr } = await stack.ops(...args, "--json");
  const { data, findings } = JSON.parse(stdout) as { data?: Ended; findings: Ended["findings"] };
  const { steps = [], skipped = [], remarks = [] } = data ?? {};
  return { exitCode, stderr, steps, skipped, findings, remarks };
}

// One story: each step stands on those before it.

test("names are looked up with and without schema and quotes, and mistakes are told all at once", async () => {
  const [wrong, named, standing] = await Promise.all([
    stack.ops("vacuum", "api.hooley", "nothing", "--yes"),
    run("vacuum", "holey", '"api"."Odd "" ü"', "api.parts", "--dry-run"),
    stack.ops("analyze"),
  ]);
  expect(wrong.exitCode).toBe(2);
  expect(wrong.stderr).toContain("did you mean api.holey?");
  expect(wrong.stderr).toContain("nothing: database shop has nothing of that name");
  expect(named.steps.map(({ statement, outcome }) => [statement, outcome])).toEqual([
    ['VACUUM "api"."holey"', "planned"],
    ['VACUUM "api"."Odd "" ü"', "planned"],
    ['VACUUM "api"."part1"', "planned"],
  ]);
  expect(named.steps[0]?.lock).toBe("SHARE UPDATE EXCLUSIVE: reads and writes go on");
  // It asks, and there is no terminal.
  expect(standing.exitCode).toBe(2);
  expect(standing.stderr).toContain("--yes: is missing");
});

test("a table that is locked does not stop the others, and who locks it is named", async () => {
  const holder = await stack.server.connect("shop");
  await holder.query(
    "SET application_name = 'long report'; BEGIN; LOCK TABLE api.orders IN SHARE UPDATE EXCLUSIVE MODE",
  );
  const ended = await run("vacuum", "api.orders", "api.holey", "--yes", "--lock-timeout", "2s");
  await holder.close();
  expect(ended.exitCode).toBe(1);
  expect(ended.steps.map(({ subject, outcome }) => [subject, outcome])).toEqual([
    ["api.holey", "done"],
    ["api.orders", "failed"],
  ]);
  expect(ended.findings).toHaveLength(1);
  expect(ended.findings[0]?.message).toMatch(
    /the lock was not to be had within 2 s: it waits for session \d+ \(application long report of postgres/,
  );
  const [row] = await shop.query<{ at: string | null }>(
    "SELECT last_vacuum AS at FROM pg_stat_user_tables WHERE relname = 'holey'",
  );
  expect(row?.at).not.toBeNull();
});

test("analyze takes a partitioned table as a whole; reindex leaves exclusion constraints to --locking", async () => {
  const [analyzed, reindexed, locking] = await Promise.all([
    run("analyze", "--yes"),
    run("reindex", "api.parts", '"Odd "" ü"', "--yes"),
    run("reindex", "api.orders", "--locking", "--dry-run"),
  ]);
  expect(analyzed.exitCode).toBe(0);
  const statements = analyzed.steps.map(({ statement }) => statement);
  expect(statements).toContain('ANALYZE "api"."parts"');
  expect(statements).not.toContain('ANALYZE "api"."part1"');
  const [row] = await shop.query<{ count: number }>(
    "SELECT count(*)::int FROM pg_class WHERE relname IN ('orders', 'holey', 'part1', 'parts') AND reltuples >= 0",
  );
  expect(row?.count).toBe(4);
  expect(reindexed.steps.map(({ statement }) => statement)).toContain(
    'REINDEX INDEX CONCURRENTLY "api"."part1_pkey"',
  );
  expect(reindexed.steps.every(({ outcome }) => outcome === "done")).toBe(true);
  expect(reindexed.skipped.map(({ subject }) => subject)).toEqual(['api.Odd " ü_t_excl']);
  expect(reindexed.exitCode).toBe(1); // It was named, and not all of it could be done.
  expect(locking.steps.at(0)).toMatchObject({
    statement: expect.stringMatching(/^REINDEX INDEX "/) as unknown,
    lock: expect.stringContaining("no writes") as unknown,
  });
});

test("Ctrl-C ends a REINDEX CONCURRENTLY on the server with 130 and tells what is left, which the next run clears", async () => {
  const holder = await stack.server.connect("shop");
  await holder.query("BEGIN ISOLATION LEVEL REPEATABLE READ; SELECT count(*) FROM api.holey");
  const entry = ["infra/toolchain/run.cjs", "test/integration/ops-entry.ts", stack.root];
  const args = ["reindex", "api.holey_pkey", "--yes"];
  const child = spawn(process.execPath, [...entry, ...args], {
    cwd: projectRoot(),
    stdio: ["ignore", "pipe", "pipe"],
  });
  let [stdout, stderr] = ["", ""];
  child.stdout.on("data", (text: Buffer) => (stdout += text.toString()));
  child.stderr.on("data", (text: Buffer) => (stderr += text.toString()));
  const exit = once(child, "close");
  // Said once it takes more than two seconds.
  await eventually("it says whom it waits for", () =>
    /api\.holey_pkey: .*waits for session/.test(stderr) ? true : undefined,
  );
  child.kill("SIGINT");
  expect(await exit).toEqual([130, null]);
  await holder.close();
  expect(stdout).toContain("was cancelled: 0 of 1 statements had ended");
  expect(stdout).toContain('DROP INDEX CONCURRENTLY "api"."holey_pkey_ccnew"');
  const [running] = await shop.query(
    "SELECT FROM pg_stat_activity WHERE query LIKE 'REINDEX%' AND state = 'active'",
  );
  expect(running).toBeUndefined();

  const again = await run("reindex", "api.holey_pkey", "--yes");
  expect(again.exitCode).toBe(0);
  expect(again.steps.map(({ statement, outcome }) => [statement, outcome])).toEqual([
    ['DROP INDEX CONCURRENTLY "api"."holey_pkey_ccnew"', "done"],
    ['REINDEX INDEX CONCURRENTLY "api"."holey_pkey"', "done"],
  ]);
  expect(await shop.query("SELECT FROM pg_index WHERE NOT indisvalid")).toEqual([]);
});

test("VACUUM FULL needs the database's name, announces its room, and gives it back", async () => {
  const [unnamed, misnamed, planned] = await Promise.all([
    stack.ops("vacuum", "--full", "api.holey", "--yes"),
    stack.ops("vacuum", "--full", "api.holey", "--confirm", "shopp"),
    run("vacuum", "--full", "api.holey", "--dry-run"),
  ]);
  expect([unnamed.exitCode, misnamed.exitCode]).toEqual([2, 2]);
  expect(unnamed.stderr).toContain("--confirm: is missing");
  expect(planned.steps[0]?.lock).toContain("ACCESS EXCLUSIVE: neither reads nor writes");
  expect(planned.remarks[0]).toMatch(/the largest copy takes up to .* beside what is there; .* are free/);
  const ended = await run("vacuum", "--full", "api.holey", "--confirm", "shop");
  expect(ended.exitCode).toBe(0);
  const [step] = ended.steps;
  expect(step?.outcome).toBe("done");
  expect(step?.sizeAfterBytes).toBeLessThan((step?.sizeBytes ?? 0) / 4);
});

test("is refused on a standby, with the reason", async () => {
  await shop.close();
  await stack.server.halt();
  await writeFile(join(stack.server.instance.dataDirectory, "standby.signal"), "");
  await stack.server.start();
  const { exitCode, stderr } = await stack.ops("analyze", "--yes");
  expect(exitCode).toBe(2);
  expect(stderr).toContain("this server is a standby");
});
