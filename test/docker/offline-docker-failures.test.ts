import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { PropertyMap } from "../../components/providers/properties";
import { eventually } from "../support/eventually";
import {
  baseImage,
  freeSubnet,
  network,
  quietContainer,
  useOfflineDocker,
  volume,
} from "../support/offline-docker";
import { ProviderStack } from "../support/provider-stack";
import { freePort } from "../support/server";

const offline = useOfflineDocker();
const named = (name: string): string => `${offline.prefix}-${name}`;
const box = (name: string, inputs: PropertyMap = {}) => quietContainer(named(name), inputs, name);
const exists = async (name: string): Promise<boolean> =>
  (await offline.docker.listContainers({ all: true, filters: { name: [`^/${named(name)}$`] } })).length > 0;

describe("failures of the engine are told with what to do, and leave nothing half made", () => {
  test("a port in use", async () => {
    const port = await freePort();
    const ports = [{ internal: 80, external: port, ip: "127.0.0.1" }];
    const inputs = { ports, networksAdvanced: [{ name: named("shared") }] };
    await offline.stack.up(network({ name: named("shared") }, "shared"), box("first", inputs));
    await expect(offline.stack.up(box("second", inputs))).rejects.toThrow(
      new RegExp(
        `container "${named("second")}"[\\s\\S]*the port of 127.0.0.1:${port} is in use[\\s\\S]*hint: `,
      ),
    );
    expect(await exists("second")).toBe(false);
  });

  test("a name that somebody else's container has, which stays untouched", async () => {
    await offline.docker.createContainer({ name: named("taken"), Image: baseImage, Cmd: ["true"] });
    await expect(offline.stack.up(box("taken"))).rejects.toThrow(
      /the name \S+ is in use by container [0-9a-f]{12}, which is not of this stack's state[\s\S]*docker inspect/,
    );
    expect(await exists("taken")).toBe(true);
  });

  test("a name that a killed run of this stack has left behind is taken back", async () => {
    const labels = { "pgstead.stack": "acme/pgstead/test" };
    const declared = { labels: [{ label: "pgstead.stack", value: "acme/pgstead/test" }] };
    const left = { name: named("left"), Image: baseImage, Cmd: ["true"], Labels: labels };
    const { id } = await offline.docker.createContainer(left);
    await offline.docker.createNetwork({ Name: named("left-net"), Labels: labels });
    await offline.stack.up(
      network({ name: named("left-net"), ...declared }, "left-net"),
      box("left", declared),
    );
    const [found] = await offline.docker.listContainers({ filters: { name: [`^/${named("left")}$`] } });
    expect(found?.Id).not.toBe(id);

    await offline.docker.createContainer({
      ...left,
      name: named("foreign"),
      Labels: { "pgstead.stack": "other" },
    });
    await expect(offline.stack.up(box("foreign", declared))).rejects.toThrow(/is in use by container/);
  });

  test("an image that is not there", async () => {
    const image = `sha256:${"0".repeat(64)}`;
    await expect(offline.stack.up(box("imageless", { image }))).rejects.toThrow(
      /the engine does not have the image sha256:0+[\s\S]*builds it again/,
    );
  });

  test("a program that ends at once, with its last lines", async () => {
    const command = ["sh", "-c", "echo the file is missing >&2; exit 3"];
    await expect(offline.stack.up(box("ending", { command }))).rejects.toThrow(
      /ended right after its start with exit code 3; its last lines:\n\s+the file is missing/,
    );
    expect(await exists("ending")).toBe(false);
  });

  test("a program that the image does not have", async () => {
    await expect(offline.stack.up(box("wrong", { command: ["no-such-program"] }))).rejects.toThrow(
      /the image has no such program/,
    );
    expect(await exists("wrong")).toBe(false);
  });

  test("uploads into a root that is read-only", async () => {
    const uploads = [{ file: "/etc/x", content: "x" }];
    await expect(offline.stack.up(box("sealed", { readOnly: true, uploads }))).rejects.toThrow(
      /marked read-only[\s\S]*put the files on a volume/,
    );
    expect(await exists("sealed")).toBe(false);
  });

  test("wait without a healthcheck", async () => {
    await expect(offline.stack.up(box("unchecked", { wait: true }))).rejects.toThrow(
      /has no healthcheck that `wait` could wait for/,
    );
    expect(await exists("unchecked")).toBe(false);
  });

  test("a network that is not there", async () => {
    const networksAdvanced = [{ name: named("nowhere") }];
    await expect(offline.stack.up(box("lonely", { networksAdvanced }))).rejects.toThrow(
      /network \S+ not found[\s\S]*hint: /,
    );
    expect(await exists("lonely")).toBe(false);
  });

  test("more memory than swap that the engine made up", async () => {
    await offline.stack.up(box("growing", { memory: 64 }));
    await expect(offline.stack.up(box("growing", { memory: 512 }))).rejects.toThrow(/set memorySwap as well/);
  });

  test("a subnet that another network has, and a network that exists", async () => {
    const ipamConfigs = [{ subnet: await freeSubnet(offline.docker) }];
    await offline.stack.up(network({ name: named("net"), ipamConfigs }, "net"));
    await expect(offline.stack.up(network({ name: named("other"), ipamConfigs }, "other"))).rejects.toThrow(
      /Pool overlaps[\s\S]*choose a subnet/,
    );
    await expect(offline.stack.up(network({ name: named("net") }, "again"))).rejects.toThrow(
      /already exists[\s\S]*pulumi import docker:index\/network:Network/,
    );
  });

  test("a volume of somebody else's", async () => {
    await offline.docker.createVolume({ Name: named("foreign"), Labels: { owner: "somebody" } });
    await expect(offline.stack.up(volume({ name: named("foreign") }, "foreign"))).rejects.toThrow(
      /exists already, with other labels than declared/,
    );
  });

  test("a container that is gone when it is to be removed", async () => {
    await offline.stack.up(box("vanished"));
    await offline.docker.getContainer(named("vanished")).remove({ force: true });
    await expect(offline.stack.destroy("Container/vanished")).rejects.toThrow(
      /No such container[\s\S]*refresh` takes what is gone out of the state/,
    );
    expect(await offline.stack.refresh()).toContainEqual(
      expect.objectContaining({ op: "delete", name: "vanished" }),
    );
  });

  test("a volume and a network that are in use, after half a minute, with the names of the users", async () => {
    await offline.stack.up(
      volume({ name: named("busy") }, "busy"),
      network({ name: named("busy") }, "busy"),
      box("user", {
        volumes: [{ volumeName: named("busy"), containerPath: "/data" }],
        networksAdvanced: [{ name: named("busy") }],
      }),
    );
    const [ofVolume, ofNetwork] = await Promise.allSettled([
      offline.stack.destroy("Volume/busy"),
      offline.stack.destroy("Network/busy"),
    ]);
    expect(String((ofVolume as PromiseRejectedResult).reason)).toContain(`is in use by ${named("user")}`);
    expect(String((ofNetwork as PromiseRejectedResult).reason)).toContain(`is in use by ${named("user")}`);
  });
});

describe("without an engine", () => {
  test("a preview works, and an operation says where it looked", async () => {
    const directory = mkdtempSync(join(tmpdir(), "pgstead-no-engine-"));
    const socket = join(directory, "docker.sock");
    const absent = await offline.connect({ host: `unix://${socket}` });
    const stack = new ProviderStack(absent);
    const { token, name, inputs } = box("preview");
    const client = absent.resource(token, name);
    const checked = await client.check(inputs);
    expect(checked.failures).toEqual([]);
    const { state } = await client.create(checked.inputs, { preview: true });
    expect(state).toMatchObject({ name: named("preview"), restart: "no", mustRun: true, readOnly: null });
    await expect(stack.up(box("preview"))).rejects.toThrow(
      `Docker engine at unix://${socket}:\n  gives no answer: connect ENOENT ${socket}\n    hint: is it running? \`docker version\` tells.`,
    );
    await absent.stop();
    rmSync(directory, { recursive: true });
  });
});

describe("a run that is cancelled", () => {
  test("ends a wait for a healthy container, and the state knows the container", async () => {
    const own = await offline.connect();
    const healthcheck = { tests: ["CMD", "false"], interval: "1s", retries: 100 };
    const { token, name, inputs } = box("waiting", { healthcheck, wait: true, waitTimeout: 300 });
    const client = own.resource(token, name);
    const { inputs: checked } = await client.check(inputs);
    const begun = client.create(checked).catch((error: unknown) => error);
    await eventually("the container is there", async () => ((await exists("waiting")) ? true : undefined));
    await own.cancel();
    expect(String(await begun)).toMatch(/the run was cancelled/);
    expect(await begun).toMatchObject({ id: expect.stringMatching(/^[0-9a-f]{64}$/) as string });
    await own.stop();
  });
});
