import { spawn, type ChildProcess } from "node:child_process";
import { problemError } from "../../../../components/core/problem";
import type { Shape } from "../shared/attribute";
import {
  commandAttributes,
  commandType,
  environmentOf,
  textOf,
  type Finished,
  type Running,
} from "./command-resource";
import { officialPlugin } from "./version";

const shape: Shape = {
  plugin: officialPlugin,
  type: "Command",
  attributes: { ...commandAttributes, dir: { kind: "text" }, interpreter: { kind: "texts" } },
  refused: ["assetPaths", "archivePaths"],
};

/** `command:local:Command`: a command on the machine that runs the program. */
export const localCommandType = commandType(shape, runHere);

const isWindows = process.platform === "win32";

/** Milliseconds that a cancelled command has to end by itself. */
const patience = 5_000;

async function runHere(running: Running): Promise<Finished> {
  const { command, inputs, previous, log, request } = running;
  const [program, ...args] = [...interpreterOf(running), command];
  request.signal.throwIfAborted();
  const child = spawn(program, args, {
    cwd: textOf(inputs, "dir"),
    env: { ...process.env, ...environmentOf(inputs), ...previous },
    // In a group of its own, so that what it has started ends with it.
    detached: !isWindows,
  });
  const kept = { stdout: [] as Buffer[], stderr: [] as Buffer[] };
  for (const stream of ["stdout", "stderr"] as const) {
    child[stream].on("data", (part: Buffer) => {
      kept[stream].push(part);
      log.write(stream, part);
    });
  }
  // A command that does not read its input may end before that is written.
  child.stdin.on("error", () => undefined).end(textOf(inputs, "stdin") ?? "");
  const stop = endOnAbort(child, request.signal);
  const failure = await ended(child, program, textOf(inputs, "dir")).finally(stop);
  request.signal.throwIfAborted();
  const text = (parts: readonly Buffer[]): string => Buffer.concat(parts).toString("utf8");
  return { stdout: text(kept.stdout), stderr: text(kept.stderr), failure };
}

function interpreterOf({ inputs }: Running): readonly string[] {
  const given = (inputs.interpreter ?? []) as readonly string[];
  if (given.length > 0) return given;
  return isWindows ? ["cmd", "/C"] : ["/bin/sh", "-c"];
}

/** When it has ended and its outputs are closed: undefined where all is well. */
function ended(child: ChildProcess, program: string, dir: string | undefined): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    child.once("error", (cause) => {
      const place = dir === undefined ? "" : ` in ${dir}`;
      const hint = "is the interpreter installed, and is the directory there?";
      reject(problemError(program, `cannot be started${place}: ${cause.message}`, hint, { cause }));
    });
    child.once("close", (code, signal) => {
      if (code === 0) resolve(undefined);
      else resolve(code === null ? `signal: ${signal ?? "unknown"}` : `exit status ${code}`);
    });
  });
}

function endOnAbort(child: ChildProcess, signal: AbortSignal): () => void {
  let timer: NodeJS.Timeout | undefined;
  const send = (name: NodeJS.Signals): void => {
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    if (isWindows) child.kill(name);
    else process.kill(-child.pid, name);
  };
  const abort = (): void => {
    send("SIGTERM");
    timer = setTimeout(() => {
      send("SIGKILL");
    }, patience);
  };
  signal.addEventListener("abort", abort, { once: true });
  return () => {
    clearTimeout(timer);
    signal.removeEventListener("abort", abort);
  };
}
