import { readFile, writeFile } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Session } from "../../components/io/session";
import type { LocksData } from "../../infra/ops/locks/found";
import type { TerminateIdleData } from "../../infra/ops/commands/terminate-idle";
import { eventually } from "../support/eventually";
import { deployWatched, type WatchedStack } from "./ops-watched-stack";

let stack: WatchedStack;
let admin: Session;
beforeAll(async () => {
  stack = await deployWatched("{ lockWait: 1s }", { max_prepared_transactions: "5" });
  admin = await stack.server.connect();
  const shop = await stack.server.connect("shop");
  await shop.query("INSERT INTO api.orders VALUES (1, 'a'), (2, 'b')");
  await shop.query("GRANT USAGE ON SCHEMA api TO shop_app");
  await shop.query("GRANT ALL ON api.orders TO shop_app");
  await shop.close();
}, 60_000);
afterAll(async () => {
  await admin.close();
  await stack.remove();
});

/** A session that has begun a transaction with a statement, and its pid. */
async function begin(
  application: string,
  ...statements: string[]
): Promise<{ session: Session; pid: number }> {
  const session = await stack.as("shop_app", application);
  const [row] = await session.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  for (const sql of ["BEGIN", ...statements]) await session.query(sql);
  return { session, pid: row?.pid ?? 0 };
}

/** Sends what waits; comes back when it does. */
async function wait(pid: number, answer: Promise<unknown>): Promise<{ readonly end: Promise<unknown> }> {
  const end = answer.catch((error: unknown) => error);
  await eventually(`pid ${pid} waits`, async () => {
    const rows = await admin.query("SELECT FROM pg_locks WHERE pid = $1 AND NOT granted", [pid]);
    return rows.length > 0 ? true : undefined;
  });
  return { end };
}

async function locks(...more: string[]) {
  const run = await stack.run(["locks", "--json", ...more]);
  return { ...run, ...run.json<LocksData>() };
}

