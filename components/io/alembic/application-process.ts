import { spawn, type ChildProcess } from "node:child_process";
import { stat } from "node:fs/promises";
import { PassThrough, type Readable } from "node:stream";
import type Docker from "dockerode";
import { problemError } from "../../core/problem";
import { statusOf } from "../docker/ask-engine";
import { connectDocker } from "../docker/engine";
import { engineFailure } from "../docker/failure";
import { renderApplication, type ApplicationPlace } from "../../core/migrations/alembic/application";
import { errorMessage } from "../../core/error-message";

/** A program of the application's Python that runs; the end of its input ends it. */
export interface ApplicationProcess {
  readonly stdout: Readable;
  readonly stderr: Readable;
  write(text: string): void;
  /** Ends it, with all that it started. */
  kill(): void;
}

/** Starts a program, given as text. */
export async function startApplication(
  place: ApplicationPlace,
  program: string,
): Promise<ApplicationProcess> {
  const command = [...place.python, "-c", program];
  if (place.kind === "machine") return startHere(place, command);
  const docker = connectDocker(place.engine);
  try {
    return place.kind === "container"
      ? await startIn(docker, place, command)
      : await startImage(docker, place, command);
  } catch (error) {
    throw explain(place, error);
  }
}

type On<Kind extends ApplicationPlace["kind"]> = Extract<ApplicationPlace, { readonly kind: Kind }>;

async function startHere(place: On<"machine">, command: readonly string[]): Promise<ApplicationProcess> {
  const { directory, environment } = place;
  const found = await stat(directory).catch(() => undefined); // what cannot be looked at cannot be entered
  if (found?.isDirectory() !== true) {
    const hint = "set alembic.directory to where the application's alembic.ini is";
    throw problemError("alembic.directory", `${directory} is no directory`, hint);
  }
  const [file = "", ...args] = command;
  // A group of its own: the terminal's Ctrl-C is for pgstead, and all that it started ends with it.
  const child = spawn(file, args, {
    cwd: directory,
    detached: true,
    env: { ...ownEnvironment(), ...environment },
    stdio: ["pipe", "pipe", "pipe"],
  });
  await new Promise<void>((resolve, reject) => {
    child.once("spawn", resolve).once("error", (error) => {
      const hint = 'name the application\'s own Python in alembic.python, such as [".venv/bin/python"]';
      reject(problemError("alembic.python", `${file} cannot be started: ${error.message}`, hint));
    });
  });
  child.stdin.on("error", () => undefined); // it has ended, which its output tells
  return {
    stdout: child.stdout,
    stderr: child.stderr,
    write: (text) => child.stdin.write(text),
    kill() {
      // The end of its input ends it; the signal is for what does not listen.
      child.stdin.destroy();
      const timer = setTimeout(() => {
        killGroup(child);
      }, graceMs);
      child.once("exit", () => {
        clearTimeout(timer);
        killGroup(child);
      });
    },
  };
}

/** Time to end in, before what runs is killed. */
const graceMs = 2_000;

/** Ends what is left of it and of what it started. */
function killGroup({ pid }: ChildProcess): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, "SIGKILL");
  } catch {
    // All of it has ended.
  }
}

/** What this process has: without what is ours, and without what would have libpq connect elsewhere. */
function ownEnvironment(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^(?:PG|PULUMI_)/.test(name)));
}

async function startIn(
  docker: Docker,
  { container, directory, environment }: On<"container">,
  command: readonly string[],
): Promise<ApplicationProcess> {
  const exec = await docker.getContainer(container).exec({
    Cmd: [...command],
    Env: variables(environment),
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    ...(directory === undefined ? {} : { WorkingDir: directory }),
  });
  const stream = await exec.start({ hijack: true, stdin: true });
  // Whatever it runs ends with its input: no signal reaches it from outside of its container.
  return overStream(docker, stream, () => undefined);
}

async function startImage(
  docker: Docker,
  { image, network, directory, environment }: On<"image">,
  command: readonly string[],
): Promise<ApplicationProcess> {
  const container = await docker.createContainer({
    Image: image,
    Entrypoint: [],
    Cmd: [...command],
    Env: variables(environment),
    OpenStdin: true,
    StdinOnce: true,
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    ...(directory === undefined ? {} : { WorkingDir: directory }),
    HostConfig: { AutoRemove: true, NetworkMode: network, SecurityOpt: ["no-new-privileges"] },
  });
  try {
    const stream = await container.attach({
      stream: true,
      stdin: true,
      stdout: true,
      stderr: true,
      hijack: true,
    });
    await container.start();
    return overStream(docker, stream, () => {
      container.remove({ force: true }).catch(() => undefined); // it removes itself, and may have done so
    });
  } catch (error) {
    await container.remove({ force: true }).catch(() => undefined); // as above
    throw error;
  }
}

function overStream(docker: Docker, stream: NodeJS.ReadWriteStream, remove: () => void): ApplicationProcess {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, stdout, stderr);
  const end = (): void => {
    stdout.end();
    stderr.end();
  };
  stream.once("end", end).once("close", end).once("error", end);
  return {
    stdout,
    stderr,
    write: (text) => stream.write(text),
    kill() {
      stream.end();
      remove();
    },
  };
}

function variables(environment: Readonly<Record<string, string>>): string[] {
  return Object.entries(environment).map(([name, value]) => `${name}=${value}`);
}

function explain(place: ApplicationPlace, error: unknown): unknown {
  const hints: Readonly<Record<number, string>> = {
    404:
      place.kind === "container"
        ? "is it the container's name? `docker ps -a` lists them"
        : "build or pull it: `docker images` lists what the engine has",
    409: "start it: Alembic runs inside of the application's container",
  };
  const hint = hints[statusOf(error) ?? 0];
  if (hint === undefined) return engineFailure(error);
  const { json } = error as { readonly json?: { readonly message?: string } };
  const said = json?.message ?? errorMessage(error);
  return problemError(renderApplication(place), `cannot be used: ${said}`, hint, { cause: error });
}
