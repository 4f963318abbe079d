import { spawn } from "node:child_process";

/** A Pulumi program with a stack of its own, and the engine that runs it. */
export interface Subject {
  readonly name: string;
  /** Runs a Pulumi command to its end and gives its seconds; fails with what it printed. */
  time(...args: readonly string[]): Promise<number>;
  /** Number of resources in the state. */
  countResources(): Promise<number>;
  remove(): Promise<void>;
}

export interface EngineOptions {
  readonly program: string;
  readonly cwd: string;
  readonly env: NodeJS.ProcessEnv;
}

export interface EngineRun {
  readonly seconds: number;
  readonly stdout: string;
}

let interrupted = false;

/** From now on Ctrl-C ends the measurement after the command that runs, so that what was made can be removed. */
export function endOnInterrupt(): void {
  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    process.on(signal, () => {
      interrupted = true;
    });
  }
}

/** @throws Error after Ctrl-C: for what lasts long and is no command of the engine */
export function assertGoing(): void {
  if (interrupted) throw new Error("interrupted");
}

/** Runs the engine itself, without the project's wrapper: every subject is measured alike. */
export function runEngine({ program, cwd, env }: EngineOptions, args: readonly string[]): Promise<EngineRun> {
  if (interrupted) return Promise.reject(new Error("interrupted"));
  return new Promise((resolve, reject) => {
    const started = process.hrtime.bigint();
    const stdio: ["ignore", "pipe", "pipe"] = ["ignore", "pipe", "pipe"];
    const child = spawn(program, args, { cwd, env, stdio });
    const output = { stdout: "", all: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      output.stdout += text;
      output.all += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (output.all += text));
    child.on("error", reject);
    child.on("exit", (code) => {
      const seconds = Number(process.hrtime.bigint() - started) / 1e9;
      // A server that outlives the run may hold the pipes: what was printed has arrived by the next turn.
      setTimeout(() => {
        child.stdout.destroy();
        child.stderr.destroy();
        if (code === 0) resolve({ seconds, stdout: output.stdout });
        else reject(new Error(`pulumi ${args.join(" ")} ended with ${code ?? "a signal"}:\n${output.all}`));
      }, 20);
    });
  });
}

/** Resources of a stack by its state. */
export async function countResources(options: EngineOptions): Promise<number> {
  const { stdout } = await runEngine(options, ["stack", "export"]);
  const state = JSON.parse(stdout) as { deployment: { resources?: readonly unknown[] } };
  return state.deployment.resources?.length ?? 0;
}