describe("locks", () => {
  test("finds nobody waiting on a server at rest, and ends with 0", async () => {
    const { exitCode, data } = await locks();
    expect(exitCode).toBe(0);
    expect(data).toMatchObject({ tree: [], sessions: [], advisory: [], role: "shop_monitor" });
    expect((await stack.run(["locks"])).stdout).toContain("nobody waits for a lock");
  });

  test("shows a chain and a fan, whom each waits for and what, and ends what blocks", async () => {
    const root = await begin("root", "UPDATE api.orders SET body = 'secret-1' WHERE id = 1");
    const middle = await begin("middle", "UPDATE api.orders SET body = 'x' WHERE id = 2");
    const leaf = await begin("leaf");
    const fan = await begin("fan");
    const answers = [
      await wait(middle.pid, middle.session.query("UPDATE api.orders SET body = 'y' WHERE id = 1")),
      await wait(leaf.pid, leaf.session.query("UPDATE api.orders SET body = 'y' WHERE id = 2")),
      await wait(fan.pid, fan.session.query("/* tool */ LOCK TABLE api.orders")),
    ];
    await eventually("the wait is long enough to tell", async () =>
      (await locks()).data.sessions.every(({ wants }) => wants === null || wants.waitSeconds >= 1)
        ? true
        : undefined,
    );
    const { exitCode, data, findings, stdout } = await locks();
    expect(exitCode).toBe(1);
    const shown = data.tree.map(({ pid, depth, blocks }) => ({ pid, depth, blocks }));
    expect(shown).toHaveLength(4);
    expect(shown[0]).toEqual({ pid: root.pid, depth: 0, blocks: 3 });
    expect(shown).toContainEqual({ pid: middle.pid, depth: 1, blocks: 1 });
    expect(shown).toContainEqual({ pid: leaf.pid, depth: 2, blocks: 0 });
    expect(shown).toContainEqual({ pid: fan.pid, depth: 1, blocks: 0 });
    const of = (pid: number) => data.sessions.find((session) => session.pid === pid);
    expect(of(root.pid)).toMatchObject({ state: "idle in transaction", statement: "UPDATE", wants: null });
    expect(of(middle.pid)?.wants).toMatchObject({ type: "transactionid", mode: "ShareLock" });
    expect(of(middle.pid)?.wants?.target).toMatch(/^a row of api\.orders, transaction \d+$/);
    expect(of(fan.pid)).toMatchObject({
      statement: "LOCK",
      wants: { type: "relation", target: "api.orders", mode: "AccessExclusiveLock" },
    });
    expect(of(fan.pid)?.blockedBy).toContain(root.pid);
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({ subject: `pid ${root.pid}` });
    expect(findings[0]?.message).toContain("blocks 3 sessions");
    expect(stdout).not.toContain("secret-1");
    expect((await locks("--queries")).stdout).toContain("secret-1");
    const text = (await stack.run(["locks"])).stdout;
    expect(text).toMatch(new RegExp(`^ +${root.pid} +3 +shop_app +shop +root +idle in transaction`, "m"));
    expect(text).toMatch(new RegExp(`^ +└ ${middle.pid} `, "m"));
    expect(text).toMatch(new RegExp(`^ {4}└ ${leaf.pid} `, "m"));
    const nagios = await stack.run(["locks", "--nagios"]);
    expect(nagios.stdout).toMatch(
      /^PGSTEAD LOCKS WARNING - pid \d+ blocks 3 sessions.* \| waiting=3;;;0 longest_wait=\d+s;;;0\n$/,
    );

    // A script that confirms nothing, a person who types something else, one who cancels what does nothing.
    const silent = await stack.run(["locks", "--terminate", String(root.pid)]);
    expect(silent.exitCode).toBe(2);
    expect(silent.stderr).toContain("say --yes in a script");
    const declined = await stack.run(["locks", "--terminate", String(root.pid), "--json"], "y");
    expect(declined.exitCode).toBe(1);
    expect(declined.json<LocksData>().data.ended?.outcome).toBe("declined");
    expect(declined.stderr).toMatch(/it blocks 3 sessions/);
    const nothing = await stack.run(["locks", "--cancel", String(root.pid), "--yes"]);
    expect(nothing.exitCode).toBe(2);
    expect(nothing.stderr).toContain("runs no statement (idle in transaction)");
    expect((await locks()).data.tree).toHaveLength(4);

    const cancelled = await stack.run(["locks", "--cancel", String(fan.pid), "--yes", "--json"]);
    expect(cancelled.json<LocksData>().data.ended).toMatchObject({ way: "cancel", outcome: "ended" });
    expect(await answers[2]?.end).toMatchObject({ code: "57014" });
    const ended = await stack.run(["locks", "--terminate", String(root.pid)], "yes");
    expect(ended.exitCode).toBe(0);
    expect(ended.stdout).toContain("session ended");
    await expect(root.session.query("SELECT 1")).rejects.toThrow();
    // What waited goes on, one after the other.
    await answers[0]?.end;
    await middle.session.query("COMMIT");
    await answers[1]?.end;
    expect((await locks()).exitCode).toBe(0);
    for (const { session } of [middle, leaf, fan]) await session.close();
  });

  test("tells a prepared transaction and advisory locks, which have no statement to look at", async () => {
    const prepared = await begin(
      "two-phase",
      "UPDATE api.orders SET body = 'p' WHERE id = 1",
      "PREPARE TRANSACTION 'order 1'",
    );
    await prepared.session.query("SELECT pg_advisory_lock(42), pg_advisory_lock(-1, 7)");
    const waiter = await begin("waiter");
    const update = waiter.session.query("UPDATE api.orders SET body = 'w' WHERE id = 1");
    const waiting = await wait(waiter.pid, update);
    const { data } = await locks();
    expect(data.tree.map(({ pid, depth }) => ({ pid, depth }))).toEqual([
      { pid: 0, depth: 0 },
      { pid: waiter.pid, depth: 1 },
    ]);
    expect(data.prepared).toMatchObject([{ name: "order 1", owner: "shop_app", database: "shop" }]);
    expect(data.advisory.map(({ key, pid, granted }) => ({ key, pid, granted }))).toEqual(
      expect.arrayContaining([
        { key: "42", pid: prepared.pid, granted: true },
        { key: "-1, 7", pid: prepared.pid, granted: true },
      ]),
    );
    await prepared.session.query("ROLLBACK PREPARED 'order 1'");
    await waiting.end;
    for (const { session } of [prepared, waiter]) await session.close();
  });

  test("ends no session of pgstead, no work of the server, and none that is not there", async () => {
    const own = await begin("pgstead up");
    const refused = await stack.run(["locks", "--terminate", String(own.pid), "--yes"]);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain("is a session of pgstead itself (pgstead up)");
    const [writer] = await admin.query<{ pid: number }>(
      "SELECT pid FROM pg_stat_activity WHERE backend_type = 'checkpointer'",
    );
    const server = await stack.run(["locks", "--terminate", String(writer?.pid), "--yes"]);
    expect(server.stderr).toContain("is no client but the server's own work (checkpointer)");
    const nobody = await stack.run(["locks", "--terminate", "2147483647", "--yes", "--json"]);
    expect(nobody.exitCode).toBe(2);
    expect(nobody.stdout).toContain("no session with this pid");
    await own.session.query("ROLLBACK");
    const forced = await stack.run(["locks", "--terminate", String(own.pid), "--yes", "--force"]);
    expect(forced.exitCode).toBe(0);
    await own.session.close();
  });

  test("says which right is missing where the administrator may not end it", async () => {
    const victim = await begin("victim");
    const { host, port } = stack.server;
    const password = stack.passwords.shop_readonly ?? "";
    const uri = `postgresql://shop_readonly:${encodeURIComponent(password)}@${host}:${port}/postgres`;
    const file = `${stack.root}/outputs.json`;
    const before = await readFile(file, "utf8");
    await writeFile(file, JSON.stringify({ ...(JSON.parse(before) as object), administratorUri: uri }));
    const { exitCode, stderr } = await stack.run(["locks", "--terminate", String(victim.pid), "--yes"]);
    await writeFile(file, before);
    expect(exitCode).toBe(3);
    expect(stderr).toContain("needs pg_signal_backend");
    await victim.session.close();
  });
});

