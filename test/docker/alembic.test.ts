import { randomBytes } from "node:crypto";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { connectDocker } from "../../components/io/docker/engine";
import type { ApplicationPlace } from "../../components/core/migrations/alembic/application";
import { refuseUpgrade } from "../../components/core/migrations/refuse-run";
import { applicationDirectory, applicationImage, buildApplicationImage } from "../support/alembic-image";
import { revisionText, type Revision } from "../support/alembic-application";
import { killedRun, shopOf, type Shop } from "../support/alembic-runs";
import { eventually } from "../support/eventually";
import { migratedDatabase, type MigratedDatabase } from "../support/migrations";
import { startServer, type TestServer } from "../support/server";

const docker = connectDocker({});
let server: TestServer;
let database: MigratedDatabase;
let logs = "";
beforeAll(async () => {
  await buildApplicationImage(docker);
  server = await startServer();
  logs = await mkdtemp(join(tmpdir(), "pgstead-alembic-logs-"));
  vi.stubEnv("PGSTEAD_DATA", logs);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await server.stop();
  await rm(logs, { recursive: true, force: true });
});
beforeEach(async () => {
  database = await migratedDatabase(server);
});
afterEach(() => database.remove());

const common = { python: ["python"], directory: applicationDirectory, environment: {}, engine: {} } as const;
const shopIn = (place: ApplicationPlace): Shop =>
  shopOf({
    database,
    place,
    watcher: { host: server.host, port: server.port, user: server.superuser, password: server.password },
    seenAt: {},
  });

describe("an application in an image", () => {
  const image = { ...common, kind: "image", image: applicationImage, network: "host" } as const;

  test("is migrated by a container that is gone afterwards, and then there is nothing to do", async () => {
    const shop = shopIn(image);
    expect(await shop.upgrade()).toMatchObject({ done: { length: 3 }, cancelled: false });
    expect(await database.query("SELECT name FROM app.customers ORDER BY id")).toEqual([
      { name: "Ada" },
      { name: "100%" },
    ]);
    expect((await shop.plan()).steps).toEqual([]);
    expect(await shop.check()).toEqual({ operations: [] });
    await eventually("its containers are gone", async () => {
      const left = await docker.listContainers({ all: true, filters: { ancestor: [applicationImage] } });
      return left.some(({ Names }) => !Names.some((name) => name.includes("pgstead-test-shop")))
        ? undefined
        : true;
    });
  });

  test("that the engine does not have is told by its name", async () => {
    await expect(shopIn({ ...image, image: "pgstead-no-such-image:1" }).plan()).rejects.toThrow(
      /image pgstead-no-such-image:1[\s\S]*No such image[\s\S]*build or pull it/,
    );
  });
});

