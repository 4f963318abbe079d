import type { OpsCommand } from "../command";
import { restoreCommand as restoreOneDatabase, type RestoreArgs } from "../restore/commands";
import type { RestoreData } from "../restore/outcome";
import { declareMoment, isOfServer, restoreServer, type MomentArgs } from "../restore/point-in-time-command";
import type { MomentData } from "../restore/point-in-time-place";
import { renderMomentData } from "../restore/point-in-time-render";
import { renderRestore } from "../restore/render";
import { runBackupWork } from "./backup";

const ofDatabase = restoreOneDatabase(runBackupWork, "npm run ops --");

/** Brings back a database of a backup, or the whole server as it was at a moment. */
export const restoreCommand: OpsCommand<RestoreArgs & MomentArgs, RestoreData | MomentData> = {
  ...ofDatabase,
  summary:
    "bring back a backup: in the place of its database, beside it, one table of it; or the server at a moment",
  declare: (command) => {
    ofDatabase.declare(command);
    declareMoment(command);
  },
  run: (context, args) => (isOfServer(args) ? restoreServer(context, args) : ofDatabase.run(context, args)),
  render: ({ data, stack }, args, colors) => ({
    output: isMoment(data, args) ? renderMomentData(data, stack, colors) : renderRestore(data, colors),
  }),
};

function isMoment(data: RestoreData | MomentData, args: MomentArgs): data is MomentData {
  return isOfServer(args) && "generations" in data;
}
