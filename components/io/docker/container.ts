import { PassThrough } from "node:stream";
import { text } from "node:stream/consumers";
import type Docker from "dockerode";
import type { MountedVolume } from "../../core/docker/full-volume";
import { problemError } from "../../core/problem";
import { engineFailure, isNotFound } from "./failure";

/** What an engine says of a container. */
export type ContainerStatus =
  | { readonly kind: "absent" }
  | {
      readonly kind: "there";
      readonly id: string;
      /** Id of its image. */
      readonly image: string;
      readonly labels: Readonly<Record<string, string>>;
      /** False as well for one that is about to be started again after a failure. */
      readonly running: boolean;
      /** Starts that failed since somebody started it. */
      readonly restartCount: number;
      readonly exitCode: number;
      /** Moment of the last start, as the engine writes it. */
      readonly startedAt: string;
    };

/** Looks at a container by its name or id. Reads only. */
export async function readContainer(docker: Docker, name: string): Promise<ContainerStatus> {
  try {
    const { Id, Image, Config, State, RestartCount } = await docker.getContainer(name).inspect();
    return {
      kind: "there",
      id: Id,
      image: Image,
      labels: Config.Labels,
      running: State.Running && !State.Restarting,
      restartCount: RestartCount,
      exitCode: State.ExitCode,
      startedAt: State.StartedAt,
    };
  } catch (error) {
    if (isNotFound(error)) return { kind: "absent" };
    throw engineFailure(error);
  }
}

/** The volumes that a container has, by their names; none where it is gone. */
export async function readMounts(docker: Docker, name: string): Promise<MountedVolume[]> {
  try {
    const { Mounts } = await docker.getContainer(name).inspect();
    return Mounts.flatMap(({ Name: volume = "", Destination: path }) =>
      volume === "" ? [] : [{ volume, path }],
    );
  } catch (error) {
    if (isNotFound(error)) return [];
    throw engineFailure(error);
  }
}

/** Starts a container as it is. Running already: nothing. */
export async function startContainer(docker: Docker, name: string): Promise<void> {
  try {
    await docker.getContainer(name).start();
  } catch (error) {
    if (!isUnchanged(error)) throw engineFailure(error);
  }
}

/**
 * Sends the container's stop signal and waits until it has ended.
 *
 * @param seconds after which the engine kills it; a server then recovers from its log at the next start
 */
export async function stopContainer(docker: Docker, name: string, seconds: number): Promise<void> {
  try {
    await docker.getContainer(name).stop({ t: seconds });
  } catch (error) {
    if (!isUnchanged(error) && !isNotFound(error)) throw engineFailure(error);
  }
}

/** The engine's answer to a start of what runs, and a stop of what does not. */
function isUnchanged(error: unknown): boolean {
  return (error as { readonly statusCode?: number }).statusCode === 304;
}

/** What a program in a container wrote, and how it ended. */
export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program in a running container.
 *
 * @param options.input its standard input: what is secret goes there, as arguments can be seen
 * @param options.timeoutMs then the wait ends with an error; the program itself may go on
 */
export async function execIn(
  docker: Docker,
  name: string,
  command: readonly string[],
  options: { readonly input?: string; readonly timeoutMs: number },
): Promise<ExecResult> {
  const { input, timeoutMs } = options;
  try {
    const exec = await docker.getContainer(name).exec({
      Cmd: [...command],
      AttachStdin: input !== undefined,
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({ hijack: true, stdin: input !== undefined });
    const timer = setTimeout(() => {
      stream.destroy(new Error(`no answer within ${timeoutMs / 1000} s`));
    }, timeoutMs);
    const [out, err] = [new PassThrough(), new PassThrough()];
    docker.modem.demuxStream(stream, out, err);
    stream.once("close", () => {
      out.end();
      err.end();
    });
    stream.once("end", () => {
      out.end();
      err.end();
    });
    const failed = new Promise<never>((_, reject) => stream.once("error", reject));
    if (input !== undefined) stream.end(input);
    const [stdout, stderr] = await Promise.race([Promise.all([text(out), text(err)]), failed]).finally(() => {
      clearTimeout(timer);
    });
    const { ExitCode } = await exec.inspect();
    return { exitCode: ExitCode ?? -1, stdout, stderr };
  } catch (error) {
    throw engineFailure(error);
  }
}

/** The end of what a container has written to its standard streams. */
export async function readContainerLog(docker: Docker, name: string, since: string): Promise<string> {
  try {
    const seconds = Math.floor(Date.parse(since) / 1000);
    const log = await docker
      .getContainer(name)
      .logs({ stdout: true, stderr: true, tail: 40, ...(seconds > 0 ? { since: seconds } : {}) });
    return plainText(log);
  } catch (error) {
    if (isNotFound(error)) return "";
    throw engineFailure(error);
  }
}

/** The engine puts eight bytes before each piece of a stream: which one it is, and its length. */
function plainText(log: Buffer): string {
  const pieces: Buffer[] = [];
  for (let at = 0; at + 8 <= log.length;) {
    const length = log.readUInt32BE(at + 4);
    pieces.push(log.subarray(at + 8, at + 8 + length));
    at += 8 + length;
  }
  return Buffer.concat(pieces).toString("utf8");
}

/** A container that was there a moment ago is told by its name. */
export function containerGone(name: string): Error {
  return problemError(
    `container ${name}`,
    "is not there",
    "run `npm run pulumi -- up`: it makes it again, with the data that its volumes have.",
  );
}
