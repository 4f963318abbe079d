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
    const { reason, hint } = explainFailure(stderr, stack);
    throw cannotTell(
      `the state of stack ${stack} cannot be read`,
      reason || `Pulumi ended with exit code ${exitCode}`,
      hint,
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
      // With a colon at its end it is the title of a problem, which is told once, at the end.
      if (line.startsWith("pgstead:") && !line.endsWith(":")) write(line);
    });
    child.on("error", reject);
    child.on("close", (code) => {
      resolve({ exitCode: code ?? 1, ...output });
    });
  });
}

/** The end of what was said, where the reason stands; a problem of the toolchain brings its own hint. */
export function explainFailure(stderr: string, stack: string): { reason: string; hint: string } {
  const lines = stderr.split("\n").map((line) => line.trim());
  const hint = lines.findLast((line) => line.startsWith("hint: "))?.slice("hint: ".length);
  const reasons = lines
    .filter((line) => line !== "" && !line.startsWith("hint: "))
    .filter((line) => !line.startsWith("pgstead:") || line.endsWith(":"))
    .map((line) => line.replace(/^pgstead: /, ""));
  const reason = reasons
    .slice(-3)
    .reduce((text, line) => `${text}${text.endsWith(":") ? " " : "; "}${line}`, "");
  return { reason: reason.replace(/^; /, ""), hint: hint ?? hintFor(stderr, stack) };
}

function hintFor(stderr: string, stack: string): string {
  if (/passphrase/i.test(stderr)) {
    return stack === "dev"
      ? "put back the passphrase that this state was made with; `npm run doctor` says where the state of stack dev is"
      : "set PULUMI_CONFIG_PASSPHRASE_FILE or PULUMI_CONFIG_PASSPHRASE to the stack's passphrase";
  }
  if (/login|logged in|access token|credentials/i.test(stderr)) {
    return "log in to the backend that holds the stack with `npm run pulumi -- login`";
  }
  return `\`npm run doctor\` says what is missing; \`npm run pulumi -- stack --stack ${stack}\` shows the state`;
}
