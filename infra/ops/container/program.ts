import { Command } from "commander";
import { opsContextPath } from "../../../components/core/ops/files";
import { describeFailure } from "../failure";
import type { AnyCommand } from "../command";
import { runProgram } from "../program";
import { exitCodes, type Ending } from "../report";
import type { ProgramOptions, Stream } from "../run-command";
import type { Clock } from "./clock";
import { containerBackupCommands, containerRestoreCommand } from "./commands/backup";
import { containerGateCommand } from "./commands/backup-gate";
import { elsewhereCommands } from "./commands/elsewhere";
import { healthCommand } from "./commands/health";
import { containerJobsCommand } from "./commands/jobs";
import { containerRecoveryCommand } from "./commands/recovery";
import { restoredServerCommand } from "./commands/restored-server";
import { runCommand } from "./commands/run";
import { scheduleCommand } from "./commands/schedule";
import { containerStatusCommand } from "./commands/status";
import { readOpsContext } from "./context";
import { createLog } from "./log";
import type { ContainerContext } from "./surroundings";

/** What the container's program needs from outside, so that a test can stand in for it. */
export interface ContainerSurroundings {
  readonly version: string;
  readonly clock: Clock;
  readonly listen: ContainerContext["listen"];
  readonly stdout: Stream;
  readonly stderr: Stream;
  readonly env: NodeJS.ProcessEnv;
}

interface ContainerOptions extends ProgramOptions {
  readonly context: string;
}

/** Every command, in the order of the help. */
export const containerCommands: readonly AnyCommand<ContainerContext>[] = [
  scheduleCommand,
  runCommand,
  containerJobsCommand,
  containerStatusCommand,
  ...containerBackupCommands,
  containerGateCommand,
  containerRestoreCommand,
  containerRecoveryCommand,
  restoredServerCommand,
  healthCommand,
  ...elsewhereCommands,
];

/** Runs one command line of the container and says how it ended. */
export async function runContainer(
  argv: readonly string[],
  { version, clock, listen, stdout, stderr, env }: ContainerSurroundings,
): Promise<Ending> {
  const known: { stack?: string } = {};
  return runProgram(argv, containerCommands, {
    program: describeProgram(version),
    open: (_command, { context, json }: ContainerOptions) =>
      Promise.resolve<ContainerContext>({
        version,
        contextFile: context,
        clock,
        listen,
        log: createLog((line) => (json ? stderr : stdout).write(line), clock),
        write: (line) => stderr.write(`${line}\n`),
        async read() {
          const found = await readOpsContext(context, version);
          known.stack = found.stack;
          return found;
        },
      }),
    // The way to mend something is the stack's own: it starts on the machine that the stack is deployed from.
    explain: (error) => describeFailure(error, known.stack ?? "<stack>"),
    stdout,
    stderr,
    env,
  });
}

function describeProgram(version: string): Command {
  return new Command("ops.cjs")
    .description("Looks after a stack of pgstead from inside of its ops container.")
    .version(version, "-V, --version", "print the version")
    .option("--context <file>", "what `up` has written for this container", opsContextPath)
    .addHelpText("afterAll", exitCodeHelp)
    .showHelpAfterError("  hint: `node /usr/lib/pgstead/ops.cjs --help` says what there is");
}

const exitCodeHelp = `
Exit codes:
  ${exitCodes.good}  good
  ${exitCodes.finding}  a finding: the job failed, the server is not as declared, the scheduler does not work
  ${exitCodes.usage}  the command line or the context is wrong, or the command is not for this container
  ${exitCodes["cannot-tell"]}  cannot tell: the server could not be asked
  ${exitCodes.cancelled}  ended by Ctrl-C or SIGTERM`;
