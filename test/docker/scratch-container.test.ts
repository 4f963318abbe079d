import { spawn } from "node:child_process";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { stackLabel } from "../../components/core/docker/host";
import { connectDocker } from "../../components/io/docker/engine";
import { runLabel } from "../../components/io/docker/run-label";
import { projectRoot } from "../../components/io/places";
import { readServerImage, withScratchContainer } from "../../components/io/scratch/container";
import { scratchLabel } from "../../components/io/scratch/locked-container";
import { readServerModel } from "../../components/io/scratch/server-model";
import { withSession } from "../../components/io/session";
import { testImages } from "../support/docker-images";
import { eventually } from "../support/eventually";
import { silently } from "../support/migrations";
import { containerStack, type ContainerStack } from "../support/scratch-stack";
import { migrationText } from "../unit/core/migrations/judged";

const docker = connectDocker({});
let stack: ContainerStack;

beforeAll(async () => {
  stack = await containerStack(docker, {
    shared_preload_libraries: "pg_stat_statements, pgaudit",
    TimeZone: "'Asia/Kathmandu'",
    "pgaudit.log": "'ddl'",
  });
  await stack.query("CREATE EXTENSION pgaudit; CREATE EXTENSION pg_trgm SCHEMA public VERSION '1.5'");
  await write(
    "0001-orders.sql",
    `CREATE TABLE api.orders (id int, body text, at timestamptz NOT NULL) PARTITION BY RANGE (at);
CREATE TABLE api.orders_first PARTITION OF api.orders FOR VALUES FROM ('2026-01-01') TO ('2026-02-01');
CREATE INDEX orders_body ON api.orders USING gin (body public.gin_trgm_ops);`,
    "DROP TABLE api.orders;",
  );
  const applied = await stack.ops("migrate", "upgrade", "--yes", "--dir", stack.directory);
  expect(applied.stderr + applied.stdout).toContain("1 migration is done");
});
afterAll(() => stack.remove());

const write = (file: string, up: string, down: string): Promise<void> =>
  writeFile(join(stack.directory, file), migrationText(up, { down }));

interface Json {
  readonly status: string;
  readonly data: {
    readonly drift: readonly { resource: string; subject?: string; message: string }[];
    readonly unseen: readonly { what: string; reason: string }[];
    readonly schemas: readonly { head: string | null; cached: boolean }[];
    readonly scratch: string;
    readonly applied: readonly string[];
    readonly reversed: readonly string[];
  };
  readonly findings: readonly unknown[];
}

const json = async (...args: readonly string[]): Promise<Json> =>
  JSON.parse((await stack.ops(...args, "--dir", stack.directory, "--json")).stdout) as Json;
const ofSchema = ({ data }: Json) => data.drift.filter(({ resource }) => resource === "Schema shop");

describe("on target docker, a scratch server in a container of the stack's image", () => {
  test("has what the image has: a library that is preloaded, its extension, and the live time zone", async () => {
    const first = await json("drift");
    expect(first.data.unseen).toEqual([]);
    expect(ofSchema(first)).toEqual([]);
    expect(first.data.schemas).toMatchObject([{ head: "0001-orders.sql", cached: false }]);
    expect((await json("drift")).data.schemas).toMatchObject([{ cached: true }]);
    await stack.query("ALTER TABLE api.orders ADD COLUMN by_hand text");
    expect(ofSchema(await json("drift"))).toMatchObject([{ subject: "column api.orders.by_hand" }]);
    await stack.query("ALTER TABLE api.orders DROP COLUMN by_hand");
  });

  test("is what `migrate test` works on, with copies for rows", async () => {
    const { data, findings } = await json("migrate", "test");
    expect(findings).toEqual([]);
    expect(data).toMatchObject({ scratch: "container", applied: { length: 1 }, reversed: { length: 1 } });
    expect(await ownLeft()).toEqual([]);
  });

  test("is missed by the programs of npm, which say what to say instead", async () => {
    const { unseen } = (await json("drift", "--scratch", "embedded")).data;
    expect(unseen).toMatchObject([{ what: "Schema shop" }]);
    expect(unseen[0]?.reason).toContain(
      "it does not have what the database has: pgaudit; say --scratch container: ",
    );
  });
});

