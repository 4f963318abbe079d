import { Command, CommanderError } from "commander";
import type { StackConfig } from "../config";
import { colorsFor, type Colors } from "./colors";
import type { OpsCommand, OpsContext } from "./command";
import { describeFailure } from "./failure";
import { parseOutputs, type OutputsSource } from "./outputs";
import type { Pulumi } from "./pulumi";
import { pulumiOutputs } from "./pulumi-outputs";
import { withProgress, type WriteLine } from "./progress";
import { exitCodes, renderFailureJson, renderJson, statusOf, type Failure, type Status } from "./report";
import { renderFailure, renderFindings } from "./text";

/** What the frame needs from outside, so that a test can stand in for it. */
export interface Surroundings {
  readonly version: string;
  /** Pulumi's name of the project. */
  readonly project: string;
  readonly readConfig: (stack: string) => Promise<StackConfig>;
  readonly pulumi: (write: WriteLine) => Pulumi;
  /** Where the outputs come from instead of Pulumi. */
  readonly readOutputs?: OutputsSource;
  /** Asks a person; absent where there is none at a terminal. */
  readonly ask?: (question: string) => Promise<boolean>;
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
export type AnyCommand = OpsCommand<any, any>;

interface GlobalOptions {
  readonly stack: string;
  readonly json: boolean;
}

/** Runs one command line and says how it ended. Everything is written by then. */
export async function runOps(
  argv: readonly string[],
  commands: readonly AnyCommand[],
  surroundings: Surroundings,
): Promise<Status> {
  const outcome: { status: Status } = { status: "good" };
  const program = describeProgram(surroundings, argv.includes("--json"));
  for (const command of commands) {
    const described = program.command(command.name).summary(command.summary).description(command.summary);
    command.declare(described);
    described.action(async () => {
      const options = { ...described.optsWithGlobals<GlobalOptions>(), operands: described.args };
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

async function runCommand(
  command: AnyCommand,
  options: GlobalOptions,
  surroundings: Surroundings,
): Promise<Status> {
  const { stdout, stderr, env } = surroundings;
  const { stack, json } = options;
  try {
    const report = await command.run(await openContext(command, stack, surroundings), options);
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
    const failure = describeFailure(error, stack);
    if (json) stdout.write(renderFailureJson(failure, { command: command.name, stack }));
    else stderr.write(renderFailure(failure, colorsFor(stderr, env)));
    return failure.status;
  }
}

async function openContext(
  { worksWithoutConfig }: AnyCommand,
  stack: string,
  surroundings: Surroundings,
): Promise<OpsContext> {
  const write: WriteLine = (line) => surroundings.stderr.write(`${line}\n`);
  const progress: OpsContext["progress"] = (label, work) => withProgress(label, write, work);
  const pulumi = surroundings.pulumi(write);
  const source = surroundings.readOutputs ?? pulumiOutputs(pulumi);
  return {
    project: surroundings.project,
    stack,
    config: worksWithoutConfig === true ? noConfig(stack) : await surroundings.readConfig(stack),
    outputs: async () =>
      parseOutputs(await progress(`reading the state of stack ${stack}`, source(stack)), stack),
    progress,
    pulumi,
    write,
    ...(surroundings.ask === undefined ? {} : { ask: surroundings.ask }),
  };
}

/** Stands in for a configuration that is yet to be made. */
function noConfig(stack: string): StackConfig {
  return new Proxy({} as StackConfig, {
    get: () => {
      throw new Error(`the configuration of stack ${stack} is asked for before it is made`);
    },
  });
}

function describeProgram({ version, stdout, stderr }: Surroundings, json: boolean): Command {
  return new Command("ops")
    .usage("<command> [options]")
    .description("Looks at and looks after what a stack of pgstead declares.")
    .version(version, "-V, --version", "print the version")
    .helpOption("-h, --help", "print help, of a command after its name")
    .option("-s, --stack <name>", "stack to work on", "dev")
    .option("--json", "print one JSON document instead of text", false)
    .configureHelp({ showGlobalOptions: true })
    .addHelpText("afterAll", exitCodeHelp)
    .showHelpAfterError("  hint: `npm run ops -- --help` says what there is")
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
  ${exitCodes["cannot-tell"]}  cannot tell: the server or the state could not be read`;
