import type { Command } from "commander";
import { RepositoryBusyError } from "../../../components/io/backup/lock";
import type { OpsCommand } from "../command";
import type { AnyCommand } from "../frame";
import type { Report } from "../report";
import { prune, verifyBackups, type PruneData, type VerifyData } from "./keep";
import { listBackups, readBackupStatus, type ListData, type StatusData } from "./look";
import type { BackupPlace } from "./place";
import { renderBackupStatus, renderList, renderPruned, renderTaken, renderVerified } from "./render";
import { takeBackups, type TakeData } from "./take";

/** What a command does where the backups are. */
export type BackupWork<Data> = (place: BackupPlace, signal: AbortSignal) => Promise<Report<Data>>;

/** Has a command's work done, here or where the backups are; `words` are the same command line for there. */
export type RunBackupWork<Context> = <Data>(
  context: Context,
  words: readonly string[],
  work: BackupWork<Data>,
) => Promise<Report<Data>>;

/** What others have in hand is a refusal and no mistake of the command line. */
export async function orBusy<Data>(
  { repository, stack }: BackupPlace,
  empty: Data,
  command: string,
  work: Promise<Report<Data>>,
): Promise<Report<Data>> {
  try {
    return await work;
  } catch (error) {
    if (!(error instanceof RepositoryBusyError)) throw error;
    const findings = error.problems.map(({ message, hint }) => ({ subject: repository, message, hint }));
    return { command, stack, data: empty, findings };
  }
}

/** The commands of backups, in the order of the help: the same on the command line and in the ops container. */
export function backupCommands<Context>(
  run: RunBackupWork<Context>,
  program: string,
): readonly AnyCommand<Context>[] {
  const example = (line: string): string => `\nExample:\n  ${program} ${line}`;
  return [take(run, example), list(run), verify(run, example), pruneCommand(run), status(run)];
}

type Example = (line: string) => string;

interface TakeArgs {
  readonly database?: string;
}

function take<Context>(
  run: RunBackupWork<Context>,
  example: Example,
): OpsCommand<TakeArgs, TakeData, Context> {
  return {
    name: "backup",
    summary: "take a backup of every database now, verify it, and remove what is too old",
    declare: (command) => {
      command
        .option("-d, --database <name>", "only this one of the stack's databases")
        .addHelpText("after", `${takeHelp}\n${example("backup --database shop")}`);
    },
    run: (context, { database }) =>
      run(context, ["backup", ...(database === undefined ? [] : ["--database", database])], (place, signal) =>
        orBusy(
          place,
          { repository: place.repository, taken: [], leftovers: [], removed: [] },
          "backup",
          takeBackups(place, database, signal),
        ),
      ),
    render: ({ data }) => ({ output: renderTaken(data) }),
  };
}

const takeHelp = `
One snapshot serves pg_dump, the schema and exact counts of rows; the server's roles are beside it. A backup has its name
once it is whole, checked and on disk. Whatever fails, none before it is touched, and the exit code is 1.

JSON: data.repository; data.taken [{ name, database, bytes, tables, rows, seconds, passwords, warnings }];
data.leftovers; data.removed [{ name, reason }].`;

function list<Context>(run: RunBackupWork<Context>): OpsCommand<object, ListData, Context> {
  return {
    name: "backup list",
    summary: "show the backups, and whether they are known to be good",
    declare: (command) => {
      const fields =
        "name, database, takenAt, verified, verifiedAt, bytes, format, serverVersion, migrationHead";
      command.addHelpText("after", `\nJSON: data.backups [{ ${fields},\nfaults }]; data.leftovers.`);
    },
    run: (context) => run(context, ["backup", "list"], (place) => listBackups(place)),
    render: ({ data }, _args, colors) => ({ output: renderList(data, colors) }),
  };
}

interface VerifyArgs {
  readonly operands: readonly string[];
  readonly all?: boolean;
}

function verify<Context>(
  run: RunBackupWork<Context>,
  example: Example,
): OpsCommand<VerifyArgs, VerifyData, Context> {
  return {
    name: "backup verify",
    summary: "read every byte of a backup; 1: one is not what was written",
    declare: (command: Command) => {
      command
        .argument("[name]", "one of `backup list`; default: the newest of each database")
        .option("--all", "all of them")
        .addHelpText("after", `${verifyHelp}\n${example("backup verify --all")}`);
    },
    run: (context, { operands: [name], all = false }) =>
      run(
        context,
        ["backup", "verify", ...(all ? ["--all"] : []), ...(name === undefined ? [] : ["--", name])],
        (place, signal) =>
          orBusy(
            place,
            { repository: place.repository, verified: [] },
            "backup verify",
            verifyBackups(place, { name, all }, signal),
          ),
      ),
    render: ({ data }) => ({ output: renderVerified(data) }),
  };
}

const verifyHelp = `
Manifest, sizes, SHA-256 of every file, missing and additional files, and with pg_restore of its version what is in it.
It restores nothing.

JSON: data.verified [{ name, faults, listed }].`;

interface PruneArgs {
  readonly dryRun?: boolean;
}

function pruneCommand<Context>(run: RunBackupWork<Context>): OpsCommand<PruneArgs, PruneData, Context> {
  return {
    name: "backup prune",
    summary: "remove what pgstead:backup.logical.keep does not want any more",
    declare: (command) => {
      command.option("--dry-run", "say what would go, and why, and end").addHelpText("after", pruneHelp);
    },
    run: (context, { dryRun = false }) =>
      run(context, ["backup", "prune", ...(dryRun ? ["--dry-run"] : [])], (place, signal) =>
        orBusy(
          place,
          { repository: place.repository, dryRun, databases: [] },
          "backup prune",
          prune(place, dryRun, signal),
        ),
      ),
    render: ({ data }) => ({ output: renderPruned(data) }),
  };
}

const pruneHelp = `
\`backup\` does so after each success. Nothing goes after a failed run or while the newest backup is not good, and the
newest verified one never does: that is a finding (1).

JSON: data.dryRun; data.databases [{ database, keep [{ name, reason }], remove [{ name, reason }], refused }].`;

function status<Context>(run: RunBackupWork<Context>): OpsCommand<object, StatusData, Context> {
  return {
    name: "backup status",
    summary: "say whether there are backups as there are to be; 1: stale, damaged, or the last run failed",
    declare: (command) => {
      command.addHelpText("after", statusHelp);
    },
    run: (context) => run(context, ["backup", "status"], (place) => readBackupStatus(place, Date.now())),
    render: ({ data }, _args, colors) => ({ output: renderBackupStatus(data, colors) }),
  };
}

const statusHelp = `
A backup is stale once it is older than the greatest time between two runs of pgstead:backup.logical.schedule and half of
it, six hours at most: 30 hours where they are daily.

JSON: data.schedule, data.nextRunAt, data.greatestAge (seconds), data.freeBytes; data.databases [{ database, count, bytes,
newest, newestAt, newestBytes, lastVerifiedAt, lastSuccessAt, lastRunAt, exitCode, seconds }]; data.leftovers.`;
