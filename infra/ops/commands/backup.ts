import { execIn } from "../../../components/io/docker/container";
import { connectDocker } from "../../../components/io/docker/engine";
import { backupCommands, type RunBackupWork } from "../backup/commands";
import { copiesCommands } from "../backup/copies-commands";
import { localPlace } from "../backup/place";
import type { CommandContext } from "../command";
import { readAnswer } from "../answer";
import { askHost } from "../jobs/ask-host";
import { untilInterrupted } from "../interrupt";
import type { Report } from "../report";

/** A backup of a large database takes its time; the container ends a run that hangs by itself. */
const longestMs = 24 * 3_600_000;

/**
 * In containers the backups are on a volume, and what reads and writes them is the ops container; where the server's host
 * runs the jobs, they are there.
 */
export const runBackupWork: RunBackupWork<CommandContext> = (context, words, work) => {
  const { docker, hostJobs } = context.config;
  if (docker !== undefined) return askContainer(context, words);
  if (hostJobs === undefined) return runHere(context, words, work);
  return untilInterrupted(context.write, ({ signal }) => askHost(context, hostJobs, words, signal));
};

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
  const result = await progress(`${words.slice(0, 2).join(" ")} in container ${name}`, answer);
  return readAnswer(`container ${name}`, result, stack);
}