describe("what a run leaves on the engine", () => {
  test("while it works: a container without a network or a port, with the stack's label, of the server's image", async () => {
    const run = await started();
    const { Config, HostConfig, Image } = await docker.getContainer(run.container).inspect();
    const live = await stack.server.container.inspect();
    run.child.kill("SIGINT");
    await run.exit;
    expect(Image).toBe(live.Image);
    expect(Config.Labels).toMatchObject({ [stackLabel]: "", [runLabel]: run.label });
    expect(Config.User).toBe("999:999");
    expect(JSON.stringify([Config.Env, Config.Cmd])).not.toContain("SCRAM-SHA-256");
    expect(HostConfig).toMatchObject({
      NetworkMode: "none",
      AutoRemove: true,
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
    });
    expect(HostConfig.PortBindings ?? {}).toEqual({});
    expect(await isThere(run.container)).toBe(false);
  });

  test("is nothing after Ctrl-C, and soon after a kill, its volume included", async () => {
    for (const signal of ["SIGINT", "SIGKILL"] as const) {
      const { child, exit, container } = await started();
      const { Mounts } = await docker.getContainer(container).inspect();
      child.kill(signal);
      await exit;
      if (signal === "SIGINT") expect(await isThere(container)).toBe(false);
      await eventually("its container is gone", async () => ((await isThere(container)) ? undefined : true));
      expect(Mounts).toHaveLength(1);
      const { Volumes } = await docker.listVolumes();
      expect(Volumes.map(({ Name }) => Name)).not.toContain(Mounts[0]?.Name);
    }
  });

  test("is removed by the next run where its run is gone, and stays where it goes on", async () => {
    const make = async (run: string): Promise<string> => {
      const { id } = await docker.createContainer({
        Image: testImages.postgres,
        Labels: { [stackLabel]: "", [scratchLabel]: "server", [runLabel]: run },
      });
      return id;
    };
    const [dead, alive] = [await make(`${label("")}999999999`), await make(label(process.pid))];
    await json("migrate", "test");
    expect([await isThere(dead), await isThere(alive)]).toEqual([false, true]);
    await docker.getContainer(alive).remove({ v: true });
  });
});

test("an engine that does not answer is told, with what to say instead; it is not taken for no drift", async () => {
  await stack.configure([], ["host: unix:///nonexistent/docker.sock"]);
  const { unseen } = (await json("drift")).data;
  const tested = await stack.ops("migrate", "test", "--dir", stack.directory);
  await stack.configure();
  const told = /there is no container for it: Docker engine: does not answer[^]*say --scratch same-server/;
  expect(unseen).toMatchObject([{ what: "Schema shop", reason: expect.stringMatching(told) as unknown }]);
  expect(tested.exitCode).toBe(2);
  expect(tested.stderr).toMatch(told);
});

test("the server's container that is gone is told by its name", async () => {
  const { Name } = await stack.server.container.inspect();
  await expect(readServerImage({}, `${Name.slice(1)}-gone`)).rejects.toThrow(/-gone[\s\S]*is not there/);
});

test("a scratch server sorts as the live database does, whatever provides its locale", async () => {
  await stack.query(
    "CREATE DATABASE austria TEMPLATE template0 ENCODING 'UTF8' LOCALE_PROVIDER icu ICU_LOCALE 'de-AT' LOCALE 'C.UTF-8'",
  );
  const server = await withSession(stack.administrator, { database: "austria" }, readServerModel);
  const { Name } = await stack.server.container.inspect();
  const image = await readServerImage({}, Name.slice(1));
  const options = { administrator: "postgres" };
  const found = await withScratchContainer({ engine: {}, server, ...image }, options, silently, (scratch) =>
    withSession(scratch.administrator, { database: "template1" }, async (session) => ({
      model: await readServerModel(session),
      audit: await session.query("SHOW shared_preload_libraries"),
    })),
  );
  expect(found.model.locale).toEqual(server.locale);
  expect(found.model.locale).toMatchObject({ provider: "i", locale: "de-AT" });
  expect(found.model.settings).toMatchObject({ timezone: "Asia/Kathmandu", "pgaudit.log": "ddl" });
  expect(found.audit).toEqual([{ shared_preload_libraries: "pg_stat_statements, pgaudit" }]);
});

test("an image that cannot start with the live settings says what it says", async () => {
  const { Name } = await stack.server.container.inspect();
  const image = await readServerImage({}, Name.slice(1));
  const { locale, settings } = await withSession(stack.administrator, { database: "shop" }, readServerModel);
  const server = { locale, settings: { ...settings, shared_preload_libraries: "no_such_library" } };
  const run = withScratchContainer(
    { engine: {}, server, ...image },
    { administrator: "postgres" },
    silently,
    () => Promise.resolve(),
  );
  await expect(run).rejects.toThrow(/ends instead of starting: .*no_such_library/);
  expect(await ownLeft()).toEqual([]);
});

/** Begins a test of migrations as its own process, and gives it once its container is there. */
async function started() {
  const entry = ["infra/toolchain/run.cjs", "test/integration/ops-entry.ts", stack.root];
  const child = spawn(process.execPath, [...entry, "migrate", "test", "--dir", stack.directory], {
    cwd: projectRoot(),
    stdio: "ignore",
  });
  const exit = once(child, "close");
  const container = await eventually("its container is there", async () => {
    const found = await stack.scratchServers();
    return found.find(
      ({ Labels, State }) => Labels[runLabel] === label(child.pid ?? 0) && State === "running",
    )?.Id;
  });
  return { child, exit, container, label: label(child.pid ?? 0) };
}

/** Machine and process, as the label of a container has them. */
function label(pid: number | string): string {
  return `${hostname()}/${pid}`;
}

/** Whether the engine still has a container. */
function isThere(id: string): Promise<boolean> {
  return docker
    .getContainer(id)
    .inspect()
    .then(
      () => true,
      () => false,
    );
}

/** Scratch servers of this process that were not removed. */
async function ownLeft(): Promise<unknown[]> {
  return (await stack.scratchServers()).filter(({ Labels }) => Labels[runLabel] === label(process.pid));
}
