import { stat } from "node:fs/promises";
import { Option } from "commander";
import type { Finding } from "../../../../components/core/finding";
import { isOfContainer, type OpsSchedules } from "../../../../components/core/ops-context";
import { containerFetchPath } from "../../../../components/core/ops/files";
import { problemError } from "../../../../components/core/problem";
import { backupCommands, type RunBackupWork } from "../../backup/commands";
import { copiesCommands } from "../../backup/copies-commands";
import { containerPlace, type BackupPlace } from "../../backup/place";
import type { OpsCommand } from "../../command";
import { guarded, restoreCommand, type WithCopies } from "../../restore/commands";
import type { RestoreArgs } from "../../restore/arguments";
import { withFetchedBackup } from "../../restore/fetched";
import type { RestoreData } from "../../restore/outcome";
import { withProgress } from "../../progress";
import { lookAtJobs } from "../job-looks";
import type { ContainerContext } from "../surroundings";

async function placeOf({ read, write, log, contextFile }: ContainerContext): Promise<BackupPlace> {
  const progress = <Result>(label: string, doing: Promise<Result>): Promise<Result> =>
    withProgress(label, write, doing);
  const context = await read();
  const place = containerPlace(context, { progress, write });
  // Of a container alerts tell, and its scheduler's own health.
  if (isOfContainer(context)) return place;
  const judgeJobs = async (now: number): Promise<readonly Finding[]> => {
    const { mtimeMs: since } = await stat(contextFile);
    const only = { ...context, schedules: pickSchedules(context.schedules) };
    return (await lookAtJobs(only, { now, since, log })).findings;
  };
  return { ...place, judgeJobs };
}

/** Of the jobs that have to do with backups. */
function pickSchedules({ backup, drill }: OpsSchedules): OpsSchedules {
  return { backup, drill };
}

/** The same commands as on an operator's machine, where the backups are. */
const run: RunBackupWork<ContainerContext> = async (context, _words, work) =>
  work(await placeOf(context), new AbortController().signal);

const program = "node /usr/lib/pgstead/ops.cjs";

export const containerBackupCommands = [
  ...backupCommands(run, run, program),
  ...copiesCommands(run, run, program),
];

const bring: WithCopies<ContainerContext>["bring"] = async (context, wanted, restore) => {
  const place = await placeOf(context);
  const work = withFetchedBackup(place, wanted, new AbortController().signal, ({ name, directory }, signal) =>
    restore((_context, _words, doing) => doing({ ...place, fetched: directory }, signal), name),
  );
  return guarded(place, work);
};

const restoreWith = (where: RunBackupWork<ContainerContext>) =>
  restoreCommand(where, { run, bring }, program);
const ofRepository = restoreWith(run);

interface DeliveredArgs extends RestoreArgs {
  /** What an operator's machine, which has the key, has put here from a copy. */
  readonly fetched?: string;
}

export const containerRestoreCommand: OpsCommand<DeliveredArgs, RestoreData, ContainerContext> = {
  ...ofRepository,
  declare: (command) => {
    ofRepository.declare(command);
    command.addOption(new Option("--fetched <id>").hideHelp());
  },
  run: (context, { fetched, ...args }) =>
    (fetched === undefined ? ofRepository : restoreWith(onDelivered(fetched))).run(context, args),
};

function onDelivered(id: string): RunBackupWork<ContainerContext> {
  if (!/^[0-9a-f]{8}$/.test(id)) throw problemError("--fetched", "is no name of a delivery", "leave it out");
  const fetched = `${containerFetchPath}/delivered/${id}`;
  return async (context, _words, work) =>
    work({ ...(await placeOf(context)), fetched }, new AbortController().signal);
}
