import type { Command } from "commander";
import { problemError } from "../../../components/core/problem";
import { DamagedCopyError } from "../../../components/io/copies/fetch";
import { listCopies } from "../backup/copies";
import { orBusy, type RunBackupWork } from "../backup/work";
import type { BackupPlace } from "../backup/place";
import type { OpsCommand } from "../command";
import type { WriteLine } from "../progress";
import type { Report } from "../report";
import { dropOld, keptOf, restore, restoreBeside, undoRestore } from "./act";
import { assertOneWay, type RestoreArgs } from "./arguments";
import { DamagedBackupError } from "./choose";
import type { RestoreData } from "./outcome";
import { listRestorable, planRestore, type RestoreListData } from "./look";
import { renderPlanned, renderRestore } from "./render";
import { restoreTable } from "./table";
import type { WantedCopy } from "./fetched";

/** The machine of whoever asks, as far as copies need it. */
export interface WithCopies<Context> {
  /** Does something on it. */
  readonly run: RunBackupWork<Context>;
  /** Brings a backup from a copy, has it restored from where it is then, and removes it. */
  readonly bring: (
    context: Context,
    wanted: WantedCopy,
    restore: (run: RunBackupWork<Context>, name: string) => Promise<Report<RestoreData>>,
  ) => Promise<Report<RestoreData>>;
}

/** Where a person may be, who types a name. */
interface Terminal {
  readonly write: WriteLine;
  readonly askFor?: (question: string) => Promise<string>;
}

/**
 * The command of restores: the same on the command line and in the ops container.
 *
 * @param here the machine of whoever asks, which may have the key of the copies
 */
export function restoreCommand<Context extends Terminal>(
  run: RunBackupWork<Context>,
  here: WithCopies<Context>,
  program: string,
): OpsCommand<RestoreArgs, RestoreData, Context> {
  return {
    name: "restore",
    summary: "bring back a backup: in the place of its database, beside it, or one table of it",
    declare: (command) => {
      declare(command, program);
    },
    run: (context, args) => {
      assertOneWay(args);
      if (args.copy !== undefined) return fromCopy(here, context, { ...args, copy: args.copy });
      if (args.list === true) return run(context, ["restore", "--list"], list);
      if (args.undo === true || args.dropOld === true) return changeKept(run, context, args);
      return bringBack(run, context, args);
    },
    render: ({ data }, _args, colors) => ({ output: renderRestore(data, colors) }),
  };
}

function bringBack<Context extends Terminal>(
  run: RunBackupWork<Context>,
  context: Context,
  args: RestoreArgs,
): Promise<Report<RestoreData>> {
  const isBeside = args.into !== undefined || args.table !== undefined;
  return (isBeside ? bringBeside : replace)(run, context, args);
}

/** What is only in a copy is brought here first, and then restored as any other. */
function fromCopy<Context extends Terminal>(
  { run, bring }: WithCopies<Context>,
  context: Context,
  args: RestoreArgs & { readonly copy: string },
): Promise<Report<RestoreData>> {
  const { operands, copy, identity, database, list: isList } = args;
  if (isList === true) {
    return run<RestoreData>(context, [], async (place, signal) => {
      const { data, ...report } = await listCopies(place, copy, signal);
      return { ...report, command: "restore", data: { action: "copies", ...data } };
    });
  }
  const wanted = { name: operands[0] ?? "", copy, identity, database };
  return bring(context, wanted, (onFetched, name) =>
    bringBack(onFetched, context, { ...args, operands: [name] }),
  );
}

function declare(command: Command, program: string): void {
  command
    .argument("[backup]", "one of --list, or latest")
    .option("--list", "show what can be restored, and what restores have kept")
    .option("--into <database>", "into a database of its own, which must not be there")
    .option("--table <schema.table>", "only this table with its rows, indexes, constraints and privileges")
    .option("--as <schema.table>", "with --table: under this name")
    .option("-d, --database <name>", "which one is meant, where there are several")
    .option(
      "--copy <name>",
      "the backup as this one of pgstead:backup.copies has it; latest: the newest there",
    )
    .option("--identity <file>", "with --copy: file with the key of age; -: standard input")
    .option("--confirm <name>", "name of the database that is replaced, for scripts; a person types it")
    .option("--dry-run", "say what would be lost, and end")
    .option("--undo", "give the database that the last restore has kept its name back")
    .option("--drop-old", "remove the databases that restores have kept")
    .addHelpText("after", `${help}\nExamples:\n${examples.map((line) => `  ${program} ${line}\n`).join("")}`);
}

const examples = [
  "restore latest",
  "restore shop_full_20261121_020000 --into shop_yesterday",
  "restore latest --table app.users --as app.users_restored",
  "restore latest --copy offsite --identity key.txt --into shop_copy",
  "restore --drop-old",
];

const help = `
Every byte of the backup is read first; one that is damaged is refused. In the place of the database: it shows what would be
lost, has its name typed, takes a backup of what is there, restores beside it, compares with the manifest, and then swaps
the two in one moment, ending all sessions. The old one is kept without connections until --undo or --drop-old. Killed
anywhere, one of the two is there under the name; the next run removes what is left.

With --copy the backup is fetched and decrypted on this machine, where the key is, compared with its manifest, restored as
any other, and removed again; it never lies in the repository. On target docker it goes to the volume of the ops container
for as long as it is restored. --list --copy asks the copy what it has. A moment (--to) needs physical backups, which copies
do not hold.

Without a terminal and without --confirm nothing is done: that is a finding (1), as is a damaged backup.

JSON: data.action and what belongs to it: list { backups, leftovers, kept [{ name, of, kind, size }] }; copies { copies,
backups }, as \`backup copies\`;
plan { backup, database, takenAt, loss { tables [{ table, now, isExact, backup }], same, migrations,
alembic [{ table, now, backup }], age }, sessions };
restored { backup, database, kept, presentBackup, leftovers, roles, notes, seconds }; into { backup, database, roles, notes };
table { backup, database, table, rows, notes }; undone and dropped { database, names, kept }; none.
`;

