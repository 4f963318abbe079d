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
}

/**
 * Pulumi as a process of its own, so that this program needs no engine.
 *
 * @param write what the toolchain says while it gets what is missing is passed on
 */
export function pulumiOf(root: string, write: WriteLine): Pulumi {
  const script = join(root, "infra", "toolchain", "run.cjs");
  return (args, { show, plan } = {}) =>
    new Promise((resolve, reject) => {
      const child = spawn(process.execPath, [script, "infra/toolchain/pulumi.ts", ...args], {
        cwd: root,
        env: { ...process.env, ...(plan === undefined ? {} : { PGSTEAD_PLAN: plan }) },
        stdio: ["ignore", "pipe", "pipe"],
      });
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
        resolve({ exitCode: code ?? 1, ...output });
      });
    });
}
