import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeAll, beforeEach, describe, expect, test } from "vitest";
import type { HbaRule } from "../../components/core/hba/rule";
import { renderHba } from "../../components/core/hba/render";
import { completeRules } from "../../components/core/hba/check";
import type { PropertyMap } from "../../components/providers/properties";
import { eventually } from "../support/eventually";
import { hbaFile, hostBasedAccess, identRule, leftovers, managingRule } from "../support/hba";
import { connectionTo, runSql, startOwnProvider } from "../support/own-provider";
import type { ProviderClient } from "../support/provider-client";
import { ProviderStack } from "../support/provider-stack";
import { startServer, type TestServer } from "../support/server";
import { startStatementProxy } from "../support/statement-proxy";

/** Who dies at a statement; it still reaches the server. Killed before it is killed after the one before. */
type Crash = "provider" | "server";

/** Short, as it is waited for at half of all steps. */
const soon = { rollbackSeconds: 1 };

let server: TestServer;
let original: string;
let steps: string[];
/** Of the runs that come after a crash: another one than that which was killed. */
let mending: ProviderClient;

const sql = (text: string) => runSql(server, text);
const place = () => join(server.instance.dataDirectory, "pg_hba.conf");
const rendered = (rule: HbaRule) => renderHba(completeRules([rule]));
const declare = (port: number, rule: HbaRule, change: PropertyMap = {}) =>
  hostBasedAccess({ ...connectionTo(server), port }, [rule], change);

/** Names each statement of a run with how often it has come: a run asks again where it waits, so no more than thrice. */
function stepNames(): (statement: string) => string {
  const counts = new Map<string, number>();
  return (statement) => {
    const text = statement.replace(/\s+/g, " ").trim();
    const count = (counts.get(text) ?? 0) + 1;
    counts.set(text, count);
    return `${Math.min(count, 3)}: ${text}`;
  };
}

/** Every step of one run that comes to its end, and of one that is taken back. */
async function recordSteps(): Promise<string[]> {
  const seen: string[] = [];
  for (const rule of [managingRule, identRule]) {
    const provider = await startOwnProvider();
    const proxy = await startStatementProxy(server);
    const run = new ProviderStack(provider).up(declare(proxy.port, rule));
    await run.catch(() => undefined); // the second one is taken back
    seen.push(...proxy.statements.map(stepNames()));
    await proxy.stop();
    await provider.stop();
    await reset();
  }
  const all = [...new Set(seen)];
  // Up to the first file that is written a run only reads: a crash there leaves what was before.
  return all.slice(all.findIndex((step) => step.includes("TO PROGRAM")) - 1);
}

async function reset(): Promise<void> {
  await writeFile(place(), original);
  await sql("SELECT pg_reload_conf()");
}

/** Runs the resource and crashes at the first statement of a step; gives whether that step came. */
async function crashAt(step: string, crash: Crash, rule: HbaRule): Promise<boolean> {
  const provider = await startOwnProvider();
  const dead = new Promise((resolve) => provider.process.once("exit", resolve));
  let came = false;
  let crashed = Promise.resolve();
  const nameOf = stepNames();
  const proxy = await startStatementProxy(server, async (_count, statement) => {
    const name = nameOf(statement);
    if (came || name !== step) return undefined;
    came = true;
    if (crash === "server") {
      await (crashed = server.crash());
      return undefined;
    }
    provider.process.kill("SIGKILL");
    await dead;
    return "last";
  });
  try {
    const { token, name, inputs } = declare(proxy.port, rule, soon);
    await provider
      .resource(token, name)
      .create(inputs)
      .catch(() => undefined); // it was killed, or its rules were taken back
  } finally {
    // The run notices a little before the server is gone.
    await crashed;
    await proxy.stop();
    await provider.stop();
  }
  return came;
}

async function crashEverywhere(
  crash: Crash,
  rule: HbaRule,
  then: (step: string) => Promise<void>,
): Promise<void> {
  let count = 0;
  for (const step of steps) {
    await reset();
    if (!(await crashAt(step, crash, rule))) continue;
    count += 1;
    await then(step);
  }
  expect(count).toBeGreaterThan(15);
}

