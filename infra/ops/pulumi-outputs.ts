import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { cannotTell } from "./failure";
import { neverDeployed, type OutputsSource } from "./outputs";
import type { WriteLine } from "./progress";

/**
 * Asks Pulumi for a stack's outputs, in the project's own environment.
 *
 * A process of its own, so that this program needs no engine. What that says while it gets a toolchain is passed on.
 */
export function pulumiOutputs(root: string, write: WriteLine): OutputsSource {
  return async (stack) => {
    const args = ["stack", "output", "--json", "--show-secrets", "--stack", stack];
    const { exitCode, stdout, stderr } = await runPulumi(root, args, write);
    if (exitCode === 0) return stdout;
    if (/no stack named|no current checkpoint|stack .* not found/i.test(stderr)) throw neverDeployed(stack);
    throw cannotTell(
      `the state of stack ${stack} cannot be read`,
      lastLines(stderr) || `Pulumi ended with exit code ${exitCode}`,
      hintFor(stderr, stack),
    );
  };
}

interface Answer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runPulumi(root: string, args: readonly string[], write: WriteLine): Promise<Answer> {
  const toolchain = join(root, "infra", "toolchain");
  return new Promise((resolve, reject) => {
    const child = spawn(
      process.execPath,
      [join(toolchain, "run.cjs"), "infra/toolchain/pulumi.ts", ...args],
      { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
    );
    const output = { stdout: "", stderr: "" };
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output.stdout += text));
    createInterface({ input: child.stderr }).on("line", (line) => {
      output.stderr += `${line}\n`;
      if (line.startsWith("pgstead:")) write(line);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ exitCode: code ?? 1, ...output });
    });
  });
}

function hintFor(stderr: string, stack: string): string {
  if (/passphrase/i.test(stderr)) {
    return "set PULUMI_CONFIG_PASSPHRASE_FILE or PULUMI_CONFIG_PASSPHRASE to the stack's passphrase";
  }
  if (/login|logged in|access token|credentials/i.test(stderr)) {
    return "log in to the backend that holds the stack with `npm run pulumi -- login`";
  }
  return `\`npm run doctor\` says what is missing; \`npm run pulumi -- stack --stack ${stack}\` shows the state`;
}

/** The end of what Pulumi said, where the reason stands. */
function lastLines(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim());
  return lines
    .filter((line) => line !== "" && !line.startsWith("pgstead:"))
    .slice(-3)
    .join("; ");
}
