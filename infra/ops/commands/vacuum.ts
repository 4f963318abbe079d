import { maintenanceCommand } from "../maintenance/command";

/** Removes dead rows, so that their room is used again. */
export const vacuumCommand = maintenanceCommand("vacuum", {
  summary: "remove dead rows of tables, so that their room is used again",
  declare: (command) => {
    command
      .option(
        "--freeze",
        "freeze all rows, without names those of the system catalogs as well: a whole read, after which wraparound is far away",
      )
      .option("--full", "write the tables anew: gives room back, and keeps even reads out meanwhile")
      .option("--confirm <database>", "with --full: name of the database, in place of typing it");
  },
  help: `
Plain VACUUM runs beside reads and writes; what it frees is used again by the table, and not given back. --full needs room
for a copy of the largest table with its indexes, which is compared with what is free, and is refused where it surely does
not fit.

Examples:
  npm run ops -- vacuum app.orders
  npm run ops -- vacuum --full app.events --confirm shop`,
});
