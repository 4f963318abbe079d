import { randomBytes } from "node:crypto";
import { containerFetchPath } from "../../../components/core/ops/files";
import { jobAccount, jobPlaces } from "../../../components/core/host/jobs/places";
import { problemError } from "../../../components/core/problem";
import { localPlace, stackName } from "../backup/place";
import type { CommandContext, OpsCommand } from "../command";
import { untilInterrupted } from "../interrupt";
import { guarded, restoreCommand as restoreOneDatabase, type WithCopies } from "../restore/commands";
import type { RestoreArgs } from "../restore/arguments";
import { withFetchedBackup } from "../restore/fetched";
import type { RestoreData } from "../restore/outcome";
import { declareMoment, isOfServer, restoreServer, type MomentArgs } from "../restore/point-in-time-command";
import type { MomentData } from "../restore/point-in-time-place";
import { renderMomentData } from "../restore/point-in-time-render";
import { renderRestore } from "../restore/render";
import { askContainer, runBackupWork, runHere } from "./backup";

/** The key is here. On target docker the databases are restored in a container, which gets the backup and not the key. */
const bring: WithCopies<CommandContext>["bring"] = (context, wanted, restore) =>
  untilInterrupted(context.write, ({ signal: given }) => {
    const place = localPlace(context);
    const { docker, hostJobs } = context.config;
    if (hostJobs !== undefined) throw onHost(context, wanted.copy);
    const work = withFetchedBackup(place, wanted, given, async (fetched, signal) => {
      const { name, directory } = fetched;
      if (docker === undefined) {
        return restore((_context, _words, run) => run({ ...place, fetched: directory }, signal), name);
      }
      const { withDelivered } = await import("../../../components/io/copies/deliver.js");
      const delivery = {
        ...{ engine: docker.engine, container: `${docker.name}-ops` },
        ...{ base: `${containerFetchPath}/delivered`, id: randomBytes(4).toString("hex") },
      };
      return withDelivered(delivery, fetched, signal, () =>
        restore(
          (_context, [command = "", ...words]) =>
            askContainer(context, [command, "--fetched", delivery.id, ...words]),
          name,
        ),
      );
    });
    return guarded(place, work);
  });

/** The backup would come to this machine, and what is replaced would be saved here, beside the backups that count. */
function onHost({ project, stack }: CommandContext, copy: string): Error {
  const { command } = jobPlaces(project, stackName(stack));
  const line = `sudo -u ${jobAccount} ${command} restore <backup> --copy ${copy} --identity <file>`;
  const hint = `bring the key's file there for as long as it takes: \`${line}\``;
  return problemError(
    "--copy",
    "on this stack a copy is restored on the server's host, which has its backups",
    hint,
  );
}

const ofDatabase = restoreOneDatabase(runBackupWork, { run: runHere, bring }, "npm run ops --");

/** Brings back a database of a backup, or the whole server as it was at a moment. */
export const restoreCommand: OpsCommand<RestoreArgs & MomentArgs, RestoreData | MomentData> = {
  ...ofDatabase,
  summary:
    "bring back a backup: in the place of its database, beside it, one table of it; or the server at a moment",
  declare: (command) => {
    ofDatabase.declare(command);
    declareMoment(command);
  },
  run: (context, args) => {
    if (!isOfServer(args)) return ofDatabase.run(context, args);
    assertNoCopy(args);
    return restoreServer(context, args);
  },
  render: ({ data, stack }, args, colors) => ({
    output: isMoment(data, args) ? renderMomentData(data, stack, colors) : renderRestore(data, colors),
  }),
};

function assertNoCopy({ copy, identity }: RestoreArgs): void {
  if (copy === undefined && identity === undefined) return;
  throw problemError(
    copy === undefined ? "--identity" : "--copy",
    "copies hold logical backups alone: no moment can be restored from one",
    "leave it out; or restore the newest backup there: `restore latest --copy <name>`",
  );
}

function isMoment(data: RestoreData | MomentData, args: MomentArgs): data is MomentData {
  return isOfServer(args) && "generations" in data;
}
