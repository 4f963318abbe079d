import { Command, CommanderError } from "commander";
import type { StackConfig } from "../config";
import { colorsFor, type Colors } from "./colors";
import type { OpsCommand, CommandContext } from "./command";
import { describeFailure } from "./failure";
import { parseOutputs, type OutputsSource } from "./outputs";
import type { Pulumi } from "./pulumi";
import { pulumiOutputs } from "./pulumi-outputs";
import { withProgress, type WriteLine } from "./progress";
import { exitCodes, renderFailureJson, renderJson, statusOf, type Failure, type Status } from "./report";
import { UnknownStackError } from "./stack";
import { renderFailure, renderFindings } from "./text";

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

export interface Stream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
}

// A list holds commands of different arguments: each is only ever called with what its own options gave.
// eslint-disable-next-line @typescript-eslint/no-explicit-any
export type AnyCommand<Context = CommandContext> = OpsCommand<any, any, Context>;

interface GlobalOptions extends ProgramOptions {
  readonly stack: string;
}

/** Runs one command line and says how it ended. Everything is written by then. */
export function runOps(
  argv: readonly string[],
  commands: readonly AnyCommand[],
  surroundings: Surroundings,
): Promise<Status> {
  return runProgram(argv, commands, {
    ...surroundings,
    program: describeProgram(surroundings.version),
    open: (command, { stack }: GlobalOptions) => openContext(command, stack, surroundings),
    explain: (error, { stack }) => describeFailure(error, stack),
  });
}

/** A command line: how it describes itself, and what its commands work from. */
export interface Program<Context, Options extends ProgramOptions> {
  /** With the options that all commands have. */
  readonly program: Command;
  readonly open: (command: AnyCommand<Context>, options: Options) => Promise<Context>;
  /** What an error of a command means for its user. */
  readonly explain: (error: unknown, options: Options) => Failure;
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: NodeJS.ProcessEnv;
}

/** Options that every command line has. */
export interface ProgramOptions {
  readonly json: boolean;
  /** Pulumi's name of the stack, where the user is asked for it. */
  readonly stack?: string;
}

/** Runs one line of any command line that is made of such commands. Everything is written by the end. */
export async function runProgram<Context, Options extends ProgramOptions>(
  argv: readonly string[],
  commands: readonly AnyCommand<Context>[],
  surroundings: Program<Context, Options>,
): Promise<Status> {
  const outcome: { status: Status } = { status: "good" };
  const program = writeTo(surroundings, argv.includes("--json"));
  for (const command of commands) {
    const described = addCommand(program, command.name).summary(command.summary).description(command.summary);
    command.declare(described);
    described.action(async () => {
      const options = { ...described.optsWithGlobals<Options>(), operands: described.args };
      outcome.status = await runCommand(command, options, surroundings);
    });
  }
  try {
    await program.parseAsync([...argv], { from: "user" });
    return outcome.status;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    if (error.exitCode === 0) return "good"; // help or version was asked for
    if (argv.includes("--json") && error.code !== "commander.help") {
      const failure = usageFailure(error.message);
      surroundings.stdout.write(renderFailureJson(failure, { command: null, stack: null }));
    }
    return "usage";
  }
}

/** What the commands of a group have in common, by the first word of their name. */
const groups: Readonly<Record<string, string>> = { migrate: "schema changes as code" };

/** `migrate lint` is a command of the group `migrate`. */
function addCommand(program: Command, name: string): Command {
  const [first = "", second] = name.split(" ");
  if (second === undefined) return program.command(first);
  const known = program.commands.find((command) => command.name() === first);
  const summary = groups[first] ?? "";
  const group =
    known ?? program.command(first).summary(summary).description(summary).usage("<command> [options]");
  return group.command(second);
}

async function runCommand<Context, Options extends ProgramOptions>(
  command: AnyCommand<Context>,
  options: Options,
  { open, explain, stdout, stderr, env }: Program<Context, Options>,
): Promise<Status> {
  const { json } = options;
  const stack = command.worksWithoutStack === true ? null : (options.stack ?? null);
  try {
    const report = await command.run(await open(command, options), options);
    if (json) stdout.write(renderJson(report));
    else {
      const { output, machine } = command.render(report, options, colorsFor(stdout, env));
      stdout.write(output);
      const [stream, colors]: [Stream, Colors] =
        machine === true ? [stderr, colorsFor(stderr, env)] : [stdout, colorsFor(stdout, env)];
      stream.write(renderFindings(report.findings, colors));
    }
    return statusOf(report);
  } catch (error) {
    const failure = explain(error, options);
    if (json) stdout.write(renderFailureJson(failure, { command: command.name, stack }));
    else stderr.write(renderFailure(failure, colorsFor(stderr, env)));
    return failure.status;
  }
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
    outputs: async (other = stack) =>
      parseOutputs(await progress(`reading the state of stack ${other}`, source(other)), other),
    progress,
    pulumi,
    write,
    ...(surroundings.ask === undefined ? {} : { ask: surroundings.ask }),
    ...(surroundings.askFor === undefined ? {} : { askFor: surroundings.askFor }),
  };
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

/** What all command lines have in common. */
function writeTo(
  { program, stdout, stderr }: Pick<Program<never, never>, "program" | "stdout" | "stderr">,
  json: boolean,
): Command {
  return program
    .usage("<command> [options]")
    .helpOption("-h, --help", "print help, of a command after its name")
    .option("--json", "print one JSON document instead of text", false)
    .configureHelp({ showGlobalOptions: true })
    .exitOverride()
    .configureOutput({
      writeOut: (text) => stdout.write(text),
      writeErr: (text) => {
        if (!json) stderr.write(text);
      },
    });
}

function usageFailure(message: string): Failure {
  const [title = message, ...rest] = message.replace(/^error: /, "").split("\n");
  const hint = rest.join(" ").replace(/^\((.*)\)$/, "$1") || "`npm run ops -- --help` says what there is";
  return {
    status: "usage",
    title: "the command line is not usable",
    problems: [{ path: "", message: title, hint }],
  };
}

const exitCodeHelp = `
Exit codes:
  ${exitCodes.good}  good
  ${exitCodes.finding}  a finding: something is not as declared, or does not fit
  ${exitCodes.usage}  the command line or the configuration is wrong
  ${exitCodes["cannot-tell"]}  cannot tell: the server or the state could not be read
  ${exitCodes.cancelled}  ended by Ctrl-C`;
