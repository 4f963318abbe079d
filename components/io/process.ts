import { spawn } from "node:child_process";

/** The operating system account that a program runs as; undefined is the account of this process. */
export interface Account {
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
}

export interface RunOptions {
  readonly account?: Account | undefined;
  /** Milliseconds after which the program is ended and the call fails; default 60 000. */
  readonly timeoutMs?: number;
  /** Aborted, the program is asked to end (SIGTERM), and the call fails with the signal's reason once it has. */
  readonly signal?: AbortSignal | undefined;
}

export interface RunResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs a program to its end and gives what it printed; a non-zero exit code is a result, not an error. */
export function runProgram(
  file: string,
  args: readonly string[],
  options: RunOptions = {},
): Promise<RunResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      stdio: ["ignore", "pipe", "pipe"],
      cwd: "/", // the account of the server may not be able to enter ours
      env: { PATH: process.env.PATH ?? "/usr/bin:/bin", LC_ALL: "C", TZ: "UTC" },
      ...(options.account === undefined ? {} : { uid: options.account.uid, gid: options.account.gid }),
    });
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`${file} did not end within ${(options.timeoutMs ?? 60_000) / 1000} s`));
    }, options.timeoutMs ?? 60_000);
    const ask = (): void => void child.kill("SIGTERM");
    options.signal?.addEventListener("abort", ask, { once: true });
    if (options.signal?.aborted === true) ask();
    const settle = (): void => {
      clearTimeout(timer);
      options.signal?.removeEventListener("abort", ask);
    };
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.stderr += text));
    child.on("error", (error) => {
      settle();
      reject(error);
    });
    child.on("exit", (code, signal) => {
      settle();
      if (options.signal?.aborted === true) reject(options.signal.reason as Error);
      const finish = (): void => {
        clearTimeout(patience);
        resolve({ exitCode: code ?? (signal === null ? 1 : 128), ...output });
        child.stdout.destroy();
        child.stderr.destroy();
      };
      // `close` comes once the output is read to its end; a server that outlives `pg_ctl` may hold the pipes open.
      const patience = setTimeout(finish, 250);
      child.once("close", finish);
    });
  });
}
