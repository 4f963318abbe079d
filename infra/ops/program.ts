import { CommanderError, type Command } from "commander";
import type { AnyCommand } from "./command";
import { renderNagiosFailure } from "./nagios";
import { nagiosEndings, renderFailureJson, type Ending, type Failure } from "./report";
import { runCommand, type Program, type ProgramOptions } from "./run-command";
import { declareWatch } from "./watch";

/** Runs one line of any command line that is made of such commands. Everything is written by the end. */
export async function runProgram<Context, Options extends ProgramOptions>(
  argv: readonly string[],
  commands: readonly AnyCommand<Context>[],
  surroundings: Program<Context, Options>,
): Promise<Ending> {
  const outcome: { status: Ending } = { status: "good" };
  const isForPrograms = argv.includes("--json") || argv.includes("--nagios");
  const program = writeTo(surroundings, isForPrograms);
  for (const command of commands) {
    const described = addCommand(program, command.name).summary(command.summary).description(command.summary);
    command.declare(described);
    if (command.watch === true) declareWatch(described);
    if (command.nagios !== undefined) {
      described.option(
        "--nagios",
        "print one line as Nagios and Icinga read it, and end with their exit codes",
      );
    }
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
    if (!isForPrograms || error.code === "commander.help") return "usage";
    const failure = usageFailure(error.message);
    if (argv.includes("--nagios")) {
      surroundings.stdout.write(renderNagiosFailure(null, failure));
      return nagiosEndings.UNKNOWN;
    }
    surroundings.stdout.write(renderFailureJson(failure, { command: null, stack: null }));
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

/** What all command lines have in common. */
export function writeTo(
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
