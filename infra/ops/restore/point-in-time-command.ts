import { Option, type Command } from "commander";
import { repositoryNumbers } from "../../../components/core/physical/configuration";
import { parseRestoreTarget } from "../../../components/core/physical/restore-target";
import { problemError } from "../../../components/core/problem";
import { refusePreviewLogin } from "../../../components/io/preview-login";
import { colorsFor } from "../colors";
import type { CommandContext } from "../command";
import { findEngine } from "../find-engine";
import { untilInterrupted } from "../interrupt";
import type { Report } from "../report";
import type { MomentRequest } from "./point-in-time";
import type { MomentData, MomentPlace, MomentResult, MomentTalk } from "./point-in-time-place";
import { renderFound } from "./point-in-time-render";

/** Options of `restore` for a whole server. */
export interface MomentArgs {
  readonly to?: string;
  /** Number of a repository. */
  readonly repo?: string;
  readonly server?: boolean;
  readonly confirm?: string;
  readonly keep?: boolean;
  /** commander's word for `--no-backup`. */
  readonly backup?: boolean;
  readonly undo?: boolean;
  readonly discard?: boolean;
  readonly generations?: boolean;
  readonly dropOld?: boolean;
}

/** True where the whole server is meant, and no single database. */
export function isOfServer({ to, server, keep, discard, generations, backup, repo }: MomentArgs): boolean {
  return (
    to !== undefined ||
    repo !== undefined ||
    [server, keep, discard, generations].includes(true) ||
    backup === false
  );
}

/** Adds the options of restores to a moment. */
export function declareMoment(command: Command): void {
  command
    .option("--to <moment>", 'the whole server before it, such as "2026-11-20 14:30:00+00"; or latest')
    .option(
      "--server",
      "with --undo, --drop-old or --confirm: of the whole server, which was restored to a moment",
    )
    .addOption(
      new Option(
        "--repo <number>",
        "with --to: from this repository; 2 is the one in object storage",
      ).choices(repositoryNumbers.map(String)),
    )
    .option("--keep", "with --to: keep what was restored to be looked into, where it is not put in place")
    .option("--no-backup", "with --to: take no full backup after it")
    .option("--discard", "remove what --keep has kept")
    .option("--generations", "show the generations of the data, and bring to its end what was interrupted")
    .addHelpText("after", help);
}

const help = `
The whole server (--to): on target docker with physical backups (pgstead:backup.physical). The backup and the log are
restored beside the running server, into another generation of its data volume, and looked at there: read-only, without
any network, without archiving. Shown is what it holds against what is live. Nothing of the live server changes before
the names of the stack's databases are typed, or given with --confirm: then the server is stopped, \`current\` is led to
the other generation in one step, and the server started on it, with the configuration and the passwords of now, on a
new line of the log. A full backup follows. The generation before stays until --server --drop-old; --server --undo takes
it again.

Where the volume of the repository is lost, --repo 2 restores from the second one (pgstead:backup.physical.second); the next up
then makes the first one anew.

A moment before the oldest or after the newest that can be restored is refused with both (\`ops recovery\` shows them).
Killed anywhere, the server has either generation, whole; the next \`restore\` brings it to its end or takes it away.

Exit code 1: it was put in place, and something after it was not done, such as the full backup.

JSON: data { action, target, window { oldest, newest }, backup, generation, restoreSeconds, newestCommit, difference { databases [{ name, on
(both, restored, live), migrationHead { restored, live }, tables [{ name, restored, live }] }], roles { lost, back } } | null,
inUse, kept, fullBackup, settled [text], generations [{ number, bytes, current, restoredTo }] }; rows are texts,
? where a change that was under way kept a table from being counted.

Examples:
  npm run ops -- restore --to "2026-11-20 14:30:00+00" --stack prod
  npm run ops -- restore --to latest --keep --stack prod
  npm run ops -- restore --to "2026-11-20 14:30:00+00" --confirm shop --stack prod`;

