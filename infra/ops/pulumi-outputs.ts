import { cannotTell } from "./failure";
import { neverDeployed, type OutputsSource } from "./outputs";
import type { Pulumi } from "./pulumi";

/** Asks Pulumi for a stack's outputs. */
export function pulumiOutputs(pulumi: Pulumi): OutputsSource {
  return async (stack) => {
    const args = ["stack", "output", "--json", "--show-secrets", "--stack", stack];
    const { exitCode, stdout, stderr } = await pulumi(args);
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
