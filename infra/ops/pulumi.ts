import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { WriteLine } from "./progress";

export interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs Pulumi in the project's own environment and gives what it said. */
export type Pulumi = (args: readonly string[], options?: PulumiOptions) => Promise<Answer>;

export interface PulumiOptions {
  /** Receives each line of standard output as it comes. */
  readonly show?: WriteLine;
  /** `full`: plans are not cut; `json`: they are for programs. */
  readonly plan?: "full" | "json";
  /**
   * Has Pulumi end at its next safe point. It then hears of Ctrl-C in a terminal by this alone: a second signal would make
   * it give up in the middle of a statement.
   */
  readonly signal?: AbortSignal;
}

/**
 * Pulumi as a process of its own, so that this program needs no engine.
 *
 * @param write what the toolchain says while it gets what is missing is passed on
 */
export function pulumiOf(root: string, write: WriteLine): Pulumi {
  const script = join(root, "infra", "toolchain", "run.cjs");
  return (args, { show, plan, signal } = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [script, "infra/toolchain/pulumi.ts", ...args], {
        cwd: root,
        env: { ...process.env, ...(plan === undefined ? {} : { PGSTEAD_PLAN: plan }) },
        stdio: ["ignore", "pipe", "pipe"],
        detached: signal !== undefined,
      });
      const end = (): void => void child.kill("SIGINT");
      signal?.addEventListener("abort", end, { once: true });
      if (signal?.aborted === true) end();
      const output = { stdout: "", stderr: "" };
      child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
      if (show !== undefined) createInterface({ input: child.stdout }).on("line", show);
      createInterface({ input: child.stderr }).on("line", (line) => {
        output.stderr += `${line}\n`;
        // With a colon at its end it is the title of a problem, which is told once, at the end.
        if (line.startsWith("pgstead:") && !line.endsWith(":")) write(line);
      });
      child.on("error", reject);
      child.on("close", (code) => {
        signal?.removeEventListener("abort", end);
        resolve({ exitCode: code ?? 1, ...output });
      });
    });
}
