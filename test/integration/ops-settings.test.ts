import { appendFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { planSettings } from "../../components/core/settings/plan";
import { readSettingsCatalog } from "../../components/io/catalog/settings";
import type { SettingsData } from "../../infra/ops/commands/settings";
import { declaredSettings } from "../../infra/config/declared";
import { readStackConfig } from "../../infra/ops/stack";
import { planStack } from "../../infra/plan";
import { deployStack, type DeployedStack } from "./ops-stack";

let stack: DeployedStack;

beforeAll(async () => {
  stack = await deployStack();
  await setAsDeclared();
}, 60_000);
afterAll(() => stack.remove());

/** What `up` would do with the settings, and with those of roles. */
async function setAsDeclared(): Promise<void> {
  const desired = declaredSettings(planStack(await readStackConfig(stack.root, "dev")));
  if (desired === undefined) throw new Error("nothing is declared of the settings");
  const session = await stack.server.connect();
  const { statements } = planSettings(desired, await readSettingsCatalog(session, desired.settings));
  for (const { sql, step } of statements) if (step !== true) await session.query(sql);
  await session.query("ALTER ROLE shop_migrator SET role = shop_owner");
  await session.close();
  await stack.server.halt();
  await stack.server.start();
}

async function settings(...args: readonly string[]) {
  const { stdout, exitCode } = await stack.ops("settings", "--json", ...args);
  const { data, findings } = JSON.parse(stdout) as {
    data: SettingsData;
    findings: readonly { subject: string; message: string }[];
  };
  return { data, findings, exitCode, of: (name: string) => data.settings.find((one) => one.name === name) };
}

async function change(...statements: readonly string[]): Promise<void> {
  const session = await stack.server.connect();
  for (const sql of [...statements, "SELECT pg_reload_conf()"]) await session.query(sql);
  await session.close();
}

describe("ops settings", () => {
  test("of a server that is as declared tells who wants what, and finds nothing", async () => {
    const { data, findings, exitCode, of } = await settings();
    expect([findings, exitCode]).toEqual([[], 0]);
    expect(of("shared_buffers")).toMatchObject({
      value: "8192 × 8kB",
      default: "16384 × 8kB",
      owner: "tuning",
      reason: "1/16 of memory: 1GB / 16",
      change: "restart",
      pendingRestart: false,
      deviates: false,
    });
    expect(of("shared_buffers")?.source).toMatch(/^postgresql\.auto\.conf:\d+$/);
    expect(of("listen_addresses")).toMatchObject({ owner: "pgstead" });
    expect(of("logging_collector")).toMatchObject({ owner: "initdb", value: "on" });
    expect(of("log_timezone")).toMatchObject({ owner: "tuning", value: "UTC" });
    expect(of("search_path")).toBeUndefined();
    expect(of("enable_seqscan")).toBeUndefined();
    expect(data.overrides).toEqual([
      { role: "shop_migrator", database: null, name: "role", value: "shop_owner" },
    ]);

    const some = await settings("--all", "--name", "enable_*");
    expect(some.of("enable_seqscan")).toMatchObject({ value: "on", default: "on", source: "default" });
    expect(some.data.settings.every(({ name }) => name.startsWith("enable_"))).toBe(true);
  });

  test("finds what was changed by hand, is not as declared, waits for a restart, or is of a role", async () => {
    await appendFile(join(stack.server.instance.dataDirectory, "postgresql.conf"), "\ngeqo_threshold = 14\n");
    await change(
      "ALTER SYSTEM SET random_page_cost = 3",
      "ALTER SYSTEM SET cursor_tuple_fraction = 0.5",
      "ALTER SYSTEM SET max_locks_per_transaction = 128",
      "ALTER SYSTEM SET app.token = 's3cret'",
      "ALTER ROLE shop_app SET work_mem = '1GB'",
    );
    const { data, findings, exitCode, of } = await settings();
    expect(exitCode).toBe(1);
    const subjects = findings.map(({ subject, message }) => `${subject}: ${message}`);
    expect(subjects).toEqual(
      expect.arrayContaining([
        "setting cursor_tuple_fraction: was changed by hand to 0.5, and nobody declares it",
        "setting geqo_threshold: was changed by hand to 14, and nobody declares it",
        "setting max_locks_per_transaction: is written and waits for a restart",
        expect.stringMatching(
          /^setting random_page_cost: is not as declared: .*postgresql\.auto\.conf has 3/,
        ),
        expect.stringMatching(
          /^settings of roles and databases: ALTER ROLE "shop_app" RESET "work_mem": nobody declared it/,
        ),
      ]),
    );
    expect(subjects).toHaveLength(6);
    expect(of("geqo_threshold")?.source).toMatch(/^postgresql\.conf:\d+$/);
    expect(of("random_page_cost")).toMatchObject({ value: "3", owner: "tuning", deviates: true });
    expect(JSON.stringify([data, findings])).not.toContain("s3cret");
    expect(data.overrides).toContainEqual({
      role: "shop_app",
      database: null,
      name: "work_mem",
      value: "1GB",
    });

    const text = await stack.ops("settings", "--name", "geqo*");
    expect(text.exitCode).toBe(1);
    expect(text.stdout).toMatch(
      /^ +geqo_threshold +14 +12 +session +postgresql\.conf:\d+ +nobody +changed by hand$/m,
    );
  });
});