async function list(place: BackupPlace): Promise<Report<RestoreData>> {
  const { data, ...report } = await listRestorable(place);
  return { ...report, data: { action: "list", ...data } };
}

/** Words of options for the same command line elsewhere. */
function wordsOf(options: Readonly<Record<string, string | undefined>>): string[] {
  return Object.entries(options).flatMap(([name, value]) =>
    value === undefined ? [] : [`--${name}`, value],
  );
}

function bringBeside<Context>(
  run: RunBackupWork<Context>,
  context: Context,
  { operands: [name = ""], into, table, as, database }: RestoreArgs,
): Promise<Report<RestoreData>> {
  const words = ["restore", ...wordsOf({ into, table, as, database }), "--", name];
  return run<RestoreData>(context, words, (place, signal) =>
    guarded(
      place,
      into === undefined
        ? restoreTable(place, { name, database, table: table ?? "", as }, signal)
        : restoreBeside(place, { name, database, into }, signal),
    ),
  );
}

async function replace<Context extends Terminal>(
  run: RunBackupWork<Context>,
  context: Context,
  { operands: [name = ""], database, confirm, dryRun }: RestoreArgs,
): Promise<Report<RestoreData>> {
  const act = (confirmed: string, exact: string): Promise<Report<RestoreData>> =>
    run<RestoreData>(
      context,
      ["restore", ...wordsOf({ database, confirm: confirmed }), "--", exact],
      (place, signal) =>
        guarded(place, restore(place, { name: exact, database, confirm: confirmed }, signal)),
    );
  if (confirm !== undefined && dryRun !== true) return act(confirm, name);
  const words = ["restore", ...wordsOf({ database }), "--dry-run", "--", name];
  const planned = await run<RestoreData>(context, words, (place, signal) =>
    guarded(place, planRestore(place, { name, database }, signal)),
  );
  if (dryRun === true || planned.data.action !== "plan") return planned;
  const { data } = planned;
  if (context.askFor === undefined) return unconfirmed(planned, data.database);
  context.write(renderPlanned(data));
  const typed = await context.askFor(`Type the name of the database to replace it:`);
  if (typed !== data.database) return misspelt(planned, data.database);
  // The one that was shown: `latest` may be another one by now.
  return act(typed, data.backup);
}

async function changeKept<Context extends Terminal>(
  run: RunBackupWork<Context>,
  context: Context,
  { database, confirm, undo }: RestoreArgs,
): Promise<Report<RestoreData>> {
  const option = undo === true ? "--undo" : "--drop-old";
  const act = (confirmed: string): Promise<Report<RestoreData>> =>
    run<RestoreData>(
      context,
      ["restore", option, ...wordsOf({ database, confirm: confirmed })],
      (place, signal) =>
        (undo === true ? undoRestore : dropOld)(place, { database, confirm: confirmed }, signal),
    );
  if (confirm !== undefined) return act(confirm);
  const planned = await run<RestoreData>(context, ["restore", "--list"], list);
  if (planned.data.action !== "list") return planned;
  const found = keptIn(planned.data, database);
  const none: Report<RestoreData> = { ...planned, data: { action: "none" } };
  if (context.askFor === undefined) return unconfirmed(none, found.database);
  context.write(
    undo === true
      ? `${found.names[0] ?? ""} becomes ${found.database} again; all sessions of it end, and what it has now is kept beside it`
      : `${found.names.join(", ")} will be gone for good`,
  );
  const typed = await context.askFor(`Type the name of the database, ${found.database}, to go on:`);
  return typed === found.database ? act(typed) : misspelt(none, found.database);
}

function keptIn({ kept }: RestoreListData, database: string | undefined): ReturnType<typeof keptOf> {
  if (kept !== null) return keptOf(kept, database);
  throw problemError("restore", "the server cannot be asked what is kept", "is it up? `status` says more");
}

function unconfirmed(report: Report<RestoreData>, database: string): Report<RestoreData> {
  const message = "nothing was done: there is no terminal where its name could be typed";
  return { ...report, findings: [{ subject: database, message, hint: `say \`--confirm ${database}\`` }] };
}

function misspelt(report: Report<RestoreData>, database: string): Report<RestoreData> {
  const message = "nothing was done: what was typed is not its name";
  return {
    ...report,
    data: { action: "none" },
    findings: [{ subject: database, message, hint: "run this again to type it" }],
  };
}

/** A damaged backup is a refusal, and no mistake of the command line. */
export function guarded(
  place: BackupPlace,
  work: Promise<Report<RestoreData>>,
): Promise<Report<RestoreData>> {
  const empty: RestoreData = { action: "none" };
  const orDamaged = work.catch((error: unknown): Report<RestoreData> => {
    if (!(error instanceof DamagedBackupError) && !(error instanceof DamagedCopyError)) throw error;
    const findings = error.problems.map(({ message, hint }) => ({ subject: error.title, message, hint }));
    return { command: "restore", stack: place.stack, data: empty, findings };
  });
  return orBusy(place, empty, "restore", orDamaged);
}
