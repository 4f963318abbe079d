import { readFileSync } from "node:fs";
import { rm } from "node:fs/promises";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { quietContainer, useOfflineDocker, baseImage } from "../support/offline-docker";
import { ProviderStack } from "../support/provider-stack";
import type { ProviderClient } from "../support/provider-client";
import { copyImage, startSecondEngine, type SecondEngine } from "../support/second-engine";
import { temporaryDirectory } from "../support/server";

const offline = useOfflineDocker();
const named = (name: string): string => `${offline.prefix}-${name}`;
const box = (name: string, limit: string, soft: number, hard = soft) =>
  quietContainer(named(name), { ulimits: [{ name: limit, soft, hard }] }, name);

describe("a limit that the kernel has no room for", () => {
  test("is refused by its name, and leaves no container", async () => {
    const most = Number(readFileSync("/proc/sys/fs/nr_open", "utf8"));
    await expect(offline.stack.up(box("endless", "nofile", 1024, most + 1))).rejects.toThrow(
      /container "\S+-endless"[\s\S]*may not raise the limit nofile this far\n\s+hint: lower ulimits\.nofile/,
    );
    await expect(offline.docker.getContainer(named("endless")).inspect()).rejects.toMatchObject({
      statusCode: 404,
    });
  });
});

/** Taking a right away from an engine needs root, as does an engine. */
const isRoot = process.getuid?.() === 0 && process.platform === "linux";
if (!isRoot) console.error("pgstead: an engine that may not raise limits is not tested: it needs root");

describe.skipIf(!isRoot)("an engine that may not raise limits", () => {
  let directory: string;
  let engine: SecondEngine;
  let plugin: ProviderClient;
  let stack: ProviderStack;

  beforeAll(async () => {
    directory = await temporaryDirectory();
    engine = await startSecondEngine(directory, {
      under: [
        "setpriv",
        "--bounding-set=-sys_resource",
        "prlimit",
        "--nofile=4096:4096",
        "--memlock=1048576",
      ],
    });
    await copyImage(offline.docker, engine.docker, baseImage);
    plugin = await offline.connect({ host: engine.host });
    stack = new ProviderStack(plugin);
  });

  afterAll(async () => {
    // What could not be started has nothing to stop.
    await (plugin as ProviderClient | undefined)?.stop();
    await (engine as SecondEngine | undefined)?.remove();
    await rm(directory, { recursive: true, force: true });
  });

  test.each([
    ["nofile", 65_536],
    ["memlock", 1_073_741_824],
  ])("names %s, and says how to raise it", async (limit, value) => {
    const refused = stack.up(box(limit, limit, value));
    await expect(refused).rejects.toThrow(
      new RegExp(`could not be \\w+: the engine may not raise the limit ${limit} this far`),
    );
    await expect(refused).rejects.toThrow(`Limit${limit.toUpperCase()}=`);
    const left = await engine.docker.listContainers({ all: true });
    expect(left.flatMap(({ Names }) => Names)).not.toContain(`/${named(limit)}`);
    // The next run has a lower one, and goes on.
    await stack.up(box(limit, limit, 1024));
    const { State, HostConfig } = await engine.docker.getContainer(named(limit)).inspect();
    expect(HostConfig.Ulimits).toEqual([{ Name: limit, Soft: 1024, Hard: 1024 }]);
    const words = { nofile: "Max open files", memlock: "Max locked memory" }[limit] ?? "";
    expect(readFileSync(`/proc/${State.Pid}/limits`, "utf8")).toMatch(
      new RegExp(`^${words} +1024 +1024 `, "m"),
    );
  });
});
