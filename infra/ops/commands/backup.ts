import { problemError, ProblemError } from "../../../components/core/problem";
import { execIn } from "../../../components/io/docker/container";
import { connectDocker } from "../../../components/io/docker/engine";
import { backupCommands, type RunBackupWork } from "../backup/commands";
import { copiesCommands } from "../backup/copies-commands";
import { localPlace } from "../backup/place";
import type { CommandContext } from "../command";
import { CannotTellError, upCommand } from "../failure";
import type { Failure, Report } from "../report";
import { untilInterrupted } from "../interrupt";

/** A backup of a large database takes its time; the container ends a run that hangs by itself. */
const longestMs = 24 * 3_600_000;

/** In containers the backups are on a volume, and what reads and writes them is the ops container. */
export const runBackupWork: RunBackupWork<CommandContext> = (context, words, work) =>
  context.config.docker === undefined ? runHere(context, words, work) : askContainer(context, words);

/** What is elsewhere is reached from here, whatever the target: the host with the containers may be lost. */
export const runHere: RunBackupWork<CommandContext> = (context, _words, work) =>
  untilInterrupted(context.write, ({ signal }) => work(localPlace(context), signal));

const program = "npm run ops --";

export const backups = [
  ...backupCommands(runBackupWork, runHere, program),
  ...copiesCommands(runBackupWork, runHere, program),
];

/** Has the ops container run a command line. */
export async function askContainer<Data>(
  { config, stack, progress }: CommandContext,
  words: readonly string[],
  { timeoutMs = longestMs } = {},
): Promise<Report<Data>> {
  const name = `${config.docker?.name ?? ""}-ops`;
  const docker = connectDocker(config.docker?.engine ?? {});
  const command = ["node", "/usr/lib/pgstead/ops.cjs", "--json", ...words];
  const answer = execIn(docker, name, command, { timeoutMs });
  const { stdout, stderr, exitCode } = await progress(
    `${words.slice(0, 2).join(" ")} in container ${name}`,
    answer,
  );
  return readAnswer(stdout, stack) ?? fail(name, exitCode, stderr, stack);
}

/** @throws what the command there ended with */
function readAnswer<Data>(text: string, stack: string): Report<Data> | undefined {
  try {
    const found = JSON.parse(text) as
      Report<Data> | { readonly status: Failure["status"]; readonly error: Failure };
    if (!("error" in found)) return { ...found, stack };
    const { title, problems } = found.error;
    throw new (found.status === "usage" ? ProblemError : CannotTellError)(title, problems);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

function fail(name: string, exitCode: number, stderr: string, stack: string): never {
  const said = stderr.trim().split("\n").at(-1) ?? "";
  throw problemError(
    `container ${name}`,
    `ended with ${exitCode} and gave no answer${said === "" ? "" : `: ${said}`}`,
    `is it of this version of pgstead? \`${upCommand(stack)}\` brings it there`,
  );
}
