import { setTimeout } from "node:timers/promises";
import type Docker from "dockerode";
import { findFullVolume, roomHint } from "../../core/docker/full-volume";
import { problemError } from "../../core/problem";
import { maintenanceDatabase } from "../session";
import { startWaiting, type Waiting } from "../waiting";
import { containerGone, execIn, readContainer, readMounts, startContainer, stopContainer } from "./container";
import { isNotRunning } from "./failure";
import { dataDirectory, describeStop } from "./start-failure";

type ContainerThere = Extract<Awaited<ReturnType<typeof readContainer>>, { kind: "there" }>;

/** Where the server's socket is, in every container that has it. */
export const socketDirectory = "/var/run/postgresql";

/** Seconds for a checkpoint of everything that is in memory; the engine kills what takes longer. */
export const stopSeconds = 300;

/** Longest wait for a server that recovers, in seconds: replaying the log of a crash is bounded by max_wal_size. */
const startSeconds = 600;

/**
 * Starts the container and waits until its server takes sessions; running already: only waits. Where the engine starts
 * one again and again, what failed before, or was under way, is not held against it: it gets a start of its own.
 *
 * @throws ProblemError where it ends instead, with what it said
 */
export async function startServerContainer(docker: Docker, name: string, waiting: Waiting): Promise<void> {
  const before = await readContainer(docker, name);
  if (before.kind === "absent") throw containerGone(name);
  // One that has run for long may have crashed before.
  if (before.running && (await waitForServer(docker, name, waiting, before.restartCount)) === undefined)
    return;
  // In the pause before its next start the engine takes it for one that runs, and a start for nothing to do.
  await stopServerContainer(docker, name);
  await startContainer(docker, name);
  // From now on the engine counts anew.
  const failed = await waitForServer(docker, name, waiting, 0);
  if (failed !== undefined) throw await startFailure(docker, name, failed);
}

/** Ends all sessions, writes a checkpoint and stops (the image's stop signal is SIGINT, PostgreSQL's fast shutdown). */
export function stopServerContainer(docker: Docker, name: string): Promise<void> {
  return stopContainer(docker, name, stopSeconds);
}

/**
 * Asks the server itself, by the first message of its protocol, until it takes sessions.
 *
 * @returns how its container is where it ended instead
 */
async function waitForServer(
  docker: Docker,
  name: string,
  waiting: Waiting,
  failedStarts: number,
): Promise<ContainerThere | undefined> {
  const deadline = Date.now() + startSeconds * 1000;
  const wait = startWaiting(waiting);
  for (;;) {
    const status = await readContainer(docker, name);
    if (status.kind === "absent") throw containerGone(name);
    // One start that failed is enough: the next one has the same files.
    if (!status.running || status.restartCount > failedStarts) return status;
    if (await isReady(docker, name)) return undefined;
    if (Date.now() > deadline) throw notReady(name);
    await wait(`waiting up to ${startSeconds} s for the server in ${name}: it starts, or recovers`);
    await setTimeout(100, undefined, { signal: waiting.signal });
  }
}

async function isReady(docker: Docker, name: string): Promise<boolean> {
  try {
    const answer = await execIn(docker, name, ["pg_isready", "-q", "-h", socketDirectory], {
      timeoutMs: 10_000,
    });
    return answer.exitCode === 0;
  } catch (error) {
    // It ended a moment ago: the next look at the container tells.
    if (isNotRunning((error as Error).cause)) return false;
    throw error;
  }
}

async function startFailure(docker: Docker, name: string, status: ContainerThere): Promise<Error> {
  const said = await describeStop(docker, name, status);
  const full = findFullVolume(said, await readMounts(docker, name), dataDirectory);
  const place = full === undefined ? "" : `; volume ${full.volume}, which it has as ${full.path}, is full`;
  return problemError(
    `container ${name}`,
    `its server does not start: ${said}${place}`,
    full === undefined
      ? `mend what the message is about; \`docker logs ${name}\` has all of it.`
      : roomHint(full.volume),
  );
}

function notReady(name: string): Error {
  return problemError(
    `container ${name}`,
    `its server has not taken sessions within ${startSeconds} s`,
    `\`docker logs ${name}\` and the server's log files tell what it does; it goes on, and the next run waits again.`,
  );
}

/**
 * Runs SQL as the administrator over the server's own socket, where the account is the login (`peer`): for what a new
 * password cannot do itself. The text goes to standard input, as arguments can be seen.
 *
 * @returns what it printed: values separated by `|`, a row a line
 */
export async function queryOverSocket(docker: Docker, name: string, sql: string): Promise<string> {
  const command = [
    "psql",
    "-XqAt",
    "-v",
    "ON_ERROR_STOP=1",
    "-h",
    socketDirectory,
    "-d",
    maintenanceDatabase,
  ];
  const { exitCode, stdout, stderr } = await execIn(docker, name, command, { input: sql, timeoutMs: 60_000 });
  if (exitCode === 0) return stdout.trim();
  throw problemError(
    `container ${name}`,
    `the server refuses its own account over the socket: ${firstLine(stderr)}`,
    "pg_hba.conf has to begin with `local all postgres peer`: the ops container comes in by it as well.",
  );
}

function firstLine(text: string): string {
  return text.trim().split("\n")[0] ?? "";
}
