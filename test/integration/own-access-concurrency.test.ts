import { afterEach, beforeEach, expect, test } from "vitest";
import { withServerLock } from "../../components/io/apply";
import { type Session } from "../../components/io/session";
import { eventually } from "../support/eventually";
import { role, serverAccess, startOwnProvider, useOwnProvider } from "../support/own-provider";
import type { ProviderClient } from "../support/provider-client";
import { ProviderStack } from "../support/provider-stack";

const own = useOwnProvider();
const lockKey = "31638942963294564";
const waiting = { say: () => Promise.resolve(), signal: new AbortController().signal };
let second: ProviderClient;
let holder: Session;

beforeEach(async () => {
  own.stack.entries.clear();
  second = await startOwnProvider();
  holder = await own.server.connect();
});

afterEach(async () => {
  await holder.close();
  await second.stop();
});

const hold = () => holder.query(`SELECT pg_advisory_lock(${lockKey})`);
const release = () => holder.query(`SELECT pg_advisory_unlock(${lockKey})`);

/** Sessions of pgstead that wait for the lock of the server. */
const waitFor = (count: number) =>
  eventually("somebody waits for the lock", async () => {
    const rows = await holder.query(`
      SELECT a.pid FROM pg_locks AS l JOIN pg_stat_activity AS a USING (pid)
      WHERE l.locktype = 'advisory' AND NOT l.granted AND a.application_name = 'pgstead'`);
    return rows.length === count ? true : undefined;
  });

const roles = (pattern: string) =>
  own.sql(
    `SELECT rolname::text AS name, rolconnlimit AS "limit" FROM pg_roles WHERE rolname ~ '${pattern}' ORDER BY 1`,
  );

test("two runs at once on one server both succeed, one after the other", async () => {
  await hold();
  const stacks = [own.stack, new ProviderStack(second)];
  const runs = stacks.map((stack, index) =>
    stack.up(
      serverAccess(own.connection, { roles: [role("both", { connectionLimit: 5 }), role(`both${index}`)] }),
    ),
  );
  await waitFor(2);
  expect(await roles("^both")).toEqual([]);
  await release();
  expect(await Promise.all(runs)).toMatchObject([[{ op: "create" }], [{ op: "create" }]]);
  expect(await roles("^both")).toMatchObject([
    { name: "both", limit: 5 },
    { name: "both0" },
    { name: "both1" },
  ]);
});

test("the one that waited too long names who holds the lock, and changed nothing", async () => {
  await hold();
  const session = await own.server.connect();
  let worked = false;
  const work = () => {
    worked = true;
    return Promise.resolve();
  };
  await expect(withServerLock(session, work, { ...waiting, waitSeconds: 0.1 })).rejects.toThrow(
    /another run changes this server: pgstead \(session \d+\); waited 0.1 s[\s\S]*pg_terminate_backend/,
  );
  expect(worked).toBe(false);
  await release();
  await withServerLock(session, work, { ...waiting, waitSeconds: 0.1 });
  expect(worked).toBe(true);
  await session.close();
});

test("a run that waits for another one says so, once, and a cancelled one stops waiting", async () => {
  await hold();
  const session = await own.server.connect();
  const cancelled = new AbortController();
  const said: string[] = [];
  const say = (text: string) => {
    said.push(text);
    cancelled.abort(new Error("cancelled"));
    return Promise.resolve();
  };
  const work = () => Promise.resolve();
  const run = withServerLock(session, work, { say, signal: cancelled.signal });
  await expect(run).rejects.toThrow("cancelled");
  expect(said).toEqual([
    expect.stringMatching(/^waiting up to 120 s for another run: pgstead \(session \d+\)$/),
  ]);
  await release();
  await session.close();
});

test("what fails while the lock is held is the error that is shown, and the lock is free afterwards", async () => {
  const session = await own.server.connect();
  const lost = withServerLock(
    session,
    async () => {
      const [row] = await session.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
      await holder.query(`SELECT pg_terminate_backend(${row?.pid ?? 0})`);
      throw new Error("the cause");
    },
    waiting,
  );
  await expect(lost).rejects.toThrow("the cause");
  await hold();
  await release();
  await session.close().catch(() => undefined); // it was ended above
});

test("killed before its statements, the next run does all of them; killed after them, none is left", async () => {
  const declared = serverAccess(own.connection, {
    roles: [role("killed_a"), role("killed_b", { connectionLimit: 2 })],
  });
  await hold();
  const client = second.resource(declared.token, "server");
  const run = client.create(declared.inputs).then(
    () => "it came to its end",
    () => "it was killed",
  );
  await waitFor(1);
  second.process.kill("SIGKILL");
  expect(await run).toBe("it was killed");
  await release();
  expect(await roles("^killed")).toEqual([]);
  expect(await own.stack.up(declared)).toHaveLength(1);
  expect(await roles("^killed")).toHaveLength(2);
  // The statements ran and nobody recorded it: the state does not know the resource.
  own.stack.entries.clear();
  expect(await own.stack.up(declared)).toHaveLength(1);
  expect(await own.stack.diff(declared)).toMatchObject({ changed: false });
});

test("killed within its transaction, nothing of it is there, and the next run does all of it", async () => {
  await own.sql("CREATE ROLE half_b");
  const declared = serverAccess(own.connection, {
    roles: [role("half_a"), role("half_b", { connectionLimit: 2 })],
  });
  // The second statement has to wait for this one.
  await holder.query("BEGIN; ALTER ROLE half_b CONNECTION LIMIT 9");
  const run = second
    .resource(declared.token, "server")
    .create(declared.inputs)
    .catch(() => "it was killed");
  // Another session asks: within a transaction pg_stat_activity does not change.
  await eventually("the second statement waits", async () => {
    const rows = await own.sql(
      "SELECT FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND query LIKE 'ALTER ROLE \"half_b\"%'",
    );
    return rows.length === 1 ? true : undefined;
  });
  second.process.kill("SIGKILL");
  expect(await run).toBe("it was killed");
  await holder.query("ROLLBACK");
  // The server notices that nobody is there when it answers.
  await eventually("its session is gone", async () => {
    const rows = await holder.query("SELECT FROM pg_locks WHERE locktype = 'advisory'");
    return rows.length === 0 ? true : undefined;
  });
  expect(await roles("^half")).toEqual([{ name: "half_b", limit: -1 }]);
  await own.stack.up(declared);
  expect(await roles("^half")).toMatchObject([{ name: "half_a" }, { name: "half_b", limit: 2 }]);
});

test("a run that is cancelled comes to its end, and its result is still told", async () => {
  const declared = serverAccess(own.connection, { roles: [role("cancelled")] });
  await hold();
  const run = second.resource(declared.token, "server").create(declared.inputs);
  await waitFor(1);
  second.process.kill("SIGINT");
  await release();
  expect(await run).toMatchObject({ id: "server" });
  await eventually("the process ends", () => second.process.exitCode ?? undefined);
  expect(await roles("^cancelled")).toHaveLength(1);
});
