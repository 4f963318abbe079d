import { Command } from "commander";
import type { SshWay } from "../../components/core/ssh/way";
import type { StackConfig } from "../config";
import type { AnyCommand, CommandContext } from "./command";
import { describeFailure } from "./failure";
import { parseOutputs, type OutputsSource } from "./outputs";
import type { Pulumi } from "./pulumi";
import { pulumiOutputs } from "./pulumi-outputs";
import { withProgress, type WriteLine } from "./progress";
import { runProgram } from "./program";
import { exitCodes, type Ending } from "./report";
import type { ProgramOptions, Stream } from "./run-command";
import { UnknownStackError } from "./stack";

/** What the frame needs from outside, so that a test can stand in for it. */
export interface Surroundings {
  readonly version: string;
  /** Pulumi's name of the project. */
  readonly project: string;
  /** Directory of the project. */
  readonly root: string;
  /** @throws UnknownStackError where the stack has no file */
  readonly readConfig: (stack: string) => Promise<StackConfig>;
  readonly pulumi: (write: WriteLine) => Pulumi;
  /** Where the outputs come from instead of Pulumi. */
  readonly readOutputs?: OutputsSource;
  /** Asks a person; absent where there is none at a terminal. */
  readonly ask?: (question: string) => Promise<boolean>;
  /** Has a person type something; absent where there is none at a terminal. */
  readonly askFor?: (question: string) => Promise<string>;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: NodeJS.ProcessEnv;
}

interface GlobalOptions extends ProgramOptions {
  readonly stack: string;
}

/** Runs one command line and says how it ended. Everything is written by then. */
export function runOps(
  argv: readonly string[],
  commands: readonly AnyCommand[],
  surroundings: Surroundings,
): Promise<Ending> {
  return runProgram(argv, commands, {
    ...surroundings,
    program: describeProgram(surroundings.version),
    open: (command, { stack }: GlobalOptions) => openContext(command, stack, surroundings),
    explain: (error, { stack }) => describeFailure(error, stack),
  });
}

async function openContext(
  { worksWithoutConfig }: AnyCommand,
  stack: string,
  surroundings: Surroundings,
): Promise<CommandContext> {
  const write: WriteLine = (line) => surroundings.stderr.write(`${line}\n`);
  const progress: CommandContext["progress"] = (label, work) => withProgress(label, write, work);
  const pulumi = surroundings.pulumi(write);
  const source = surroundings.readOutputs ?? pulumiOutputs(pulumi);
  return {
    project: surroundings.project,
    root: surroundings.root,
    stack,
    findConfig: () => findConfig(stack, surroundings),
    config: worksWithoutConfig === true ? noConfig(stack) : await surroundings.readConfig(stack),
    outputs: async (other = stack) => {
      const text = await progress(`reading the state of stack ${other}`, source(other));
      return parseOutputs(text, other, await wayOf(other, surroundings));
    },
    progress,
    pulumi,
    write,
    ...(surroundings.ask === undefined ? {} : { ask: surroundings.ask }),
    ...(surroundings.askFor === undefined ? {} : { askFor: surroundings.askFor }),
  };
}

/** The way to a stack's server is declared; the state may be of a stack that has no file here, such as one of another program. */
async function wayOf(stack: string, { readConfig }: Surroundings): Promise<SshWay | undefined> {
  const config = await readConfig(stack).catch((error: unknown) => {
    if (error instanceof UnknownStackError) return undefined;
    throw error;
  });
  return config?.server.existing?.ssh;
}

/** A stack that was named has to be there. */
function findConfig(stack: string, { readConfig }: Surroundings): Promise<StackConfig | undefined> {
  return readConfig(stack).catch((error: unknown) => {
    if (error instanceof UnknownStackError && stack === usualStack) return undefined;
    throw error;
  });
}

/** The stack of a command line that names none. */
const usualStack = "dev";

/** Stands in for a configuration that is yet to be made. */
function noConfig(stack: string): StackConfig {
  return new Proxy({} as StackConfig, {
    get: () => {
      throw new Error(`the configuration of stack ${stack} is asked for before it is made`);
    },
  });
}

function describeProgram(version: string): Command {
  return new Command("ops")
    .description("Looks at and looks after what a stack of pgstead declares.")
    .version(version, "-V, --version", "print the version")
    .option("-s, --stack <name>", "stack to work on", usualStack)
    .addHelpText("afterAll", exitCodeHelp)
    .showHelpAfterError("  hint: `npm run ops -- --help` says what there is");
}

const exitCodeHelp = `
Exit codes:
  ${exitCodes.good}  good
  ${exitCodes.finding}  a finding: something is not as declared, or does not fit
  ${exitCodes.usage}  the command line or the configuration is wrong
  ${exitCodes["cannot-tell"]}  cannot tell: the server or the state could not be read
  ${exitCodes.cancelled}  ended by Ctrl-C`;
