import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { problemError } from "../../components/core/problem";
import { takesConfigFile, withOptions, type PulumiCommand } from "./arguments";
import { readSalt, type DevStack } from "./dev-stack";
import { devStack } from "./login";
import { isRunning } from "../../components/io/running-process";
import { saltOf, takeOver, withSalt } from "./stack-file";

/** The checkout's file of the dev stack, kept free of the salt while a command runs. */
export interface StackCopy {
  /** The command's arguments, with the copy named where the command can take one. */
  readonly args: string[];
  /** After the command: takes over what it changed, and leaves no salt. */
  readonly finish: () => void;
}

export function copyStackFile(
  project: string,
  stack: DevStack,
  command: PulumiCommand,
  args: readonly string[],
): StackCopy {
  const file = join(project, `Pulumi.${devStack}.yaml`);
  const salt = readSalt(stack);
  const original = existsSync(file) ? readFileSync(file, "utf8") : "";
  // An earlier command that was killed left it; a salt of another login is not ours to remove.
  const committed = saltOf(original) === salt ? takeSalt(original) : original;
  if (committed !== original) writeFileSync(file, committed);
  const isRemoval = command.words.join(" ") === "stack rm";
  if (salt === undefined || !takesConfigFile(command) || command.hasConfigFile) {
    // `stack rm` removes the stack's file as well, which is the checkout's.
    const safe = isRemoval && !command.isHelp ? withOptions(args, command, ["--preserve-config"]) : [...args];
    return {
      args: safe,
      finish: () => {
        settle(file, { before: committed, after: file });
      },
    };
  }
  removeForgotten(stack.stub);
  // One copy per run: two runs at the same time do not see each other's.
  const copy = join(stack.stub, `run-${process.pid}.yaml`);
  const before = withSalt(committed, salt);
  writeFileSync(copy, before, { mode: 0o600 });
  return {
    args: withOptions(args, command, [`--config-file=${copy}`]),
    finish: () => {
      settle(file, { before: committed, after: copy });
      rmSync(copy, { force: true });
    },
  };
}

function settle(file: string, { before, after }: { readonly before: string; readonly after: string }): void {
  if (!existsSync(after)) {
    if (before !== "" && !existsSync(file)) writeFileSync(file, before);
    return;
  }
  const left = readFileSync(after, "utf8");
  // The file as it is now: the user may have edited it while the command ran.
  const current = after === file || !existsSync(file) ? before : readFileSync(file, "utf8");
  const settled = takeOver(before, left, current);
  if (settled === "" || (existsSync(file) && readFileSync(file, "utf8") === settled)) return;
  try {
    writeFileSync(file, settled);
  } catch (error) {
    throw problemError(
      file,
      `what the command changed in the configuration cannot be written there: ${(error as Error).message}`,
      "make the file writable, then run the command again.",
      { cause: error },
    );
  }
}

/** Copies of runs that were killed. */
function removeForgotten(directory: string): void {
  for (const name of readdirSync(directory)) {
    const pid = /^run-(\d+)\.yaml$/.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) rmSync(join(directory, name), { force: true });
  }
}

/** Pulumi writes it as a line of its own, the first or the last. */
function takeSalt(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.startsWith("encryptionsalt:"))
    .join("\n");
}
