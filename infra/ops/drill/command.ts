import { Option } from "commander";
import { drillKinds, type DrillKind } from "../../../components/core/drill/plan";
import { orBusy, type RunBackupWork } from "../backup/work";
import type { OpsCommand } from "../command";
import { renderDrills } from "./render";
import { runDrills, type DrillData } from "./run";

interface DrillArgs {
  readonly kind?: DrillKind;
}

/** The same on the command line and in the ops container. */
export function drillCommand<Context>(
  run: RunBackupWork<Context>,
  example: (line: string) => string,
): OpsCommand<DrillArgs, DrillData, Context> {
  return {
    name: "backup drill",
    summary:
      "restore the newest backup of each kind to a server that is thrown away; 1: it is not to be counted on",
    declare: (command) => {
      command
        .addOption(new Option("--kind <kind>", "only this one of the kinds").choices(drillKinds))
        .addHelpText("after", `${help}\n${example("backup drill --kind logical")}`);
    },
    run: (context, { kind }) =>
      run(context, ["backup", "drill", ...(kind === undefined ? [] : ["--kind", kind])], (place, signal) =>
        orBusy(
          place,
          { repository: place.repository, drills: [] },
          "backup drill",
          runDrills(place, kind, signal),
        ),
      ),
    render: ({ data }) => ({ output: renderDrills(data) }),
  };
}

const help = `
The server is of the backup's version and listens on a socket of its own alone; it ends, and goes, with the command,
however that ends. Compared with the backup: rows of each table, schema, roles and privileges. Then every table and index
is checked (pg_amcheck), and pgstead:backup.drill.assertions are asked, read-only. Physical backups are restored to the
newest moment, and so are those of a second repository (physical-2), from there. Nothing of the stack's own server is touched.

A drill that cannot be done here, as for want of room or of an extension, is a finding as well (1) and says nothing of the
backup.

JSON: data.drills [{ kind, backup, database, startedAt, endedAt, faults, notes, restoreSeconds (RTO), recoverableAt,
recoverableAgeSeconds (RPO), steps [{ name, seconds }], serverVersion, structure, assertions, report }].`;