describe("terminate-idle", () => {
  test("refuses a role and a database that are not there, with those that may be meant", async () => {
    const wrong = ["--role", "shop_ap", "--database", "shpo"];
    const { exitCode, stderr } = await stack.run(["terminate-idle", "--dry-run", ...wrong]);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("--role: there is no role shop_ap");
    expect(stderr).toContain("did you mean shop_app?");
    expect(stderr).toContain("--database: there is no database shpo");
    expect(stderr).toContain("did you mean shop?");
    const right = ["--role", "shop_monitor", "--database", "postgres", "--minutes", "1000"];
    expect((await stack.run(["terminate-idle", "--dry-run", ...right])).exitCode).toBe(0);
  });

  test("ends those that are idle for so long still, and spares all others", async () => {
    const idle = await stack.as("shop_app", "idle");
    const inTransaction = await begin("in transaction");
    const own = await stack.as("shop_app", "pgstead ops");
    const busy = await stack.as("shop_app", "busy");
    const running = busy.query("SELECT pg_sleep(60)").catch((error: unknown) => error);
    const minutes = "0.005";
    const args = ["terminate-idle", "--minutes", minutes, "--json"];
    const found = await eventually("the idle one is found", async () => {
      const dry = (await stack.run([...args, "--dry-run"])).json<TerminateIdleData>();
      return dry.data.sessions.length > 0 ? dry : undefined;
    });
    expect(found.status).toBe("finding");
    expect(found.data.sessions).toMatchObject([{ application: "idle", outcome: null }]);
    expect((await stack.run(args)).exitCode).toBe(2);
    expect((await stack.run(args, "no")).json<TerminateIdleData>().data.action).toBe("declined");
    await idle.query("SELECT 1");
    // The administrator is a superuser: its session is idle as well and stays.
    const ended = await eventually("it is idle again", async () => {
      const run = (await stack.run([...args, "--yes"])).json<TerminateIdleData>();
      return run.data.sessions.length > 0 ? run : undefined;
    });
    expect(ended.status).toBe("good");
    expect(ended.data).toMatchObject({
      action: "ended",
      sessions: [{ application: "idle", outcome: "ended" }],
    });
    await expect(idle.query("SELECT 1")).rejects.toThrow();
    const left = await stack.run([
      ...args.slice(0, 3),
      "--in-transaction",
      "--role",
      "shop_app",
      "--yes",
      "--json",
    ]);
    expect(left.json<TerminateIdleData>().data.sessions).toMatchObject([
      { application: "in transaction", outcome: "ended" },
    ]);
    expect((await stack.run([...args.slice(0, 3), "--yes"])).exitCode).toBe(0);
    await own.query("SELECT 1");
    await admin.query("SELECT pg_cancel_backend(pid) FROM pg_stat_activity WHERE application_name = 'busy'");
    await running;
    for (const session of [own, busy, inTransaction.session]) await session.close().catch(() => undefined);
  });
});
