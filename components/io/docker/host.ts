import { statfs } from "node:fs/promises";
import { createServer } from "node:net";
import type Docker from "dockerode";
import {
  imageLabel,
  stackLabel,
  type ActualHost,
  type DesiredHost,
  type PublishedPort,
  type PulledImage,
} from "../../core/docker/host";
import { askEngine, statusOf } from "./ask-engine";
import { engineFailure } from "./failure";
import { dockerHost, type DockerEndpoint } from "./engine";

/** Milliseconds for a look at an engine that is there and says nothing. */
const patience = 60_000;

/**
 * What an engine is, and what it has under the names and on the ports that a stack wants. Reads only.
 *
 * @throws EngineUnreachableError nobody answers, or not in time
 */
export function readHost(
  docker: Docker,
  desired: DesiredHost,
  endpoint: DockerEndpoint,
): Promise<ActualHost> {
  return askEngine(endpoint, "what is on it", () => look(docker, desired, endpoint), patience);
}

async function look(docker: Docker, desired: DesiredHost, endpoint: DockerEndpoint): Promise<ActualHost> {
  const [version, info, containers, volumes, networks, missing] = await Promise.all([
    docker.version(),
    docker.info() as Promise<EngineInfo>,
    docker.listContainers({ all: true }),
    docker.listVolumes(),
    docker.listNetworks(),
    findMissing(docker, desired.pulled ?? []),
  ]);
  const isLocal = dockerHost(endpoint).startsWith("unix:");
  return {
    version: version.Version,
    apiVersion: version.ApiVersion,
    architecture: info.Architecture,
    os: info.OSType,
    rootless: (info.SecurityOptions ?? []).some((option) => option.includes("rootless")),
    cpus: info.NCPU,
    memory: info.MemTotal,
    named: [
      ...containers.flatMap(({ Names, Labels, State }) =>
        Names.map((name) => ({
          ...found("container", name.replace(/^\//, ""), Labels),
          running: State === "running" || State === "restarting",
        })),
      ),
      ...volumes.Volumes.map(({ Name, Labels }) => found("volume", Name, Labels)),
      ...networks.map(({ Name, Labels }) => found("network", Name, Labels)),
    ],
    taken: await findTaken(desired.ports, containers, isLocal),
    missing,
    freeBytes: isLocal ? await freeBytes(info.DockerRootDir) : undefined,
  };
}

/** Milliseconds for a registry. */
const registryPatience = 8_000;

/** Images that the engine has not, and whether it could have them: it asks their registry, and gets nothing yet. */
function findMissing(docker: Docker, pulled: readonly PulledImage[]): Promise<ActualHost["missing"]> {
  const looks = pulled.map(async (wanted) => {
    const { image } = wanted;
    try {
      await docker.getImage(image).inspect();
      return [];
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
    const abortSignal = AbortSignal.timeout(registryPatience);
    try {
      await docker.getImage(image).distribution({ abortSignal });
      return [wanted];
    } catch (error) {
      const fault = abortSignal.aborted
        ? `no registry answered within ${registryPatience / 1_000} s`
        : engineFailure(error).message;
      return [{ ...wanted, fault }];
    }
  });
  return Promise.all(looks).then((found) => found.flat());
}

/** Gets an image from its registry. @throws ProblemError it cannot be had */
export async function pullImage(docker: Docker, image: string): Promise<void> {
  try {
    const stream = await docker.pull(image);
    await new Promise<void>((resolve, reject) => {
      docker.modem.followProgress(stream, (error: Error | null) => {
        if (error === null) resolve();
        else reject(error);
      });
    });
  } catch (error) {
    throw engineFailure(error);
  }
}

interface EngineInfo {
  readonly Architecture: string;
  readonly OSType: string;
  readonly SecurityOptions: readonly string[] | null;
  readonly NCPU: number;
  readonly MemTotal: number;
  readonly DockerRootDir: string;
}

function found(
  kind: "container" | "volume" | "network",
  name: string,
  labels: Readonly<Record<string, string>> | null | undefined,
): ActualHost["named"][number] {
  const stack = labels?.[stackLabel] ?? "";
  return { kind, name, stack: stack === "" ? undefined : stack };
}

/** Ports that another container has; on this machine's own engine also those that another program has. */
async function findTaken(
  ports: readonly PublishedPort[],
  containers: readonly Docker.ContainerInfo[],
  isLocal: boolean,
): Promise<ActualHost["taken"]> {
  const taken: ActualHost["taken"][number][] = [];
  for (const wanted of ports) {
    const holders = containers.filter(({ Ports }) => Ports.some((port) => overlaps(port, wanted)));
    const isOurs = holders.some(({ Names }) => Names.includes(`/${wanted.container}`));
    if (isOurs) continue;
    const reason = holders.length > 0 ? "in use" : isLocal ? await tryPort(wanted) : undefined;
    if (reason !== undefined) taken.push({ ...wanted, reason });
  }
  return taken;
}

const everywhere = ["0.0.0.0", "::"];

function overlaps({ IP, PublicPort }: Docker.Port, { address, port }: PublishedPort): boolean {
  return PublicPort === port && (IP === address || everywhere.includes(IP) || everywhere.includes(address));
}

/** Listens for a moment, as the engine is about to. */
function tryPort({ address, port }: PublishedPort): Promise<"in use" | "no such address" | undefined> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", ({ code }: NodeJS.ErrnoException) => {
      resolve(code === "EADDRINUSE" ? "in use" : code === "EADDRNOTAVAIL" ? "no such address" : undefined);
    });
    probe.listen({ port, host: address, exclusive: true }, () => {
      probe.close(() => {
        resolve(undefined);
      });
    });
  });
}

/** Undefined where this account may not look, or the engine's directory is on another machine. */
async function freeBytes(directory: string): Promise<number | undefined> {
  try {
    const { bavail, bsize } = await statfs(directory);
    return bavail * bsize;
  } catch {
    return undefined;
  }
}

/** Which images are a stack's. */
export interface BuiltImages {
  /** What their names begin with. */
  readonly prefix: string;
  /** Value of their label. */
  readonly stack: string;
  /** Endings of their names, in the order in which they can be removed. */
  readonly kinds: readonly string[];
}

/** Earlier builds, whose names newer ones have taken; what a container uses stays. */
async function removeUntagged(docker: Docker, stack: string): Promise<void> {
  const filters = { dangling: ["true"], label: [`${imageLabel}=${stack}`] };
  await docker.pruneImages({ filters }).catch((error: unknown) => {
    throw engineFailure(error);
  });
}

/**
 * Removes the images that a stack has built on an engine, by the beginning of their names. One that a container of
 * somebody else uses stays.
 *
 * @returns names of those that stayed, with the reason
 */
export async function removeImages(docker: Docker, { prefix, stack, kinds }: BuiltImages): Promise<string[]> {
  const images = await docker.listImages().catch((error: unknown) => {
    throw engineFailure(error);
  });
  const tags = images.flatMap(({ RepoTags }) => RepoTags ?? []);
  const own = kinds.flatMap((kind) => tags.filter((tag) => tag.startsWith(`${prefix}-${kind}:`)));
  const kept: string[] = [];
  // Not at once: the image that others are built on comes last.
  for (const tag of own) {
    try {
      await docker.getImage(tag).remove();
    } catch (error) {
      kept.push(`${tag}: ${engineFailure(error).message}`);
    }
  }
  await removeUntagged(docker, stack);
  return kept;
}
