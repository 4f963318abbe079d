import { randomInt } from "node:crypto";
import { setTimeout } from "node:timers/promises";
import type Docker from "dockerode";
import type { ConnectionTarget } from "../../core/connection";
import { stackLabel } from "../../core/docker/host";
import { problemError } from "../../core/problem";
import { localeArguments, renderSettings, type ServerModel } from "../../core/scratch/server-model";
import { statusOf } from "../docker/ask-engine";
import { containerGone, execIn, readContainer } from "../docker/container";
import { connectDocker, type DockerEndpoint } from "../docker/engine";
import { engineFailure, isNotRunning } from "../docker/failure";
import { removeHelper } from "../docker/helper-container";
import { startRelay } from "../docker/relay";
import { isRunAlive, runLabel } from "../docker/run-label";
import { generatePassword, scramVerifier } from "../scram";
import { startWaiting, type Waiting } from "../waiting";
import { lockedContainer, scratchLabel } from "./locked-container";
import { scratchCommand, scratchSettings, socketDirectory } from "./container-program";

/** What a scratch server in a container is made from: the stack's own. */
export interface ContainerModel {
  readonly engine: DockerEndpoint;
  /** Id of the image that the live server runs. */
  readonly image: string;
  /** Value of the label `pgstead.stack`. */
  readonly label: string;
  readonly server: ServerModel;
}

/** A scratch server in a container. */
export interface ScratchContainer {
  /** Its superuser, by a port of this machine's loopback. */
  readonly administrator: ConnectionTarget;
  /** Where another container is to be that shall reach it, and the port of loopback there; undefined: it has no network. */
  readonly within: { readonly network: string; readonly port: number } | undefined;
}

/** Bytes of memory: there are no rows to speak of. */
const memory = 1024 ** 3;

/** Longest wait for a start, in seconds. */
const startSeconds = 120;

/** Longest life of one whose run nobody here can ask about, in seconds. */
const longestRunSeconds = 24 * 3600;

/** The image that a stack's server runs, and the stack's label. */
export async function readServerImage(
  engine: DockerEndpoint,
  container: string,
): Promise<Pick<ContainerModel, "image" | "label">> {
  const found = await readContainer(connectDocker(engine), container);
  if (found.kind === "absent") throw containerGone(container);
  return { image: found.image, label: found.labels[stackLabel] ?? "" };
}

/**
 * Makes a server of a stack's image in a container of its own, uses it, and removes it, whatever happens. It ends with
 * the connection to its standard input, so that a run that was killed leaves nothing; what an engine that was killed has
 * left, the next run removes.
 *
 * @param administrator name of its superuser
 * @param network whose loopback it listens on besides: `container:<name>`, or a network of its own; default none
 */
export async function withScratchContainer<Result>(
  model: ContainerModel,
  { administrator, network }: { readonly administrator: string; readonly network?: string | undefined },
  waiting: Waiting,
  use: (server: ScratchContainer) => Promise<Result>,
): Promise<Result> {
  const docker = connectDocker(model.engine);
  await removeLeftOvers(docker, model.label).catch((error: unknown) => {
    throw engineFailure(error);
  });
  const port = network === undefined ? undefined : randomInt(15_000, 32_000);
  const container = await make(docker, model, administrator, network);
  const password = generatePassword();
  let relay: Awaited<ReturnType<typeof startRelay>> | undefined;
  try {
    const said = await start(container, docker, [
      scramVerifier(password),
      ...renderSettings({ ...model.server.settings, ...scratchSettings(port) }),
      ".",
    ]);
    await waitForServer(docker, container.id, said, waiting);
    relay = await startRelay(docker, container.id, `${socketDirectory}/.s.PGSQL.${port ?? 5432}`);
    const target = { host: "127.0.0.1", port: relay.port, user: administrator, password };
    const within = port === undefined ? undefined : { network: `container:${container.id}`, port };
    return await use({ administrator: target, within });
  } finally {
    await relay?.close();
    await removeHelper(container, { volumes: true });
  }
}

