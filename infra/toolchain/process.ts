import { spawn } from "node:child_process";
import { accessSync, constants, realpathSync, statSync } from "node:fs";
import { delimiter, isAbsolute, join } from "node:path";

export interface Finished {
  /** Undefined where the program could not be started. */
  readonly exitCode: number | undefined;
  readonly stdout: string;
  /** Its last lines only: a build may write much. */
  readonly stderr: string;
}

export interface RunOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd?: string;
  readonly timeoutMs?: number;
}

/** Characters of standard error that are kept for an error message. */
const keptError = 4000;

/** Runs a program to its end and gives what it printed. It ends with this process: Ctrl-C reaches it as well. */
export function run(file: string, args: readonly string[], options: RunOptions): Promise<Finished> {
  return new Promise((resolve) => {
    const child = spawn(file, args, {
      stdio: ["ignore", "pipe", "pipe"],
      env: options.env,
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    });
    const end = () => child.kill("SIGTERM");
    const timer =
      options.timeoutMs === undefined
        ? undefined
        : setTimeout(() => child.kill("SIGKILL"), options.timeoutMs);
    let stdout = "";
    let stderr = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => {
      stderr = (stderr + text).slice(-keptError);
    });
    const finish = (exitCode: number | undefined) => {
      clearTimeout(timer);
      process.off("exit", end);
      resolve({ exitCode, stdout, stderr });
    };
    process.on("exit", end);
    child.on("error", (error) => {
      stderr += error.message;
      finish(undefined);
    });
    child.on("exit", (code) => {
      const settle = (): void => {
        clearTimeout(patience);
        finish(code ?? 128);
        child.stdout.destroy();
        child.stderr.destroy();
      };
      // `close` comes once the output is read to its end; a child that a killed program left may hold the pipes open.
      const patience = setTimeout(settle, 250);
      child.once("close", settle);
    });
  });
}

/** Every program of that name on PATH, in order; npm's own additions to PATH are not the user's. */
export function findOnPath(name: string, env: NodeJS.ProcessEnv): string[] {
  const found: string[] = [];
  for (const directory of (env.PATH ?? "").split(delimiter)) {
    if (!isAbsolute(directory) || directory.includes("node_modules")) continue;
    for (const extension of process.platform === "win32" ? [".exe", ".cmd"] : [""]) {
      const path = join(directory, `${name}${extension}`);
      if (isProgram(path) && !found.some((other) => realpathSync(other) === realpathSync(path))) {
        found.push(path);
      }
    }
  }
  return found;
}

export function isProgram(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return statSync(path).isFile();
  } catch {
    return false;
  }
}
