import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { baseImage, image, quietContainer, useOfflineDocker } from "../support/offline-docker";
import { importDirectory } from "../../infra/toolchain/docker/debootstrap";
import { startOwnProvider } from "../support/own-provider";
import type { ProviderClient } from "../support/provider-client";
import { ProviderStack } from "../support/provider-stack";
import { copyImage, startSecondEngine, type SecondEngine } from "../support/second-engine";
import { temporaryDirectory } from "../support/server";
import { canMount, mountSmallDisk, type SmallDisk } from "../support/small-disk";

if (!canMount) console.error("pgstead: an engine whose disk is full is not tested: it needs root");

const context = mkdtempSync(join(tmpdir(), "pgstead-context-"));
const offline = useOfflineDocker();
afterAll(() => {
  rmSync(context, { recursive: true, force: true });
});

const megabyte = 1024 ** 2;
const [scarce, plenty] = [32 * megabyte, 400 * megabyte];

/** What an attempt that has to fail says. */
async function refused(attempt: Promise<unknown>): Promise<string> {
  return attempt.then(
    () => "nothing: it went well",
    (error: unknown) => (error as Error).message,
  );
}

describe.skipIf(!canMount)("an engine whose disk is full", () => {
  let directory: string;
  let disk: SmallDisk;
  let engine: SecondEngine;
  let plugin: ProviderClient;
  let stack: ProviderStack;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    disk = await mountSmallDisk(join(directory, "disk"), "1g");
    engine = await startSecondEngine(directory, { root: disk.directory });
    await copyImage(offline.docker, engine.docker, baseImage);
    await disk.leave(scarce);
    plugin = await offline.connect({ host: engine.host });
    stack = new ProviderStack(plugin);
  });

  afterAll(async () => {
    // What could not be started has nothing to stop.
    await (plugin as ProviderClient | undefined)?.stop();
    await (engine as SecondEngine | undefined)?.remove();
    await rm(directory, { recursive: true, force: true });
  });

  /** An image of these lines, in a context of its own. */
  const built = (name: string, lines: string, inputs: PropertyMap = {}) => {
    const place = join(context, name);
    mkdirSync(place, { recursive: true });
    writeFileSync(join(place, "Dockerfile"), `FROM ${baseImage}\n${lines}\n`);
    const build = { context: place, network: "none" };
    return image({ imageName: `${name}:1`, skipPush: true, build, ...inputs }, name);
  };

  test.each([
    ["a step that writes", "RUN head -c 64M /dev/zero > /big", 0],
    ["a file that is copied", "COPY big /big", 64],
  ])(
    "tells so when %s finds no room, and the next run goes on once there is some",
    async (what, line, size) => {
      const name = what.replaceAll(" ", "-");
      await disk.leave(scarce);
      const declared = built(name, line);
      if (size > 0) writeFileSync(join(context, name, "big"), Buffer.alloc(size * megabyte, "x"));
      const message = await refused(stack.up(declared));
      expect(message).toMatch(new RegExp(`^image "${name}:1":\\n {2}could not be built: `));
      expect(message).toMatch(/no space left on device/i);
      expect(message).toContain(
        `hint: the disk of the Docker engine at ${engine.host} is full: \`docker system df\``,
      );
      expect(message.match(/hint: /g)).toHaveLength(1);
      // Nothing half-made: no container of the step, no image.
      expect(await engine.docker.listContainers({ all: true })).toEqual([]);
      const tags = (await engine.docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
      expect(tags).not.toContain(`${name}:1`);

      await disk.leave(plenty);
      await stack.up(declared);
      expect((await engine.docker.getImage(`${name}:1`).inspect()).Id).toMatch(/^sha256:/);
    },
  );

  test("tells so when the base image finds no room, and the next run goes on once there is some", async () => {
    await disk.leave(scarce);
    const root = join(directory, "root");
    mkdirSync(root);
    writeFileSync(join(root, "big"), Buffer.alloc(64 * megabyte, "x"));
    const tag = "debian-of-a-test:1";
    const message = await refused(importDirectory(engine.docker, root, tag));
    expect(message).toMatch(/no space left on device/i);
    expect(message).toContain("hint: make room on the engine's disk: `docker system df`");
    const tags = (await engine.docker.listImages()).flatMap(({ RepoTags }) => RepoTags ?? []);
    expect(tags).not.toContain(tag);

    await disk.leave(plenty);
    await importDirectory(engine.docker, root, tag);
    await engine.docker.getImage(tag).inspect();
  });

  test("tells so when a container finds no room, and the next run makes it once there is some", async () => {
    await disk.leave(0);
    const box = quietContainer("box", {}, "box");
    const message = await refused(stack.up(box));
    expect(message).toMatch(/^container "box":\n {2}could not be created: .*no space left on device/);
    expect(message).toContain(`hint: the disk of the Docker engine at ${engine.host} is full: `);
    expect(await engine.docker.listContainers({ all: true })).toEqual([]);

    await disk.leave(plenty);
    await stack.up(box);
    const { State } = await engine.docker.getContainer("box").inspect();
    expect(State.Running).toBe(true);
    await engine.docker.getContainer("box").remove({ force: true });
  });

  test("is refused before anything is made on it, where a stack is new", async () => {
    await disk.leave(scarce);
    const own = await startOwnProvider();
    try {
      const inputs = {
        ...{ engine: { host: engine.host }, stack: "acme/pgstead/test", name: "shop" },
        ...{ containers: ["shop-server"], volumes: ["shop-data"], networks: ["shop"], ports: [] },
        ...{ cpus: 1, memory: 64 },
      };
      const host = own.resource("pgstead:index:DockerHost", "server");
      const message = await refused(host.create((await host.check(inputs)).inputs));
      expect(message).toMatch(
        /disk of the Docker engine: 3[12] MB are free, and images and a new server need 2 GB/,
      );
      expect(message).toContain("make room: `docker system df` tells what takes it");
    } finally {
      await own.stop();
    }
  });
});
