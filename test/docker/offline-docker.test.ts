import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { isSecret, type PropertyMap, type PropertyValue } from "../../components/providers/properties";
import { beforeImage, containers, type Surroundings } from "../fixtures/official-docker/program";
import { freeSubnet, useOfflineDocker } from "../support/offline-docker";
import type { Step } from "../support/provider-stack";
import { freePort } from "../support/server";

interface Recorded {
  readonly id: string;
  readonly name: string;
  readonly type: string;
  readonly inputs: PropertyMap;
  readonly outputs: PropertyMap;
}

interface RecordedStep {
  readonly op: string;
  readonly name: string;
  readonly diff: readonly string[];
  readonly replace?: readonly string[];
}

const fixtures = join(__dirname, "../fixtures/official-docker");
const fixture = (file: string): unknown => JSON.parse(readFileSync(join(fixtures, `${file}.json`), "utf8"));
const recordedState = (step: number) => fixture(`state-${step}`) as readonly Recorded[];
const steps = fixture("steps") as Record<string, readonly RecordedStep[]>;

const offline = useOfflineDocker(fixtures);

describe("the recorded program gives the answers of the official plugin", () => {
  let surroundings: Surroundings;

  beforeAll(async () => {
    const subnet = await freeSubnet(offline.docker);
    surroundings = { prefix: offline.prefix, subnet, port: await freePort() };
  });

  async function up(step: 1 | 2 | 3): Promise<Step[]> {
    const before = await offline.stack.up(...beforeImage(step, surroundings));
    const { repoDigest } = offline.stack.entry("Image/img").state;
    return [...before, ...(await offline.stack.up(...containers(step, repoDigest as string, surroundings)))];
  }

  function expectRecorded(step: 1 | 2 | 3): void {
    const recorded = recordedState(step).filter(({ type }) => type.startsWith("docker:"));
    const found = [...offline.stack.entries.values()].map(({ id, name, token, inputs, state }) => ({
      id,
      name,
      type: token,
      inputs: unwrapped(inputs),
      outputs: unwrapped(state),
    }));
    expect(sorted(found.map((entry) => masked(entry, surroundings)))).toEqual(
      sorted(recorded.map((entry) => masked(entry))),
    );
  }

  function expectSteps(found: readonly RecordedStep[], recorded: readonly RecordedStep[] | undefined): void {
    const plain = ({ op, name, diff, replace }: RecordedStep) => ({ op, name, diff, replace: replace ?? [] });
    expect(byName(found.map(plain))).toEqual(byName((recorded ?? []).map(plain)));
  }

  test("the provider's configuration stays as it is", async () => {
    const recorded = recordedState(1).find(({ type }) => type.startsWith("pulumi:"));
    const inputs = recorded?.inputs ?? {};
    expect(await offline.provider.checkConfig(inputs)).toEqual({ inputs, failures: [] });
    expect(recorded?.outputs).toEqual(inputs);
    expect(await offline.provider.diffConfig(inputs, inputs)).toMatchObject({ changed: false });
    expect(
      await offline.provider.diffConfig(inputs, { ...inputs, host: "ssh://db.example.com" }),
    ).toMatchObject({ changed: true, diffs: ["host"], replaces: [] });
  });

  test("step 1 makes everything, with the recorded inputs, outputs and ids", async () => {
    const made = await up(1);
    expect(made.map(({ op }) => op)).toEqual(["create", "create", "create", "create", "create"]);
    expectRecorded(1);
  });

  test("a second run of step 1 changes nothing", async () => {
    expect(await up(1)).toEqual([]);
    expectRecorded(1);
  });

  test("step 2 updates and replaces the recorded resources for the recorded properties", async () => {
    expectSteps(await up(2), steps["up 2"]);
    expectRecorded(2);
  });

  test("step 3 changes nothing", async () => {
    expectSteps(await up(3), steps["up 3"]);
    expectRecorded(3);
  });

  test("a refresh finds what was changed outside, as recorded", async () => {
    await offline.docker.getContainer(`${offline.prefix}-ro`).remove({ force: true });
    expectSteps(await offline.stack.refresh(), steps["refresh after outside changes"]);
    expect(offline.stack.entry("Container/box").state).toMatchObject({ memory: 128, memorySwap: 256 });
  });

  test("the next run makes the container again; memory without memorySwap differs for ever", async () => {
    const mended = await up(3);
    expect(byName(mended).map(({ op, name, diff, replace }) => [op, name, diff, replace])).toEqual([
      ["update", "box", ["memorySwap"], []],
      ["create", "ro", [], []],
    ]);
    expectRecorded(3);
    expectSteps(await offline.stack.refresh(), [{ op: "update", name: "box", diff: ["memorySwap"] }]);
  });

  test("destroy leaves nothing but the image, as the official plugin does", async () => {
    await offline.stack.destroy();
    const { prefix, docker } = offline;
    expect(await docker.listContainers({ all: true, filters: { name: [prefix] } })).toEqual([]);
    expect(await docker.listNetworks({ filters: { name: [prefix] } })).toEqual([]);
    expect((await docker.listVolumes({ filters: { name: [prefix] } })).Volumes).toEqual([]);
    expect(await docker.listImages({ filters: { reference: [`${prefix}-img`] } })).toHaveLength(1);
  });
});

/** As the recorded states write secrets. */
function unwrapped(value: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [
      name,
      isSecret(item) ? { "<secret>": (item as { value: PropertyValue }).value } : item,
    ]),
  );
}

/** Without what differs between two runs: hashes, addresses, and the names, subnet and port of this one. */
function masked(
  entry: unknown,
  { prefix, port }: Partial<Surroundings> = {},
): { name: string; type: string } {
  const text = JSON.stringify(entry)
    .replaceAll(prefix ?? "shop", "shop")
    .replaceAll(String(port ?? 18080), "18080")
    .replace(/\b[0-9a-f]{64}\b/g, "<64 hex>")
    .replace(/"hostname":"[0-9a-f]{12}"/g, '"hostname":"<12 hex>"')
    .replace(/"macAddress":"02:[0-9a-f:]+"/g, '"macAddress":"<mac>"')
    .replace(/\b(?:10|172)\.\d+\.\d+\.(\d+)\b/g, "<net>.$1");
  return JSON.parse(text) as { name: string; type: string };
}

function sorted<Item extends { name: string; type: string }>(items: readonly Item[]): Item[] {
  return items.toSorted((a, b) => (`${a.type} ${a.name}` < `${b.type} ${b.name}` ? -1 : 1));
}

function byName<Item extends { readonly name: string }>(items: readonly Item[]): Item[] {
  return items.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