/** A login works by itself, and stays so: nobody waits any more for taking rules back. */
async function expectLogin(where: string): Promise<void> {
  await eventually(`${where}: a login works again`, async () => {
    try {
      const rows = await sql(
        "SELECT FROM pg_stat_activity WHERE application_name LIKE 'pgstead: rollback%' AND state = 'active'",
      );
      return rows.length === 0 ? true : undefined;
    } catch {
      return undefined; // not yet
    }
  });
  await sql("SELECT 1");
}

/** The file is one that somebody meant, whole, and the server takes it. */
async function expectValidFile(where: string, ...meant: string[]): Promise<void> {
  expect(meant, where).toContain(await hbaFile(server));
  expect(await sql("SELECT error FROM pg_hba_file_rules WHERE error IS NOT NULL"), where).toEqual([]);
}

async function expectConvergence(where: string): Promise<void> {
  const stack = new ProviderStack(mending);
  const declared = declare(server.port, managingRule);
  await stack.up(declared);
  expect(await hbaFile(server), where).toBe(rendered(managingRule));
  expect(await stack.diff(declared), where).toMatchObject({ changed: false });
  const left = (await leftovers(server)).filter((name) => !name.endsWith("-draft"));
  expect(left, where).toEqual([]);
  const objects = await sql("SELECT FROM pg_largeobject_metadata");
  expect(objects, where).toEqual([]);
}

beforeAll(async () => {
  server = await startServer();
  original = await readFile(place(), "utf8");
  steps = await recordSteps();
  mending = await startOwnProvider();
  return async () => {
    await mending.stop();
    await server.stop();
  };
});

beforeEach(reset);
afterEach(reset);

/** The statements that make a change what it is, in their order. */
const order = [
  "mv -f .*pgstead-draft .*pgstead-previous",
  ": DO ",
  "mv -f .*pgstead-draft .*pg_hba.conf'",
  "3: SELECT line_number .*pg_hba_file_rules",
  "pg_reload_conf\\(\\)",
  "pg_conf_load_time\\(\\) >= ",
  "rm .*pgstead-previous",
];

test("a change has these steps: the rules before, the rollback, the new file, its check, the reload, the proof", () => {
  expect(steps.join("\n")).toMatch(new RegExp(order.join(".*\\n(?:.*\\n)*?.*")));
  expect(steps.length).toBeGreaterThan(20);
});

describe("killed at every step, a login works again by itself, the file is valid, and the next run converges", () => {
  test("rules that would have been proven", async () => {
    await crashEverywhere("provider", managingRule, async (step) => {
      await expectLogin(step);
      await expectValidFile(step, original, rendered(managingRule));
      await expectConvergence(step);
    });
  }, 600_000);

  test("rules that lock everybody out", async () => {
    await crashEverywhere("provider", identRule, async (step) => {
      await expectLogin(step);
      await expectValidFile(step, original);
    });
    await expectConvergence("after the last one");
  }, 600_000);

  test("whatever limits of time the managing login has", async () => {
    const step = steps.find((text) => text.endsWith("SELECT pg_catalog.pg_reload_conf()")) ?? "";
    const limits = { statement_timeout: "300ms", transaction_timeout: "300ms" };
    for (const [name, value] of Object.entries({ ...limits, client_connection_check_interval: "50ms" })) {
      await sql(`ALTER ROLE postgres SET ${name} = '${value}'`);
      expect(await crashAt(step, "provider", identRule), name).toBe(true);
      await expectLogin(name);
      await expectValidFile(name, original);
      await sql("ALTER ROLE postgres RESET ALL");
    }
  });

  test.each([
    ["rules that would have been proven", managingRule],
    ["rules that lock everybody out", identRule],
  ])(
    "the server itself: %s",
    async (_what, rule) => {
      await crashEverywhere("server", rule, async (step) => {
        await server.start();
        await expectLogin(step);
        await expectValidFile(step, original, rendered(managingRule));
        await expectConvergence(step);
      });
    },
    600_000,
  );
});