describe("an application in a container that runs", () => {
  let container: Docker.Container;
  let name = "";
  let shop: Shop;
  beforeEach(async () => {
    name = `pgstead-test-shop-${randomBytes(4).toString("hex")}`;
    const Cmd = ["sleep", "infinity"];
    const HostConfig = { NetworkMode: "host", Init: true };
    container = await docker.createContainer({ name, Image: applicationImage, Cmd, HostConfig });
    await container.start();
    shop = shopIn({ ...common, kind: "container", container: name });
  });
  afterEach(() => container.remove({ force: true }));

  /** Puts a revision into the running container. */
  async function revise(revision: Revision): Promise<void> {
    await put(`migrations/versions/${revision.id}_${revision.name}.py`, revisionText(revision));
  }

  async function put(file: string, text: string): Promise<void> {
    const tar = pack();
    tar.entry({ name: file, mode: 0o644, uid: 1000, gid: 1000 }, text);
    tar.finalize();
    await container.putArchive(Readable.from(tar), { path: applicationDirectory });
  }

  const table = 'op.create_table("half", sa.Column("id", sa.Integer()), schema="app")';
  const down = "c3f0c3d2e4b5";
  const id = "d4f0c3d2e4b5";
  const exists = async (name_: string): Promise<unknown> =>
    (await database.query<{ found: boolean }>(`SELECT to_regclass('${name_}') IS NOT NULL AS found`))[0]
      ?.found;
  const sleeping = (): Promise<true> =>
    eventually("the revision sleeps", async () => {
      const [row] = await database.query(
        "SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE '%pg_sleep(600)%' AND wait_event = 'PgSleep'",
      );
      return row === undefined ? undefined : true;
    });

  test("is migrated there and back, and what the database differs in from its models is told", async () => {
    expect(await shop.upgrade()).toMatchObject({ done: { length: 3 } });
    await database.query("ALTER TABLE app.orders DROP COLUMN body; CREATE TABLE app.by_hand ()");
    expect((await shop.check()).operations).toEqual([
      "op.drop_table('by_hand', schema='app')",
      "op.add_column('orders', sa.Column('body', sa.String(length=500), nullable=True), schema='app')",
    ]);
    expect(await shop.upgrade({ down: true })).toMatchObject({
      done: [{ direction: "down" }, { direction: "down" }, { direction: "down" }],
    });
    expect(await exists("app.orders")).toBe(false);
    expect((await shop.trail()).filter(({ outcome }) => outcome === "done")).toHaveLength(6);
  });

  test("has what loses data refused, and then allowed", async () => {
    await shop.upgrade();
    const drop = 'op.drop_table("orders", schema="app")';
    const refused = async (...allowDataLoss: readonly string[]) => {
      const { files, steps } = await shop.plan();
      return refuseUpgrade(files, steps, { database: database.name, allowDataLoss });
    };
    await revise({ id, name: "drop", down, upgrade: [drop] });
    expect(await refused()).toMatchObject([
      { message: "data-loss (drop-table): table app.orders is lost with its rows" },
    ]);
    await revise({
      id,
      name: "drop",
      down,
      upgrade: ['# pgstead:allow drop-table reason="kept elsewhere now"', drop],
    });
    expect(await refused()).toHaveLength(1);
    expect(await refused(`migration ${database.name}/${id}_drop.py`)).toEqual([]);
    expect(await shop.upgrade()).toMatchObject({ done: { length: 1 } });
    expect(await exists("app.orders")).toBe(false);
  });

  test("has a revision that fails rolled back, with its line", async () => {
    await revise({ id, name: "broken", down, upgrade: [table, 'op.execute("SELECT 1 / 0")'] });
    const { done, failure } = await shop.upgrade();
    expect(done).toHaveLength(3);
    expect(failure).toMatchObject({ path: `migrations/versions/${id}_broken.py:12` });
    expect(failure?.message).toContain("division by zero (22012); all of it is rolled back");
    expect(await exists("app.half")).toBe(false);
  });

  test("runs each revision once where two runs meet", async () => {
    const runs = await Promise.all([shop.upgrade(), shop.upgrade()]);
    expect(runs.map(({ failure }) => failure)).toEqual([undefined, undefined]);
    expect(runs.flatMap(({ done }) => done)).toHaveLength(3);
  });

  test("ends what a killed run left in the container, and the next run goes on", async () => {
    await revise({ id, name: "slow", down, upgrade: [table, 'op.execute("SELECT pg_sleep(600)")'] });
    await killedRun(shop, sleeping);
    await revise({ id, name: "slow", down, upgrade: [table] });
    expect(await shop.upgrade()).toMatchObject({ done: [{ file: `${id}_slow.py` }] });
    await eventually("no Python is left in it", async () => {
      const { Processes } = (await container.top()) as { Processes: string[][] };
      return Processes.some((process) => process.join(" ").includes("python")) ? undefined : true;
    });
  });

  test("ends when it is cancelled, and rolls back", async () => {
    await revise({ id, name: "slow", down, upgrade: [table, 'op.execute("SELECT pg_sleep(600)")'] });
    const stop = new AbortController();
    const run = shop.upgrade({ signal: stop.signal });
    await sleeping();
    stop.abort();
    expect(await run).toMatchObject({ cancelled: true, done: { length: 3 } });
    expect(await exists("app.half")).toBe(false);
  });

  test("has no password where others see it: neither in arguments nor in the environment of its process", async () => {
    await revise({ id, name: "slow", down, upgrade: [table, 'op.execute("SELECT pg_sleep(600)")'] });
    const stop = new AbortController();
    const run = shop.upgrade({ signal: stop.signal });
    await sleeping();
    const { Processes } = (await container.top()) as { Processes: string[][] };
    const { ExecIDs } = await container.inspect();
    const execs = await Promise.all((ExecIDs ?? []).map((exec) => docker.getExec(exec).inspect()));
    stop.abort();
    await run;
    expect(execs).not.toEqual([]);
    expect(JSON.stringify([Processes, execs])).not.toContain(database.migrator.password);
  });

  test("that is stopped, or is not there, is told by its name", async () => {
    await container.stop({ t: 0 });
    await expect(shop.plan()).rejects.toThrow(/container \S+[\s\S]*is not running[\s\S]*start it/);
    const other = shopIn({ ...common, kind: "container", container: "pgstead-no-such" });
    await expect(other.plan()).rejects.toThrow(/container pgstead-no-such[\s\S]*is it the container's name/);
  });
});
