import { backupCommands, type RunBackupWork } from "../../backup/commands";
import { copiesCommands } from "../../backup/copies-commands";
import { containerPlace } from "../../backup/place";
import { restoreCommand } from "../../restore/commands";
import { withProgress } from "../../progress";
import type { ContainerContext } from "../surroundings";

/** The same commands as on an operator's machine, where the backups are. */
const run: RunBackupWork<ContainerContext> = async ({ read, write }, _words, work) => {
  const progress = <Result>(label: string, doing: Promise<Result>): Promise<Result> =>
    withProgress(label, write, doing);
  return work(containerPlace(await read(), { progress, write }), new AbortController().signal);
};

const program = "node /usr/lib/pgstead/ops.cjs";

export const containerBackupCommands = [
  ...backupCommands(run, run, program),
  ...copiesCommands(run, run, program),
];

export const containerRestoreCommand = restoreCommand(run, program);
