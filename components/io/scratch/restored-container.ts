import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import type { ConnectionTarget } from "../../core/connection";
import { stackLabel } from "../../core/docker/host";
import type { RestoredAnswer, RestoredReady, RestoredRequest } from "../../core/drill/restored-protocol";
import { problemError, ProblemError } from "../../core/problem";
import { containerGone, readContainer } from "../docker/container";
import { connectDocker, type DockerEndpoint } from "../docker/engine";
import { engineFailure } from "../docker/failure";
import { removeHelper } from "../docker/helper-container";
import { startRelay } from "../docker/relay";
import { generatePassword } from "../scram";
import type { Waiting } from "../waiting";
import { removeLeftOvers } from "./container";
import { lockedContainer } from "./locked-container";

/** A restored server in a container of its own. */
export interface RestoredContainer extends Omit<RestoredReady, "host" | "port" | "user"> {
  /** Its superuser, by a port of this machine's loopback. */
  readonly administrator: ConnectionTarget;
  /** Where another container is to be that shall reach it, and the port of loopback there; undefined: it has no network. */
  readonly within: { readonly network: string; readonly port: number } | undefined;
}

export interface RestoredContainerOrder {
  readonly engine: DockerEndpoint;
  /** The stack's ops container, which has the backups. */
  readonly container: string;
  /** Whose loopback it listens on: `container:<name>`, or a network of its own; absent: it has none. */
  readonly network?: string | undefined;
  readonly request: Omit<RestoredRequest, "password" | "loopback">;
  readonly waiting: Waiting;
}

const program = ["node", "/usr/lib/pgstead/ops.cjs", "restored-server"];

/** Where the server is made: a volume without a name, which goes with the container. */
const dataDirectory = "/var/lib/postgresql/data";

/** Bytes of memory: the server is small, and what it reads may be given up. */
const memory = 2 * 1024 ** 3;

/**
 * Restores a backup of a stack in containers, in a container of its ops image with the volume of the backups: no row
 * leaves the host. It ends with the connection to its standard input, so that a run that was killed leaves nothing.
 *
 * @throws ProblemError what the program there says, or the engine
 */
export async function withRestoredContainer<Result>(
  order: RestoredContainerOrder,
  use: (server: RestoredContainer) => Promise<Result>,
): Promise<Result> {
  const docker = connectDocker(order.engine);
  const container = await make(docker, order);
  const password = generatePassword();
  const loopback = order.network !== undefined;
  let relay: Awaited<ReturnType<typeof startRelay>> | undefined;
  try {
    const { host, port, user, ...ready } = await start(docker, container, order.waiting, {
      ...order.request,
      ...{ password, loopback },
    });
    relay = await startRelay(docker, container.id, `${host}/.s.PGSQL.${port}`);
    const administrator = { host: "127.0.0.1", port: relay.port, user, password };
    const within = loopback ? { network: `container:${container.id}`, port } : undefined;
    return await use({ ...ready, administrator, within });
  } finally {
    await relay?.close();
    await removeHelper(container, { volumes: true });
  }
}

async function make(
  docker: Docker,
  { container, network = "none" }: RestoredContainerOrder,
): Promise<Docker.Container> {
  const ops = await readContainer(docker, container);
  if (ops.kind === "absent") throw containerGone(container);
  const label = ops.labels[stackLabel] ?? "";
  try {
    await removeLeftOvers(docker, label);
    const { Mounts } = await docker.getContainer(container).inspect();
    const repository = Mounts.filter(({ Destination }) => Destination === "/var/lib/pgbackrest");
    const { image } = ops;
    const locked = lockedContainer({
      image,
      label,
      kind: "restored",
      memory,
      volume: dataDirectory,
      network,
    });
    return await docker.createContainer({
      ...locked,
      Cmd: [...program],
      HostConfig: {
        ...locked.HostConfig,
        Binds: repository.map(({ Name, Source, Destination }) => `${Name ?? Source}:${Destination}`),
      },
    });
  } catch (error) {
    throw engineFailure(error);
  }
}

/** Starts it, tells it what is wanted, and waits until its server can be used. */
async function start(
  docker: Docker,
  container: Docker.Container,
  { say, signal }: Waiting,
  request: RestoredRequest,
): Promise<RestoredReady> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  let said = "";
  stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString("utf8")).slice(-4_000)));
  const stream = await attach(docker, container, { stdout, stderr });
  const giveUp = (): void => {
    stream.destroy();
    stdout.end();
  };
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    stream.write(`${JSON.stringify(request)}\n`);
    for await (const line of createInterface({ input: stdout })) {
      const answer = parse(line);
      if (answer === undefined) said = `${said}${line}\n`;
      else if ("say" in answer) await say(answer.say);
      else if ("error" in answer) throw new ProblemError(answer.error.title, answer.error.problems);
      else return answer.ready;
    }
    signal.throwIfAborted();
    const last = said.trim().split("\n").at(-1) ?? "";
    const hint = "is its image of this version of pgstead? `up` brings it there";
    throw problemError("container for the restored server", `ended without a server: ${last}`, hint);
  } finally {
    signal.removeEventListener("abort", giveUp);
    stdout.resume();
  }
}

async function attach(
  docker: Docker,
  container: Docker.Container,
  { stdout, stderr }: { readonly stdout: PassThrough; readonly stderr: PassThrough },
): Promise<NodeJS.ReadWriteStream & { destroy(): void }> {
  try {
    const stream = await container.attach({
      ...{ stream: true, stdin: true, stdout: true, stderr: true },
      hijack: true,
    });
    const end = (): void => {
      stdout.end();
    };
    stream.on("error", end).on("end", end).on("close", end);
    docker.modem.demuxStream(stream, stdout, stderr);
    await container.start();
    return stream as unknown as NodeJS.ReadWriteStream & { destroy(): void };
  } catch (error) {
    throw engineFailure(error);
  }
}

function parse(line: string): RestoredAnswer | undefined {
  try {
    return JSON.parse(line) as RestoredAnswer;
  } catch {
    return undefined; // of another version
  }
}
