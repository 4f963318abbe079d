import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { expect, test } from "vitest";
import { explainSlowStatements } from "../../components/core/tuning/auto-explain";
import { eventually } from "../support/eventually";
import { plansOf, useOwnProvider } from "../support/own-provider";
import { settingsOf, startTime } from "../support/own-settings";

const own = useOwnProvider();

test("plans of slow statements are in the log, without a restart and without what was sent", async () => {
  const settings = explainSlowStatements(30);
  const values = Object.fromEntries(settings.map(({ name, value }) => [name, value]));
  const reasons = Object.fromEntries(settings.map(({ name, reason }) => [name, reason]));
  const declared = settingsOf(own.server, own.connection, values, { reasons, restart: "refuse" });
  const before = await startTime(own.server);
  await own.stack.up(declared);
  expect(plansOf(own.provider).join("\n")).toContain(
    "ALTER SYSTEM SET \"auto_explain.log_min_duration\" = '30ms'",
  );
  expect(await startTime(own.server)).toBe(before);
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false });

  const session = await own.server.connect();
  await session.query("SELECT 'fast' AS fast");
  await session.query("SELECT $1::text AS sent, pg_sleep(0.05) AS slow", ["very-secret"]);
  await session.close();
  const directory = join(own.server.instance.dataDirectory, "log");
  const text = await eventually("the plan is in the log", async () => {
    const files = (await readdir(directory)).map((name) => readFile(join(directory, name), "utf8"));
    const all = (await Promise.all(files)).join("\n");
    return all.includes('"Node Type": "Result"') ? all : undefined;
  });
  expect(text).toContain("AS sent, pg_sleep(0.05) AS slow");
  expect(text).not.toContain("very-secret");
  expect(text).not.toContain("AS fast");
});