/** Restores a whole server to a moment, or changes what such restores left. */
export async function restoreServer(context: CommandContext, args: MomentArgs): Promise<Report<MomentData>> {
  const names = context.config.databases.map(({ name }) => name).join(",");
  assertUsage(context, args, names);
  refusePreviewLogin();
  const place = await findPlace(context, args);
  const { data, findings } = await untilInterrupted(context.write, ({ signal, say }) =>
    act(context, place, args, names, { signal, say, progress: context.progress }),
  );
  return { command: "restore", stack: context.stack, data, findings };
}

async function act(
  context: CommandContext,
  place: MomentPlace,
  args: MomentArgs,
  names: string,
  talk: MomentTalk,
): Promise<MomentResult> {
  const options = { backup: args.backup !== false };
  // What speaks to an engine is loaded where there is one.
  if (args.to !== undefined) {
    const request: MomentRequest = {
      ...{ target: parseRestoreTarget(args.to), keep: args.keep === true, ...options },
      confirm: (found) => isConfirmed(context, args, names, found),
    };
    const { restoreToMoment } = await import("./point-in-time.js");
    return restoreToMoment(place, request, talk);
  }
  const generations = await import("./point-in-time-generations.js");
  if (args.undo === true) return generations.undoRestore(place, options, talk);
  if (args.discard === true) return generations.discardKept(place);
  if (args.dropOld === true) return generations.dropOld(place, talk);
  if (args.generations === true) return generations.showGenerations(place, talk);
  return generations.confirmKept(place, options, talk);
}

/** Everything that is wrong with the line is told before anything is asked of a server. */
function assertUsage({ config, stack }: CommandContext, args: MomentArgs, names: string): void {
  if (config.docker?.physical === undefined) {
    throw problemError(
      `stack ${stack}`,
      config.docker === undefined
        ? `is on target ${config.target}, where no moment can be restored`
        : "declares no physical backups, from which a moment could be restored",
      "declare them on target docker: `pgstead:backup: { physical: {} }`; a logical backup is restored by its name",
    );
  }
  const { to, undo, discard, generations, dropOld: drop, confirm, repo } = args;
  if (repo !== undefined && to === undefined) {
    throw problemError(
      "--repo",
      "stands without --to",
      'say which moment, such as --to "2026-11-20 14:30:00+00"',
    );
  }
  if (repo === "2" && config.docker.physical.second === undefined) {
    const hint = "leave it out, or declare `second` of pgstead:backup.physical";
    throw problemError("--repo", "this stack has no second repository", hint);
  }
  const chosen = [to, undo, discard, generations, drop].filter((one) => one !== undefined && one !== false);
  if (chosen.length > 1 || (chosen.length === 0 && confirm === undefined)) {
    const message =
      chosen.length > 1 ? "several things are asked for at once" : "what to restore is not said";
    throw problemError("restore", message, 'say one, such as --to "2026-11-20 14:30:00+00"');
  }
  if (to !== undefined) parseRestoreTarget(to);
  const needsName = to === undefined && (undo === true || drop === true);
  if (confirm !== undefined ? confirm !== names : needsName) {
    const message =
      confirm === undefined ? "is missing" : `${JSON.stringify(confirm)} is not what this stack has`;
    throw problemError("--confirm", `${message}: nothing was changed`, `write --confirm ${names}`);
  }
}

async function isConfirmed(
  { askFor, write }: CommandContext,
  { confirm }: MomentArgs,
  names: string,
  found: MomentData,
): Promise<boolean> {
  if (confirm !== undefined) return confirm === names;
  if (askFor === undefined) return false;
  write(renderFound(found, colorsFor(process.stderr, process.env)));
  const typed = await askFor(`What is live is replaced by this. Type ${names} to do so:`);
  return typed === names;
}

async function findPlace(
  { stack, config, root, outputs }: CommandContext,
  { repo }: MomentArgs,
): Promise<MomentPlace> {
  const { docker, databases } = config;
  const { administrator } = await outputs();
  return {
    stack,
    work: {
      prefix: docker?.name ?? "",
      endpoint: docker === undefined ? {} : findEngine(docker, root),
      ...(repo === "2" ? { repository: 2 } : {}),
    },
    hasSecond: docker?.physical?.second !== undefined,
    administrator,
    databases: databases.map(({ name, audit }) => ({
      name,
      ...(audit === undefined ? {} : { trailOwner: audit.owner }),
    })),
  };
}
