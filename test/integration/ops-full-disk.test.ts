import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { HealthData } from "../../infra/ops/health/found";
import { eventually } from "../support/eventually";
import { canMount, moveToSmallDisk, type SmallDisk } from "../support/small-disk";
import { deployWatched, type WatchedStack } from "./ops-watched-stack";

if (!canMount) console.error("pgstead: a disk that is full is not tested: it needs root");

const megabyte = 1024 ** 2;

// One story: each step stands on those before it.
describe.skipIf(!canMount)("a server whose disk fills up", () => {
  let stack: WatchedStack;
  let disk: SmallDisk | undefined;

  beforeAll(async () => {
    stack = await deployWatched("{}");
    await stack.server.halt();
    disk = await moveToSmallDisk(stack.server.instance.dataDirectory, "1g");
    await stack.server.start();
  }, 60_000);

  afterAll(async () => {
    await stack.server.halt();
    await disk?.remove();
    await stack.remove();
  });

  /** What `health` and `disk` say, both as people and as Nagios read it. */
  async function look() {
    const health = await stack.run(["health", "--json"]);
    const { data, findings } = health.json<HealthData>();
    const room = await stack.run(["disk", "--json"]);
    const nagios = [await stack.run(["health", "--nagios"]), await stack.run(["disk", "--nagios"])];
    return {
      exitCodes: [health.exitCode, room.exitCode, ...nagios.map(({ exitCode }) => exitCode)],
      check: data.checks.find(({ name }) => name === "data_volume"),
      health: findings.filter(({ subject }) => subject === "data_volume"),
      disk: room.json().findings,
      lines: nagios.map(({ stdout }) => stdout),
    };
  }

  async function sql(text: string): Promise<void> {
    const session = await stack.server.connect("shop");
    await session.query(text).finally(() => session.close());
  }

  test("has nothing to tell while there is room", async () => {
    const found = await look();
    expect(found.exitCodes).toEqual([0, 0, 0, 0]);
    expect([...found.health, ...found.disk]).toEqual([]);
  });

  test("is a warning, and then critical, to both commands", async () => {
    await disk?.leave(6 * megabyte);
    const nearly = await look();
    expect(nearly.exitCodes).toEqual([1, 1, 1, 1]);
    expect(nearly.check).toMatchObject({ status: "warning" });
    expect(nearly.disk).toMatchObject([{ severity: "warning" }]);

    await disk?.leave(1 * megabyte);
    const { exitCodes, health, disk: room } = await look();
    expect(exitCodes).toEqual([1, 1, 2, 2]);
    expect(health).toMatchObject([
      { severity: "critical", hint: expect.stringContaining("`disk`") as string },
    ]);
    expect(room).toMatchObject([{ severity: "critical" }]);
  });

  test("that takes no row any more is still looked at, and told", async () => {
    await disk?.leave(0);
    await expect(
      sql("CREATE TABLE api.filled AS SELECT repeat('x', 1000) FROM generate_series(1, 100000)"),
    ).rejects.toMatchObject({ code: "53100" });
    const { exitCodes, health, lines } = await look();
    expect(exitCodes).toEqual([1, 1, 2, 2]);
    expect(health[0]?.message).toMatch(/^0 bytes of \S+ [kMG]B are free at /);
    expect(lines[0]).toMatch(/^PGSTEAD HEALTH CRITICAL - data_volume/);
    expect(lines[1]).toMatch(/^PGSTEAD DISK CRITICAL - /);
  });

  test("ends when there is no room for its log: nothing can be told, and with room all is well again", async () => {
    const ended = await eventually("the server ends", async () =>
      sql("CREATE TABLE api.logged (); DROP TABLE api.logged; SELECT pg_switch_wal()").then(
        () => undefined,
        (error: unknown) => error as Error,
      ),
    );
    expect(ended.message).toMatch(/terminat|closed|ended|ECONNRE|No space left|starting up|recovery mode/);
    const gone = await eventually("it is gone", async () => {
      const run = await stack.run(["health", "--json"]);
      return run.exitCode === 3 ? run : undefined;
    });
    expect(gone.json().status).toBe("cannot-tell");
    expect((await stack.run(["disk", "--nagios"])).exitCode).toBe(3);

    await disk?.leave(600 * megabyte);
    await stack.server.halt();
    await stack.server.start();
    const found = await look();
    expect([...found.health, ...found.disk]).toEqual([]);
    expect(found.check).toMatchObject({ status: "ok" });
    await sql("CREATE TABLE api.filled AS SELECT 1 AS one");
  });
});