async function make(
  docker: Docker,
  { image, label, server }: ContainerModel,
  administrator: string,
  network = "none",
): Promise<Docker.Container> {
  const [program = "sh", ...args] = scratchCommand(administrator, localeArguments(server.locale));
  try {
    const volume = "/var/lib/postgresql/data";
    return await docker.createContainer({
      ...lockedContainer({ image, label, kind: "server", memory, volume, network }),
      Entrypoint: [program],
      Cmd: args,
    });
  } catch (error) {
    if (statusOf(error) !== 404) throw engineFailure(error);
    const hint = "`npm run pulumi -- up` builds it again; or say --scratch same-server";
    throw problemError("scratch server", `the engine does not have ${image} any more`, hint, {
      cause: error,
    });
  }
}

/** Starts it with its configuration as standard input, which stays open: arguments can be seen by others. */
async function start(
  container: Docker.Container,
  docker: Docker,
  lines: readonly string[],
): Promise<readonly string[]> {
  const said: string[] = [];
  try {
    const stream = await container.attach({
      ...{ stream: true, stdin: true, stdout: true, stderr: true },
      hijack: true,
    });
    stream.on("error", () => undefined); // the container is gone with it, which shows by itself
    const keep = {
      write(chunk: Buffer) {
        said.push(...chunk.toString("utf8").split("\n"));
        said.splice(0, said.length - 50);
      },
    } as unknown as NodeJS.WritableStream;
    docker.modem.demuxStream(stream, keep, keep);
    await container.start();
    stream.write(`${lines.join("\n")}\n`);
  } catch (error) {
    throw engineFailure(error);
  }
  return said;
}

async function waitForServer(
  docker: Docker,
  id: string,
  said: readonly string[],
  waiting: Waiting,
): Promise<void> {
  const deadline = Date.now() + startSeconds * 1000;
  const wait = startWaiting(waiting);
  for (;;) {
    const status = await readContainer(docker, id);
    if (status.kind === "absent" || !status.running) throw startFailure(said);
    if (await isReady(docker, id)) return;
    if (Date.now() > deadline) throw startFailure(said);
    await wait("waiting for the scratch server");
    await setTimeout(100);
  }
}

/** The program says by a file that the server which answers is the one that stays. */
async function isReady(docker: Docker, id: string): Promise<boolean> {
  try {
    const command = ["sh", "-c", `pg_isready -q -h ${socketDirectory} -p "$(cat ${socketDirectory}/port)"`];
    return (await execIn(docker, id, command, { timeoutMs: 10_000 })).exitCode === 0;
  } catch (error) {
    // It ended a moment ago: the next look at the container tells.
    if (isNotRunning((error as Error).cause) || statusOf((error as Error).cause) === 404) return false;
    throw error;
  }
}

function startFailure(said: readonly string[]): Error {
  const lines = said.map((line) => line.trim()).filter((line) => line !== "");
  const telling = lines.findLast((line) => /\b(?:FATAL|PANIC|error)\b/.test(line)) ?? lines.at(-1);
  return problemError(
    "scratch server",
    `its container ends instead of starting: ${telling ?? "without a word"}`,
    "it has the image and the settings of the stack's server; say --scratch same-server to do without it",
  );
}

/** Removes what is left of runs that are gone; those of a run that goes on stay. */
export async function removeLeftOvers(docker: Docker, label: string): Promise<void> {
  const filters = { label: [scratchLabel, `${stackLabel}=${label}`] };
  for (const { Id, Labels, Created } of await docker.listContainers({ all: true, filters })) {
    const isAlive = isRunAlive(Labels[runLabel] ?? "");
    const isOld = Date.now() / 1000 - Created > longestRunSeconds;
    if (isAlive === false || isOld) await removeHelper(docker.getContainer(Id), { volumes: true });
  }
}
