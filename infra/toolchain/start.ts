/** `npm start`: gets whatever is missing, brings up stack dev, and says how to connect. */
import { join } from "node:path";
import { problemError } from "../../components/core/problem";
import { parseCommand, withOptions } from "./arguments";
import { parseOutputs, renderConnection } from "./connect";
import { createContext, setting, type ToolchainContext } from "./context";
import { readCheckpoint, type DevStack } from "./dev-stack";
import { prepareEnvironment } from "./environment";
import { waiting, withLock } from "./install";
import { devStack } from "./login";
import { main } from "./main";
import { runPulumi } from "./run-pulumi";

const usage = `npm start -- [options]   gets whatever is missing, then brings up a stack: \`pulumi up\`

  --stack NAME   another stack than dev, with your own Pulumi login; Pulumi then asks before it changes anything
  --refresh      ask the download site again for what an offline edition stands in for
  --help         this text

Other options are those of \`pulumi up\`: \`npm run pulumi -- up --help\`.
Without options it needs no answer: stack dev is a server of this checkout alone.
`;

main(async (args) => {
  if (args.some((arg) => arg === "--help" || arg === "-h")) {
    process.stdout.write(usage);
    return 0;
  }
  assertOptions(args);
  const context = createContext();
  // `up --refresh` is another thing: `npm run pulumi -- up --refresh` has it.
  const refresh = args.includes("--refresh");
  const own = args.filter((arg) => arg !== "--refresh");
  const upArgs = ["up", ...stackOption(context, own), ...own];
  const command = parseCommand(upArgs);
  const environment = await prepareEnvironment(context, command, { refresh });
  const { dev } = environment;
  if (dev === undefined) return runPulumi(context, environment, command, upArgs);
  const exitCode = await oneAtATime(context, () => {
    const all = withOptions(upArgs, command, devOptions(dev));
    return runPulumi(context, environment, parseCommand(all), all);
  });
  if (exitCode === 0) tell(dev);
  return exitCode;
});

/** `pulumi up` would take it for a template to fetch. */
function assertOptions([first]: readonly string[]): void {
  if (first === undefined || first.startsWith("-")) return;
  throw problemError(
    `npm start -- ${first}`,
    "it takes options only",
    `for another stack: npm start -- --stack ${first}; for another command: npm run pulumi -- ${first}`,
  );
}

/** A second start of the same checkout waits for the first and then finds nothing to do; Pulumi itself would refuse. */
function oneAtATime(context: ToolchainContext, bringUp: () => Promise<number>): Promise<number> {
  return withLock(join(context.state, "start"), bringUp, () => {
    context.say(`another start of this checkout is at work: ${waiting}`);
  });
}

/**
 * Stack dev by name unless another one is asked for: a stack that is merely selected is not brought up by a command
 * that asks nothing.
 */
function stackOption({ env }: ToolchainContext, args: readonly string[]): string[] {
  const isNamed = parseCommand(["up", ...args]).stack !== undefined;
  return isNamed || setting(env, "PULUMI_STACK") !== undefined ? [] : ["--stack", devStack];
}

function devOptions(dev: DevStack): string[] {
  const resources = readCheckpoint(dev)?.latest?.resources ?? [];
  return [
    "--yes",
    "--suppress-permalink=true",
    "--suppress-outputs", // told below, with the words of a connection
    // Dots are for a terminal.
    ...(process.stdout.isTTY ? [] : ["--suppress-progress"]),
    // Nothing is there yet that a preview could protect; later the preview refuses before anything is changed.
    ...(resources.length === 0 ? ["--skip-preview"] : []),
  ];
}

function tell(dev: DevStack): void {
  const stack = readCheckpoint(dev)?.latest?.resources?.find(({ type }) => type === "pulumi:pulumi:Stack");
  const outputs = parseOutputs(stack?.outputs);
  if (outputs !== undefined) process.stdout.write(`\n${renderConnection(outputs)}\n`);
}
