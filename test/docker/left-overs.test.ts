import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, expect, test } from "vitest";
import { stackLabel } from "../../components/core/docker/host";
import { connectDocker } from "../../components/io/docker/engine";
import { readContainer, readContainerLog } from "../../components/io/docker/container";
import { removeLeftOvers } from "../../infra/toolchain/docker/left-overs";
import type { LeftOver } from "../../infra/toolchain/docker/state-containers";
import { removeLeftovers as removeOfTest } from "../support/docker-stack";
import { eventually } from "../support/eventually";
import { baseImage } from "../support/offline-docker";

const docker = connectDocker({});
const stack = "organization/pgstead/killed";
let name: string;
let leftOvers: readonly LeftOver[];

beforeEach(async () => {
  name = `pgt-${randomBytes(4).toString("hex")}`;
  leftOvers = [
    { urn: "urn:network", kind: "network", name, stack },
    { urn: "urn:server", kind: "container", name, stack },
  ];
  await docker.createNetwork({ Name: name, Labels: { [stackLabel]: stack } });
  await docker.createVolume({ Name: name });
});
afterEach(() => removeOfTest(docker, name));

async function makeContainer(labels: Readonly<Record<string, string>>, command: string): Promise<void> {
  const container = await docker.createContainer({
    name,
    Image: baseImage,
    Cmd: ["sh", "-c", `${command} & echo ready; wait`],
    Labels: { ...labels },
    HostConfig: { Binds: [`${name}:/data`], NetworkMode: name },
  });
  await container.start();
  await eventually("the container is at work", async () =>
    (await readContainerLog(docker, name, "")).includes("ready") ? true : undefined,
  );
}

const networks = async () => (await docker.listNetworks({ filters: { name: [name] } })).length;
const remove = async (mayStop: boolean) =>
  (await removeLeftOvers({ endpoint: {}, leftOvers }, { mayStop })).map(({ kind, fate }) => [kind, fate]);

test("what a killed run was making goes, stopped as it wants to be, and its volume stays", async () => {
  await makeContainer({ [stackLabel]: stack }, "trap 'echo stopped >/data/end; exit 0' TERM; sleep 1000");
  expect(await remove(true)).toEqual([
    ["container", "removed"],
    ["network", "removed"],
  ]);
  expect(await readContainer(docker, name)).toEqual({ kind: "absent" });
  expect(await networks()).toBe(0);
  const reader = { Image: baseImage, HostConfig: { Binds: [`${name}:/data`] } };
  const look = await docker.createContainer({ ...reader, name, Cmd: ["cat", "/data/end"] });
  await look.start();
  expect((await look.wait()) as unknown).toMatchObject({ StatusCode: 0 });
  expect(await remove(true)).toEqual([]);
});

test("a container that runs is left, unless it may be stopped, and so is its network", async () => {
  await makeContainer({ [stackLabel]: stack }, "sleep 1000");
  expect(await remove(false)).toEqual([
    ["container", "in use"],
    ["network", "in use"],
  ]);
  expect(await readContainer(docker, name)).toMatchObject({ running: true });
});

test("what has not the stack's label is somebody's, and stays", async () => {
  await makeContainer({ [stackLabel]: "organization/pgstead/other" }, "sleep 1000");
  leftOvers = leftOvers.map((one) => ({ ...one, stack: "organization/pgstead/third" }));
  expect(await remove(true)).toEqual([]);
  expect(await readContainer(docker, name)).toMatchObject({ running: true });
  expect(await networks()).toBe(1);
});
