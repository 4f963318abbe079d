import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { afterAll, beforeAll } from "vitest";
import { connectDocker } from "../../components/io/docker/engine";
import { readVolume } from "../../components/io/docker/volume-files";
import { helperLabel, type VolumePlace } from "../../components/io/docker/volume-place";
import type { LiveVolume } from "../../components/core/files/model";
import { reveal, secret, type PropertyMap } from "../../components/providers/properties";
import { eventually } from "./eventually";
import { plansOf, startOwnProvider } from "./own-provider";
import type { ProviderClient } from "./provider-client";
import { ProviderStack, type Declared } from "./provider-stack";

/** An image that every machine of the tests has: with a shell, and nothing else that matters. */
export const helperImage = "debian:trixie-slim";

/** Volumes and containers of a test file on the real engine, and the own provider as a process. */
export class OwnVolumes {
  readonly docker: Docker = connectDocker({});
  private readonly prefix = `pgstead-test-${randomBytes(4).toString("hex")}`;
  private readonly made: { volumes: string[]; containers: string[] } = { volumes: [], containers: [] };
  provider!: ProviderClient;
  stack!: ProviderStack;

  async startProvider(env: NodeJS.ProcessEnv = {}): Promise<ProviderClient> {
    this.provider = await startOwnProvider(env);
    const before = this.stack as ProviderStack | undefined;
    this.stack = new ProviderStack(this.provider);
    for (const [key, entry] of before?.entries ?? []) this.stack.entries.set(key, entry);
    return this.provider;
  }

  name(kind: string): string {
    return `${this.prefix}-${kind}`;
  }

  async volume(kind: string, options: Record<string, string> = {}): Promise<VolumePlace> {
    const volume = this.name(kind);
    await this.docker.createVolume({ Name: volume, DriverOpts: options });
    this.made.volumes.push(volume);
    return { endpoint: {}, volume, image: helperImage, label: "test" };
  }

  /** A container that has the volume mounted and counts the signals that it gets, a line for each. */
  async container(kind: string, volume: string, readOnly = true): Promise<Docker.Container> {
    const name = this.name(kind);
    const script = 'trap "echo hup" HUP; trap "exit 0" TERM; echo started; while :; do sleep 0.05; done';
    const container = await this.docker.createContainer({
      name,
      Image: helperImage,
      Entrypoint: ["sh"],
      Cmd: ["-c", script],
      HostConfig: {
        NetworkMode: "none",
        Mounts: [{ Type: "volume", Source: volume, Target: "/etc/files", ReadOnly: readOnly }],
      },
    });
    this.made.containers.push(name);
    await container.start();
    return container;
  }

  /** Lines that a container has written so far. */
  async linesOf(container: Docker.Container): Promise<string[]> {
    const log = await container.logs({ stdout: true, stderr: true });
    return log.toString("utf8").match(/\b(?:hup|started)\b/g) ?? [];
  }

  /** Waits until it has written a line. */
  async hasSaid(container: Docker.Container, line: string): Promise<void> {
    await eventually(
      `it says ${line}`,
      async () => (await this.linesOf(container)).includes(line) || undefined,
    );
  }

  /** Does something to a volume by hand, as root. */
  async byHand(volume: string, script: string): Promise<string> {
    const { docker } = this;
    const container = await docker.createContainer({
      Image: helperImage,
      Entrypoint: ["sh"],
      Cmd: ["-euc", script],
      WorkingDir: "/files",
      HostConfig: { NetworkMode: "none", Mounts: [{ Type: "volume", Source: volume, Target: "/files" }] },
    });
    try {
      await container.start();
      const { StatusCode } = (await container.wait()) as { StatusCode: number };
      const log = await container.logs({ stdout: true, stderr: true });
      if (StatusCode !== 0) throw new Error(log.toString("utf8"));
      return log.toString("utf8");
    } finally {
      await container.remove({ force: true });
    }
  }

  async read(place: VolumePlace): Promise<LiveVolume> {
    const live = await readVolume(place);
    if (live === undefined) throw new Error(`there is no volume ${place.volume}`);
    return live;
  }

  /** The helpers of a volume that are there. */
  helpersOf(volume: string): Promise<Docker.ContainerInfo[]> {
    return this.docker.listContainers({ all: true, filters: { label: [`${helperLabel}=${volume}`] } });
  }

  async helpersGone(volume: string): Promise<void> {
    await eventually("no helper is left", async () =>
      (await this.helpersOf(volume)).length === 0 ? true : undefined,
    );
  }

  /** Waits until the engine tells of a helper of the volume: `create`, `start`, `die` and so on. */
  async eventOf(volume: string, action: string): Promise<void> {
    const label = [`${helperLabel}=${volume}`];
    const events = await this.docker.getEvents({ filters: { type: ["container"], label } });
    for await (const lines of events as unknown as AsyncIterable<Buffer>) {
      if (lines.toString("utf8").includes(`"Action":"${action}"`)) return;
    }
  }

  /** The plan that was shown last, without its first line. */
  lastPlan(): string[] {
    return plansOf(this.provider).at(-1)?.split("\n").slice(1) ?? [];
  }

  /** Everything that the provider has said. */
  said(): string {
    return `${JSON.stringify(this.provider.messages)}${this.provider.errorOutput()}`;
  }

  async cleanUp(): Promise<void> {
    await this.provider.stop();
    for (const name of this.made.containers) {
      await this.docker.getContainer(name).remove({ force: true }).catch(ignore);
    }
    for (const name of this.made.volumes) {
      const left = await this.helpersOf(name);
      for (const { Id } of left) await this.docker.getContainer(Id).remove({ force: true }).catch(ignore);
      await this.docker.getVolume(name).remove().catch(ignore);
    }
  }
}

function ignore(): void {
  // It is gone already.
}

/** Volumes for the tests of a file; removed after them. */
export function useOwnVolumes(): OwnVolumes {
  const own = new OwnVolumes();
  beforeAll(async () => {
    await own.startProvider();
  });
  afterAll(() => own.cleanUp());
  return own;
}

export const owner = { uid: 999, gid: 990 };

/** A `Files`. Contents arrive as secrets, as from the resource's class. */
export function filesOf(
  place: VolumePlace,
  files: Record<string, { content: string; mode: string; secret?: boolean }>,
  change: PropertyMap = {},
): Declared {
  const wrapped = Object.fromEntries(
    Object.entries(files).map(([name, file]) => [name, { ...file, content: secret(file.content) }]),
  );
  const inputs = { ...placeInputs(place), owner, directoryMode: "0750", files: wrapped, ...change };
  return { name: "files", token: "pgstead:index:Files", inputs };
}

/** A `Certificate` on a volume. */
export function certificateOf(place: VolumePlace, change: PropertyMap = {}): Declared {
  const placed = { ...placeInputs(place), owner };
  const inputs = { names: ["localhost", "127.0.0.1"], place: placed, ...change };
  return { name: "server", token: "pgstead:index:Certificate", inputs };
}

function placeInputs({ endpoint, ...place }: VolumePlace): PropertyMap {
  return { ...place, endpoint: { ...endpoint } };
}

/** Outputs without the wrappers of secrets. */
export function textOf(state: PropertyMap, name: string): string {
  return reveal(state[name]) as string;
}
