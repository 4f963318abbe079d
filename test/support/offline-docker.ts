import { randomBytes } from "node:crypto";
import { createRequire } from "node:module";
import { join } from "node:path";
import { Readable } from "node:stream";
import type Docker from "dockerode";
import { afterAll, beforeAll } from "vitest";
import { connectDocker } from "../../components/io/docker/engine";
import { projectRoot } from "../../components/io/places";
import type { PropertyMap } from "../../components/providers/properties";
import { startProvider, type ProviderClient } from "./provider-client";
import { ProviderStack, type Declared } from "./provider-stack";

const { bundle } = createRequire(join(projectRoot(), "package.json"))("./infra/toolchain/bundle.cjs") as {
  bundle: (entry: string, options: { selfContained: boolean }) => string;
};

/** A test file's engine with the offline edition of the docker plugin. */
export interface OfflineDocker {
  readonly provider: ProviderClient;
  readonly stack: ProviderStack;
  readonly docker: Docker;
  /** What the names of this file's objects begin with: they are removed after its tests. */
  readonly prefix: string;
  /** Another process of the plugin, with other settings; the caller stops it. */
  connect(settings?: PropertyMap, env?: NodeJS.ProcessEnv): Promise<ProviderClient>;
}

/** An image that is on every engine of these tests, and that no registry is asked for. */
export const baseImage = "debian:trixie-slim";

/**
 * Starts the plugin before the tests of a file, ends it after, and removes what it left.
 *
 * @param directory where the plugin runs, as paths of the program are relative to it
 */
export function useOfflineDocker(directory: string = projectRoot()): OfflineDocker {
  const prefix = `pgstead-test-${randomBytes(4).toString("hex")}`;
  const docker = connectDocker({});
  let provider: ProviderClient;
  let stack: ProviderStack;
  let images: { ids: ReadonlySet<string>; stop(): void };
  const connect = async (
    settings: PropertyMap = {},
    env: NodeJS.ProcessEnv = {},
  ): Promise<ProviderClient> => {
    const entry = bundle("infra/toolchain/offline/docker/main.ts", { selfContained: true });
    const script = 'cd "$0" && exec "$@"';
    const client = await startProvider({
      command: ["sh", "-c", script, directory, process.execPath, entry],
      env,
    });
    await client.configure({ version: "5.2.0", ...settings });
    return client;
  };
  beforeAll(async () => {
    images = await watchImages(docker, prefix);
    provider = await connect();
    stack = new ProviderStack(provider);
  });
  afterAll(async () => {
    await provider.stop();
    await removeAll(docker, prefix);
    images.stop();
    for (const id of images.ids) await docker.getImage(id).remove({ force: true }).catch(ignoreMissing);
  });
  return {
    prefix,
    docker,
    connect,
    get provider() {
      return provider;
    },
    get stack() {
      return stack;
    },
  };
}

/** The images that get a name of this file: another image takes the name away, and nothing tells whose the first was. */
async function watchImages(docker: Docker, prefix: string): Promise<{ ids: Set<string>; stop(): void }> {
  const ids = new Set<string>();
  const answer = await docker.getEvents({ filters: { type: ["image"], event: ["tag"] } });
  const events = new Readable().wrap(answer);
  events
    .on("error", () => undefined)
    .on("data", (data: Buffer) => {
      for (const line of data
        .toString()
        .split("\n")
        .filter((text) => text.includes(prefix))) {
        ids.add((JSON.parse(line) as { Actor: { ID: string } }).Actor.ID);
      }
    });
  return { ids, stop: () => events.destroy() };
}

/** An image may be gone with its name. */
function ignoreMissing(error: unknown): void {
  if ((error as { statusCode?: number }).statusCode !== 404) throw error;
}

/** Containers first: they hold the others. */
async function removeAll(docker: Docker, prefix: string): Promise<void> {
  const isOurs = (name: string | undefined): boolean => name?.replace(/^\//, "").startsWith(prefix) ?? false;
  for (const { Id, Names } of await docker.listContainers({ all: true })) {
    if (Names.some(isOurs)) await docker.getContainer(Id).remove({ force: true, v: true });
  }
  for (const { Id, Name } of await docker.listNetworks()) {
    if (isOurs(Name)) await docker.getNetwork(Id).remove();
  }
  for (const { Name } of (await docker.listVolumes()).Volumes) {
    if (isOurs(Name)) await docker.getVolume(Name).remove();
  }
  // What a failed build has left.
  for (const { Id } of await docker.listImages({ filters: { label: [`pgstead.test=${prefix}`] } })) {
    await docker.getImage(Id).remove({ force: true });
  }
  for (const { RepoTags } of await docker.listImages()) {
    for (const tag of (RepoTags ?? []).filter(isOurs)) await docker.getImage(tag).remove({ force: true });
  }
}

type Declaring = (inputs: PropertyMap, as?: string) => Declared;

export const container = declaring("container:Container");
export const image = declaring("image:Image");

/** A container that sleeps, in no network but those that it is given: whatever the engine's own bridge is like. */
export function quietContainer(name: string, inputs: PropertyMap, as: string): Declared {
  const networkMode = inputs.networksAdvanced === undefined ? "none" : "bridge";
  const usual = { name, image: baseImage, command: ["sleep", "infinity"], networkMode };
  return container({ ...usual, ...inputs }, as);
}
export const network = declaring("network:Network");
export const volume = declaring("volume:Volume");

function declaring(type: string): Declaring {
  return (inputs, as = (inputs.name ?? inputs.imageName) as string) => ({
    name: as,
    token: `docker:index/${type}`,
    inputs,
  });
}

/** A subnet that no network of the engine has; others may take it in the next moment. */
export async function freeSubnet(docker: Docker): Promise<string> {
  const taken = (await docker.listNetworks()).flatMap(({ IPAM }) =>
    (IPAM?.Config ?? []).map(({ Subnet }) => Subnet),
  );
  const [first = 0] = randomBytes(1);
  const free = Array.from({ length: 200 }, (_, index) => `10.231.${(first + index) % 250}.0/24`).find(
    (subnet) => !taken.includes(subnet),
  );
  if (free === undefined) throw new Error("no subnet is free");
  return free;
}
