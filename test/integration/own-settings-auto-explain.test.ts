import { expect, test } from "vitest";
import { explainSlowStatements } from "../../components/core/tuning/auto-explain";
import { plansOf, useOwnProvider } from "../support/own-provider";
import { settingsOf, startTime } from "../support/own-settings";
import { readLog } from "../support/server-log";

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
  const text = await readLog(own.server);
  expect(text).toContain('"Node Type": "Result"');
  expect(text).toContain("AS sent, pg_sleep(0.05) AS slow");
  expect(text).not.toContain("very-secret");
  expect(text).not.toContain("AS fast");
});
