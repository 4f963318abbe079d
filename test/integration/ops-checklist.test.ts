import { mkdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { usualBackups } from "../../components/core/backup/plan";
import { planSamples } from "../../components/core/operations/sample-tables";
import { applyStatements } from "../../components/io/apply";
import { withRepository } from "../../components/io/backup/lock";
import { takeBackup } from "../../components/io/backup/take";
import { readSamplePlace } from "../../components/io/catalog/samples";
import { takeSample } from "../../components/io/samples/take";
import type { Session } from "../../components/io/session";
import type { ChecklistData } from "../../infra/ops/checklist/run";
import type { HealthData } from "../../infra/ops/health/found";
import { findMatchingTools } from "../support/client-tools";
import { eventually } from "../support/eventually";
import { migrationText } from "../unit/core/migrations/judged";
import { makeTroubles } from "./ops-checklist-troubles";
import { deployWatched, watchedConfig, type WatchedStack } from "./ops-watched-stack";

const day = 86_400_000;
const gigabyte = 1024 ** 3;

/** What is free on the machine that tests run on is nobody's promise. */
const calm = "{ diskWarning: 1, diskCritical: 0 }";
/** What a test can reach. */
const strict =
  "{ diskWarning: 100, diskCritical: 0, idleInTransaction: 1s, slowQuery: 1ms, bloatBytes: 1MB, bloatShare: 40 }";

let stack: WatchedStack;
let admin: Session;
let repository = "";
let migrations = "";
const path = process.env.PATH;

async function configure(thresholds: string): Promise<void> {
  const watched = watchedConfig(`samples: true, thresholds: ${thresholds}`, "pg_trgm, pg_stat_statements");
  const text = `  pgstead:backup: { directory: "${repository}", logical: { keep: { days: 1, weekly: 0, monthly: 0 } } }
  pgstead:migrations: { directory: "${migrations}" }
`;
  await writeFile(join(stack.root, "Pulumi.dev.yaml"), `${watched}${text}`);
}

/** As an `up` of some days ago would have left them. */
async function writeCredentials(days: number): Promise<void> {
  const file = join(stack.root, "outputs.json");
  const outputs = JSON.parse(await readFile(file, "utf8")) as object;
  const changedAt = new Date(Date.now() - days * day).toISOString();
  const of = (role: string) => ({ role, login: role, passwordVersion: 1, changedAt });
  await writeFile(file, JSON.stringify({ ...outputs, credentials: [of("shop_app"), of("shop_monitor")] }));
}

beforeAll(async () => {
  process.env.PATH = `${findMatchingTools()}:${path ?? ""}`;
  stack = await deployWatched("{}", { logging_collector: "on", log_destination: "jsonlog" });
  repository = join(stack.root, "backups");
  migrations = join(stack.root, "migrations");
  await mkdir(migrations);
  await writeFile(
    join(migrations, "0001-items.sql"),
    migrationText("CREATE TABLE api.items (id int PRIMARY KEY);"),
  );
  await configure(calm);
  await writeCredentials(1);
  admin = await stack.server.connect("shop");
  await admin.query("CREATE EXTENSION pg_stat_statements SCHEMA public");
  await admin.query("GRANT shop_owner TO shop_migrator WITH SET TRUE");
  await applyStatements(admin, planSamples(await readSamplePlace(admin), "shop").statements);
  for (let half = 30; half >= 0; half -= 1) {
    const now = new Date(Date.now() - half * (day / 2) - 60_000);
    await takeSample(admin, { now, volume: { bytes: 100 * gigabyte, freeBytes: 50 * gigabyte } });
  }
  for (const words of [["migrate", "upgrade", "--yes"], ["backup"], ["backup", "drill"]]) {
    const { exitCode, stdout, stderr } = await stack.run(words);
    expect(`${words.join(" ")} ${exitCode}: ${exitCode === 0 ? "" : stdout + stderr}`).toBe(
      `${words.join(" ")} 0: `,
    );
  }
}, 180_000);

afterAll(async () => {
  process.env.PATH = path;
  await admin.close().catch(() => undefined);
  await stack.remove();
});

async function checklist(list: string) {
  const run = await stack.run(["checklist", list, "--json"]);
  const { data, findings, status } = run.json<ChecklistData>();
  const statuses = Object.fromEntries(data.items.map((item) => [item.id, item.status]));
  const messages = Object.fromEntries(
    data.items.map(({ id, message, findings: found }) => [
      id,
      [message, ...found.map(({ subject, message: text }) => `${subject}: ${text}`)].join("\n"),
    ]),
  );
  return { exitCode: run.exitCode, data, findings, status, statuses, messages };
}

async function health(): Promise<Map<string, HealthData["checks"][number]>> {
  const { data } = (await stack.run(["health", "--json"])).json<HealthData>();
  return new Map(data.checks.map((check) => [check.name, check]));
}

describe("a stack that is well", () => {
  test("passes daily, and what is left to a person is said last", async () => {
    const { exitCode, status, statuses, findings } = await checklist("daily");
    expect(statuses).toEqual({
      health: "passed",
      space: "passed",
      backups: "passed",
      errors: "passed",
      "read-errors": "person",
      "alerts-arrive": "person",
    });
    expect([exitCode, status, findings]).toEqual([0, "good", []]);
    const text = await stack.run(["checklist", "daily"]);
    expect(text.stdout).toMatch(/^stack dev, daily checklist: 4 passed, 2 for a person\n/);
    expect(text.stdout).toMatch(/^ {2}passed {8}backups: there is a new, good backup of everything$/m);
    expect((await stack.run(["checklist", "daily", "--nagios"])).stdout).toMatch(
      /^PGSTEAD CHECKLIST OK - daily: 4 passed, 0 found something, 0 not seen \| found=0;0;;0 unseen=0;;;0\n$/,
    );
  });

  // The server of this test was not made by `up`: drift and hardening have their own tests, and `plan` has no engine here.
  test("passes weekly, monthly and before a release, over two sessions of each database", async () => {
    const weekly = await checklist("weekly");
    expect(weekly.statuses).toEqual({
      "slow-queries": "passed",
      "slower-queries": "passed",
      bloat: "passed",
      "restore-test": "passed",
      drift: "found",
      "use-restored": "person",
    });
    const sessions = async (): Promise<number> => {
      const [row] = await admin.query<{ count: number }>(
        "SELECT sessions::int AS count FROM pg_stat_database WHERE datname = 'shop'",
      );
      return row?.count ?? 0;
    };
    const before = await sessions();
    const monthly = await checklist("monthly");
    expect((await sessions()) - before).toBe(2); // the monitor's and the administrator's
    expect(monthly.statuses).toMatchObject({
      growth: "passed",
      indexes: "passed",
      statistics: "passed",
      "old-backups": "passed",
      passwords: "passed",
      "who-has-access": "person",
      "key-of-copies": "not-declared",
    });
    const release = await checklist("release");
    expect(release.statuses).toMatchObject({
      health: "passed",
      migrations: "passed",
      lint: "passed",
      "backup-gate": "passed",
      plan: "unseen",
      "read-migrations": "person",
    });
    expect(release.messages.plan).toContain("there is no Pulumi in these tests");
    expect(release.messages["read-migrations"]).toContain("npm run ops -- migrate sql --stack dev");
  });

  test("is well to health as well, whose backups and passwords have figures", async () => {
    const checks = await health();
    expect(checks.get("backups")).toMatchObject({ status: "ok", value: 0 });
    expect(checks.get("backups")?.message).toMatch(/the newest good one: shop \d{4}-/);
    expect(checks.get("passwords")).toMatchObject({ status: "ok", message: "none of 2 passwords is due" });
  });

  test("a list that there is not is one error with the four names", async () => {
    const { exitCode, stderr } = await stack.run(["checklist", "weakly"]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain('there is no list "weakly"');
    expect(stderr).toContain("did you mean weekly? the lists: daily, weekly, monthly, release");
    expect((await stack.run(["checklist"])).exitCode).toBe(2);
  });
});

describe("a stack in trouble", () => {
  let idle: Session;
  afterAll(() => idle.close().catch(() => undefined));

  test("a release with what loses data and what cannot be seen says which, and goes on", async () => {
    await configure(strict);
    await writeCredentials(100);
    await writeFile(join(migrations, "0002-drop.sql"), migrationText("DROP TABLE api.items;"));
    idle = await makeTroubles(stack, admin);
    const release = await eventually("the idle transaction counts", async () => {
      const found = await checklist("release");
      return found.statuses.health === "found" ? found : undefined;
    });
    expect(release.exitCode).toBe(1);
    expect(release.statuses).toMatchObject({
      health: "found",
      migrations: "passed",
      lint: "found",
      drift: "found",
      "backup-gate": "passed",
      plan: "unseen",
      "tell-users": "person",
    });
    expect(release.messages.migrations).toContain("shop: 1 applied, 1 pending");
    expect(release.messages.lint).toContain("0002-drop.sql");
    expect(release.messages.health).toContain("idle in transaction");
    expect(release.findings.find(({ subject }) => subject === "lint")?.severity).toBe("warning");
  });

  test("monthly finds indexes, statistics, backups and passwords that are too old", async () => {
    const { host, port, superuser: user, password } = stack.server;
    const request = {
      ...{ repository, database: "shop", login: { host, port, user, password }, stack: "dev" },
      ...{
        version: "0.0.0",
        plan: usualBackups,
        path: findMatchingTools(),
        now: () => Date.now() - 10 * day,
      },
    };
    await withRepository(repository, "a test", new AbortController().signal, (signal) =>
      takeBackup({ ...request, signal }),
    );
    const { exitCode, statuses, messages, data } = await checklist("monthly");
    expect(exitCode).toBe(1);
    expect(statuses).toMatchObject({
      indexes: "found",
      statistics: "found",
      "old-backups": "found",
      passwords: "found",
    });
    expect(messages.indexes).toContain("api.two");
    expect(messages.statistics).toContain("shop: table api.events: 15,000 changes since its last ANALYZE");
    expect(messages["old-backups"]).toContain("1 are there that are not to be kept: shop_full_");
    expect(messages.passwords).toContain("its password is 100 days old; 90 is the limit");
    expect(data.items.find(({ id }) => id === "indexes")?.command).toBe("npm run ops -- indexes --stack dev");
    expect((await health()).get("passwords")).toMatchObject({ status: "warning", value: 2 });
  });

  test("weekly and daily find slow statements, bloat, no restore test, no backup, and what the log has", async () => {
    await rm(repository, { recursive: true });
    const weekly = await checklist("weekly");
    expect(weekly.statuses).toMatchObject({
      "slow-queries": "found",
      bloat: "found",
      "restore-test": "found",
    });
    expect(weekly.messages["slow-queries"]).toMatch(/takes [\d.]+ ms on average, in 25 calls/);
    expect(weekly.messages.bloat).toContain("api.events");
    expect(weekly.messages["restore-test"]).toContain("drill of backups of shop: there was none yet");
    const daily = await checklist("daily");
    expect(daily.statuses).toMatchObject({
      health: "found",
      space: "found",
      backups: "found",
      errors: "found",
    });
    expect(daily.messages.errors).toContain("shop_app");
    expect(daily.messages.backups).toContain("backups of shop: there is no good one");
    expect((await checklist("release")).statuses["backup-gate"]).toBe("found");
    expect((await health()).get("backups")).toMatchObject({
      ...{ status: "warning", value: 1 },
      message: "backups of shop: there is no good one",
    });
    const text = await stack.run(["checklist", "daily"]);
    expect(text.stdout).toMatch(/^ {2}found 1 {7}backups: /m);
    expect(text.stdout).toMatch(/^ +more: npm run ops -- backup status --stack dev$/m);
  });

  test("whose server is away is still looked at in its backups and its log", async () => {
    await admin.close();
    await stack.server.halt();
    const { exitCode, statuses, messages } = await checklist("daily");
    expect(exitCode).toBe(1);
    expect(statuses).toMatchObject({ health: "unseen", space: "unseen", backups: "found" });
    expect(messages.health).toContain("the server cannot be reached");
    await writeFile(
      join(stack.root, "Pulumi.dev.yaml"),
      "config:\n  pgstead:disposable: true\n  pgstead:database: { name: shop }\n",
    );
    const none = await checklist("daily");
    expect(none.statuses.backups).toBe("not-declared");
    expect([none.exitCode, none.status, none.findings]).toEqual([3, "cannot-tell", []]);
  });
});
