import { beforeAll, expect, test } from "vitest";
import { login, plansOf, role, serverAccess, useOwnProvider } from "../support/own-provider";
import { changesIn, logEverything, readLog } from "../support/server-log";

const own = useOwnProvider();

beforeAll(async () => {
  await logEverything(own.server);
  await own.sql("CREATE EXTENSION pg_stat_statements SCHEMA public");
});

test("what ran is what the plan showed, in its order", async () => {
  const plain = (limit: number) =>
    serverAccess(own.connection, { roles: [role("b", { connectionLimit: limit }), role("a")] });
  await own.stack.up(plain(1));
  const before = changesIn(await readLog(own.server)).length;
  await own.sql("ALTER ROLE a CREATEDB");
  await own.stack.diff(plain(2));
  const shown = own.lastPlan().map((line) => line.trim().split(";  --")[0]);
  expect(shown).toHaveLength(2);
  await own.stack.up(plain(2));
  expect(changesIn(await readLog(own.server)).slice(before)).toEqual(["ALTER ROLE a CREATEDB", ...shown]);
});

test("neither password nor verifier of a role is in the log, the statistics or the messages", async () => {
  const first = login("quiet");
  const second = login("quiet", { connectionLimit: 5 });
  own.stack.entries.clear();
  await own.stack.up(serverAccess(own.connection, { roles: [first.inputs] }));
  await own.stack.up(serverAccess(own.connection, { roles: [second.inputs] }));
  // A statement that fails is logged as well, unless it is kept out.
  await own.sql("ALTER ROLE quiet PASSWORD 'hand-made'");
  const failing = login("quiet", { connectionLimit: -7 });
  await expect(own.stack.up(serverAccess(own.connection, { roles: [failing.inputs] }))).rejects.toThrow(
    /ALTER ROLE "quiet" CONNECTION LIMIT -7:[\s\S]*invalid connection limit/,
  );
  const log = await readLog(own.server);
  expect(log).toContain("hand-made"); // the log would hold it
  const statistics = JSON.stringify(await own.sql("SELECT query FROM public.pg_stat_statements"));
  expect(statistics).toContain("hand-made");
  const shown = JSON.stringify(own.provider.messages) + own.provider.errorOutput();
  expect(shown).toContain("PASSWORD '[verifier]'");
  for (const { password, verifier } of [first, second, failing]) {
    for (const text of [log, statistics, shown]) {
      expect(text).not.toContain(password);
      expect(text).not.toContain(verifier.slice(-40));
    }
  }
});

test("the sessions log as before once the password is set", async () => {
  const [row] = await own.sql("SHOW log_statement");
  expect(row).toEqual({ log_statement: "all" });
  const quiet = login("loud");
  own.stack.entries.clear();
  await own.stack.up(serverAccess(own.connection, { roles: [quiet.inputs] }));
  const log = await readLog(own.server);
  // The read after the change, by the same session, is in the log.
  expect(log.slice(log.lastIndexOf("RESET log_statement"))).toContain("rolpassword");
});

test("no plan holds anything of a verifier", () => {
  expect(plansOf(own.provider).length).toBeGreaterThan(3);
  for (const plan of plansOf(own.provider)) expect(plan).not.toContain("SCRAM");
});
