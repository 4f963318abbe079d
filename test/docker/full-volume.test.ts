import { readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { connectDocker } from "../../components/io/docker/engine";
import { startServerContainer } from "../../components/io/docker/server";
import { buildTestImage } from "../support/docker-images";
import { makeContainerServer, type ContainerServer } from "../support/docker-server";
import { makeDockerStack, type DockerStackUnderTest } from "../support/docker-stack";
import { eventually } from "../support/eventually";
import { temporaryDirectory } from "../support/server";
import { canMount, mountSmallDisk, type SmallDisk } from "../support/small-disk";

if (!canMount) console.error("pgstead: a volume that is full is not tested: it needs root");

const megabyte = 1024 ** 2;
const whole = ["1", "current", "lock"];

describe.skipIf(!canMount)("a volume of the data that is full", () => {
  const docker = connectDocker({});
  let directory: string;
  let disk: SmallDisk;
  let server: ContainerServer;
  let name: string;

  beforeAll(async () => {
    await buildTestImage(docker, "postgres");
    directory = await temporaryDirectory();
    disk = await mountSmallDisk(join(directory, "data"), "1m");
    server = await makeContainerServer(docker, { data: disk.directory });
    name = (await server.container.inspect()).Name.slice(1);
  });

  afterAll(async () => {
    // What could not be made has nothing to remove.
    await (server as ContainerServer | undefined)?.remove();
    await disk.remove();
    await rm(directory, { recursive: true, force: true });
  });

  const waiting = { say: () => Promise.resolve(), signal: new AbortController().signal };
  const start = () => startServerContainer(docker, name, waiting);
  const volume = () => name.replace(/-server$/, "-data");

  // A new server takes 39 MB: it fails at its first file, in its log of changes, and in one of its databases.
  test.each([0, 4, 20, 30, 36])(
    "ends the first start at %s MB, and says which volume it is",
    async (free) => {
      await disk.leave(free * megabyte);
      const failure = await start().then(
        () => undefined,
        (error: unknown) => error as Error,
      );
      expect(failure?.message).toMatch(/its server does not start: .*No space left on device/);
      expect(failure?.message).toContain(
        `; volume ${volume()}, which it has as /var/lib/postgresql/data, is full`,
      );
      expect(failure?.message).toContain(`hint: make room for volume ${volume()}: `);
      // Nothing that the next start would take for a server.
      expect(await readdir(disk.directory)).not.toContain("1");
      expect(await readdir(disk.directory)).not.toContain("current");
    },
  );

  test("is no trouble once there is room: the next start makes the server", async () => {
    await disk.leave(200 * megabyte);
    await start();
    expect(await server.sql("SELECT 1")).toBe("1");
    expect((await readdir(disk.directory)).toSorted()).toEqual(whole);
  });

  test("keeps a server that is there from starting, which is told alike, and costs none of its data", async () => {
    await server.sql("CREATE TABLE kept AS SELECT generate_series(1, 1000) AS n");
    await server.container.stop();
    await disk.leave(0);
    await expect(start()).rejects.toThrow(
      `volume ${volume()}, which it has as /var/lib/postgresql/data, is full`,
    );
    await disk.leave(200 * megabyte);
    await start();
    expect(await server.sql("SELECT count(*) FROM kept")).toBe("1000");
  });

  test("is not held against the start that comes after there is room", async () => {
    await server.container.stop();
    await disk.leave(0);
    // As every container of a stack: the engine starts it again and again, with growing pauses.
    await server.container.update({ RestartPolicy: { Name: "unless-stopped" } });
    await server.container.start();
    await eventually("the server fails to start", async () =>
      (await server.container.inspect()).State.Restarting ? true : undefined,
    );
    await disk.leave(200 * megabyte);
    await start();
    expect(await server.sql("SELECT count(*) FROM kept")).toBe("1000");
    await server.container.update({ RestartPolicy: { Name: "no" } });
  });
});

describe.skipIf(!canMount)("a new stack whose volume of the data is full", () => {
  let directory: string;
  let disk: SmallDisk;
  let under: DockerStackUnderTest;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    disk = await mountSmallDisk(join(directory, "data"), "16m");
    under = await makeDockerStack([[["pgstead:monitoring"], { enabled: false }]]);
    await putDataOn(disk);
  }, 300_000);

  afterAll(async () => {
    await (under as DockerStackUnderTest | undefined)?.remove();
    await disk.remove();
    await rm(directory, { recursive: true, force: true });
  }, 300_000);

  /** The stack's own volume, on a file system of the test's. */
  async function putDataOn({ directory: device }: SmallDisk): Promise<void> {
    const targets = [
      "pg:index:DockerServer::server",
      "DockerHost::server",
      "providers:docker::server",
      "Volume::data",
    ];
    const options = targets.flatMap((target) => ["--target", `**${target}`]);
    // Pulumi gives up where others depend on what is left out: the volume is there by then.
    await under.pulumi(["up", "--yes", "--skip-preview", ...options], { exitCode: "any" });
    const volume = under.docker.getVolume(`${under.name}-data`);
    const { Name, Labels } = await volume.inspect();
    await volume.remove();
    await under.docker.createVolume({ Name, Labels, DriverOpts: { type: "none", o: "bind", device } });
  }

  test("is told which, once, and the next run goes on when there is room", async () => {
    const { exitCode, text } = await under.pulumi(["up", "--yes", "--skip-preview"], { exitCode: "any" });
    expect(exitCode).not.toBe(0);
    expect(text).toMatch(/its server does not start: .*No space left on device/);
    expect(text).toContain(`volume ${under.name}-data, which it has as /var/lib/postgresql/data, is full`);
    expect(text).toContain(`make room for volume ${under.name}-data: `);
    // One error, which names the server, and Pulumi's own summary.
    expect(text.match(/^ +error: (?!update failed)/gm)).toHaveLength(1);

    await disk.leave(400 * megabyte);
    await under.up();
    const session = await under.connect();
    expect(await session.query("SELECT 1 AS one")).toEqual([{ one: 1 }]);
    await session.close();
    expect((await readdir(disk.directory)).toSorted()).toEqual(whole);
    await under.pulumi(["preview", "--expect-no-changes"]);
  });
});
