import type Docker from "dockerode";
import { stackLabel } from "../../core/docker/host";
import { containerPlaces, type RepositoryNumber } from "../../core/physical/configuration";
import { problemError } from "../../core/problem";
import { statusOf } from "../docker/ask-engine";
import { containerGone, execIn } from "../docker/container";
import { connectDocker, type DockerEndpoint } from "../docker/engine";
import { engineFailure, isNotFound } from "../docker/failure";
import { removeHelper } from "../docker/helper-container";
import { isRunAlive, runLabel, thisRun } from "../docker/run-label";

/** Where a restore works: beside the server of a stack, on its data volume. */
export interface WorkPlace {
  readonly endpoint: DockerEndpoint;
  /** What the names of the stack's containers and volumes begin with. */
  readonly prefix: string;
  /** Number of the repository that is restored from; the second one is reached by the stack's network. Default 1. */
  readonly repository?: RepositoryNumber;
}

/** A throw-away container with the data volume, the repository and the configuration, and without a network that it does not need. */
export interface WorkContainer {
  readonly docker: Docker;
  readonly place: WorkPlace;
  /** Name of it, and of the server's. */
  readonly name: string;
  readonly server: string;
  /** Runs a shell script in it, and gives what it printed; `$1` and on are its arguments. */
  run(what: string, script: string, args?: readonly string[], input?: string): Promise<string>;
  close(): Promise<void>;
}

/** Where the data volume is in it, as in the server's. */
export const volumePath = containerPlaces.dataDirectory.replace(/\/current$/, "");

/** Label of such a container: whether somebody is to look into what it holds. */
const restoreLabel = "pgstead.restore";

/** Longest time for one step, in milliseconds: a volume may be slow to sync. */
const stepMs = 30 * 60_000;

export function workName({ prefix }: WorkPlace): string {
  return `${prefix}-restore`;
}

/**
 * Makes the container. Its name is the lock of restores: the engine gives it to one at a time. It ends with the connection
 * to its standard input, so that a run that was killed leaves nothing running.
 *
 * @param isKept true: it stays when this process has gone
 * @throws ProblemError another restore is under way, or what it restored is kept
 */
export async function openWork(place: WorkPlace, isKept: boolean): Promise<WorkContainer> {
  const docker = connectDocker(place.endpoint);
  const work = workOn(docker, place);
  try {
    await removeDead(docker, place);
    const container = await create(docker, place, isKept);
    if (isKept) {
      await container.start();
      return work;
    }
    const stream = await container.attach({ stream: true, stdin: true, hijack: true });
    stream.on("error", () => undefined); // the container is gone with it, which shows by itself
    await container.start();
    return {
      ...work,
      async close() {
        // Open, it would keep this process.
        (stream as typeof stream & { destroy(): void }).destroy();
        await work.close();
      },
    };
  } catch (error) {
    throw engineFailure(error);
  }
}

/** The container of a restore that is kept; undefined: there is none. */
export async function findKept(place: WorkPlace): Promise<WorkContainer | undefined> {
  const docker = connectDocker(place.endpoint);
  const found = await inspect(docker, workName(place));
  return found?.kept === true && found.running && !found.alive ? workOn(docker, place) : undefined;
}

function workOn(docker: Docker, place: WorkPlace): WorkContainer {
  const name = workName(place);
  return {
    docker,
    place,
    name,
    server: `${place.prefix}-server`,
    run: async (what, script, args = [], input) => {
      const command = ["sh", "-euc", script, "sh", ...args];
      const options = { timeoutMs: stepMs, ...(input === undefined ? {} : { input }) };
      const { exitCode, stdout, stderr } = await execIn(docker, name, command, options);
      if (exitCode === 0) return stdout;
      const said = stderr.trim().split("\n").at(-1) ?? "";
      const message = said === "" ? `ended with ${exitCode}` : said;
      throw problemError(what, message, "mend that and run this again: it goes on with what is there");
    },
    close: () => removeHelper(docker.getContainer(name)),
  };
}

interface FoundWork {
  readonly running: boolean;
  readonly kept: boolean;
  /** Whether the run that made it goes on; one of another machine does as long as its container runs. */
  readonly alive: boolean;
}

async function inspect(docker: Docker, name: string): Promise<FoundWork | undefined> {
  try {
    const { State, Config } = await docker.getContainer(name).inspect();
    const kept = Config.Labels[restoreLabel] === "kept";
    const alive = isRunAlive(Config.Labels[runLabel] ?? "");
    return { running: State.Running, kept, alive: State.Running && (alive ?? !kept) };
  } catch (error) {
    if (isNotFound(error)) return undefined;
    throw engineFailure(error);
  }
}

async function removeDead(docker: Docker, place: WorkPlace): Promise<void> {
  const name = workName(place);
  const found = await inspect(docker, name);
  if (found === undefined) return;
  if (found.alive) throw underWay(name);
  await removeHelper(docker.getContainer(name));
}

function underWay(name: string): Error {
  return problemError(
    `container ${name}`,
    "another restore of this stack is under way",
    "wait until it has ended, then try again",
  );
}

async function create(docker: Docker, place: WorkPlace, isKept: boolean): Promise<Docker.Container> {
  const { prefix, repository = 1 } = place;
  const server = await inspectServer(docker, `${prefix}-server`);
  const { Memory = 0, MemorySwap = 0, ShmSize = 0 } = server.HostConfig;
  const mount = (kind: string, target: string, readOnly = false) => ({
    ...{ Type: "volume", Source: `${prefix}-${kind}`, Target: target, ReadOnly: readOnly },
    VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: "", Options: {} } },
  });
  try {
    return await docker.createContainer({
      name: workName(place),
      Image: server.Image,
      Entrypoint: ["sh", "-c", isKept ? "trap 'exit 0' TERM; while :; do sleep 1; done" : "cat >/dev/null"],
      Cmd: [],
      User: "999:999",
      Labels: {
        [stackLabel]: server.Config.Labels[stackLabel] ?? "",
        [restoreLabel]: isKept ? "kept" : "run",
        [runLabel]: thisRun,
      },
      ...(isKept ? {} : { OpenStdin: true, StdinOnce: true, AttachStdin: true }),
      Healthcheck: { Test: ["NONE"] },
      HostConfig: {
        AutoRemove: true,
        NetworkMode: repository === 1 ? "none" : prefix,
        ReadonlyRootfs: true,
        Init: true,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges"],
        Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777" },
        LogConfig: { Type: "none", Config: {} },
        ...{ Memory, MemorySwap, ShmSize },
        Mounts: [
          mount("data", volumePath),
          mount("repository", containerPlaces.repository),
          mount("server-files", containerPlaces.configuration, true),
        ] as Docker.MountSettings[],
      },
    });
  } catch (error) {
    // Two began at the same moment.
    if (statusOf(error) === 409) throw underWay(workName(place));
    throw error;
  }
}

async function inspectServer(docker: Docker, name: string): Promise<Docker.ContainerInspectInfo> {
  try {
    return await docker.getContainer(name).inspect();
  } catch (error) {
    if (isNotFound(error)) throw containerGone(name);
    throw error;
  }
}
