import type { Command } from "commander";
import type { AnyCommand, OpsCommand } from "../command";
import { drillCommand } from "../drill/command";
import { prune, verifyBackups, type PruneData, type VerifyData } from "./keep";
import { listBackups, readBackupStatus, type ListData, type StatusData } from "./look";
import { renderBackupStatus, renderList, renderPruned, renderTaken, renderVerified } from "./render";
import { takeBackups, type TakeData } from "./take";
import { refreshDrills } from "./refresh";
import { orBusy, type RunBackupWork } from "./work";

export type { RunBackupWork } from "./work";

/**
 * The commands of backups, in the order of the help: the same on the command line and in the ops container.
 *
 * @param run where the repository is
 * @param runHere on the machine of whoever asks, which may have what is to be nowhere else
 */
export function backupCommands<Context>(
  run: RunBackupWork<Context>,
  runHere: RunBackupWork<Context>,
  program: string,
): readonly AnyCommand<Context>[] {
  const example = (line: string): string => `\nExample:\n  ${program} ${line}`;
  return [
    take(run, example),
    list(run),
    verify(run, example),
    pruneCommand(run),
    drillCommand(run, runHere, example),
    status(run),
  ];
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
          { repository: place.repository, taken: [], leftovers: [], removed: [], copies: [] },
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
Then it goes to every place of pgstead:backup.copies.

JSON: data.repository; data.taken [{ name, database, bytes, tables, rows, seconds, passwords, warnings }];
data.leftovers; data.removed [{ name, reason }]; data.copies as \`backup send\` has them.`;

function list<Context>(run: RunBackupWork<Context>): OpsCommand<object, ListData, Context> {
  return {
    name: "backup list",
    summary: "show the backups, and whether they are known to be good",
    declare: (command) => {
      const fields =
        "name, database, takenAt, verified, verifiedAt, bytes, format, serverVersion, migrationHead";
      command.addHelpText(
        "after",
        `\nJSON: data.backups [{ ${fields},\nalembic [{ schema, table, versions }] | null, faults, copies [{ copy, verified, verifiedAt }] }]; data.leftovers.`,
      );
    },
    run: (context) => run(context, ["backup", "list"], (place) => listBackups(place)),
    render: ({ data }, _args, colors) => ({ output: renderList(data, colors) }),
  };
}

interface VerifyArgs {
  readonly operands: readonly string[];
  readonly all?: boolean;
  /** False: `--no-copies`. */
  readonly copies?: boolean;
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
        .option("--no-copies", "only in the repository: reading copies in object storage may cost money")
        .addHelpText("after", `${verifyHelp}\n${example("backup verify --all")}`);
    },
    run: (context, { operands: [name], all = false, copies = true }) =>
      run(
        context,
        [
          "backup",
          "verify",
          ...(all ? ["--all"] : []),
          ...(copies ? [] : ["--no-copies"]),
          ...(name === undefined ? [] : ["--", name]),
        ],
        (place, signal) =>
          orBusy(
            place,
            { repository: place.repository, verified: [], copies: [] },
            "backup verify",
            verifyBackups(place, { name, all, copies }, signal),
          ),
      ),
    render: ({ data }) => ({ output: renderVerified(data) }),
  };
}

const verifyHelp = `
Manifest, sizes, SHA-256 of every file, missing and additional files, and with pg_restore of its version what is in it.
It restores nothing. The same backups at pgstead:backup.copies are read back whole and compared with what was sent, which
takes no key.

JSON: data.verified [{ name, faults, listed }]; data.copies [{ name, copy, faults }].`;

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
          { repository: place.repository, dryRun, databases: [], copies: [] },
          "backup prune",
          prune(place, dryRun, signal),
        ),
      ),
    render: ({ data }) => ({ output: renderPruned(data) }),
  };
}

const pruneHelp = `
\`backup\` does so after each success. Nothing goes after a failed run or while the newest backup is not good, and the
newest verified one never does: that is a finding (1). Copies go by the same rules, each place by itself.

JSON: data.dryRun; data.databases [{ database, keep [{ name, reason }], remove [{ name, reason }], refused }]; data.copies,
the same with copy.`;

interface StatusArgs {
  readonly refresh?: boolean;
}

function status<Context>(run: RunBackupWork<Context>): OpsCommand<StatusArgs, StatusData, Context> {
  return {
    name: "backup status",
    summary:
      "say whether there are backups as there are to be; 1: stale, damaged, not drilled, or the last run failed",
    declare: (command) => {
      command
        .option(
          "--refresh",
          "first ask the copies what drills have left there, which every backup does as well",
        )
        .addHelpText("after", statusHelp);
    },
    run: (context, { refresh = false }) =>
      run(context, ["backup", "status", ...(refresh ? ["--refresh"] : [])], async (place, signal) => {
        const told = refresh ? await refreshDrills(place, signal) : [];
        const { findings, ...report } = await readBackupStatus(place, Date.now());
        return { ...report, findings: [...told, ...findings] };
      }),
    render: ({ data }, _args, colors) => ({ output: renderBackupStatus(data, colors) }),
  };
}

const statusHelp = `
A backup is stale once it is older than the greatest time between two runs of pgstead:backup.logical.schedule and half of
it, six hours at most: 30 hours where they are daily. So is a copy. So are drills, where pgstead:backup.drill declares
some: 7 days and 6 hours where they are weekly. The last one of each has to have passed. A copy whose last drill failed is
a finding; one whose last drill is older than pgstead:backup.drill.copyMaxAge, or that never had one, is one where drills
are declared, and told of where they are not.

JSON: data.schedule, data.nextRunAt, data.greatestAge (seconds), data.freeBytes; data.databases [{ database, count, bytes,
newest, newestAt, newestBytes, lastVerifiedAt, lastSuccessAt, lastRunAt, exitCode, seconds }]; data.copies [{ copy, where,
database, count, bytes, newest, newestAt, lastVerifiedAt, lastSuccessAt, lastRunAt, exitCode, lastDrilledAt, lastDrillBackup,
lastDrillPassed, drillRestoreSeconds, drillRecoverableAgeSeconds }];
data.leftovers; data.physical: that of recovery, with nextFullAt and nextIncrementalAt, or null; data.drill { schedule,
nextRunAt, greatestAge, copyMaxAge, drills [{ kind, database, backup, endedAt, passed, faults,
restoreSeconds, recoverableAt, recoverableAgeSeconds }] }.`;
