import { maintenanceCommand } from "../maintenance/command";

/** Builds indexes anew. */
export const reindexCommand = maintenanceCommand("reindex", {
  summary: "build indexes of tables anew, beside reads and writes",
  declare: (command) => {
    command.option("--locking", "plain REINDEX: faster, and keeps writes out until it ends");
  },
  help: `
Each index is a statement of its own, REINDEX INDEX CONCURRENTLY: one copy at a time. It waits for every transaction that
began before, which is why it waits longer for its locks; it keeps nobody who reads or writes waiting. One that is ended in
between leaves an invalid index, \`…_ccnew\`: the next run drops it first.

Examples:
  npm run ops -- reindex app.orders
  npm run ops -- reindex app.orders_note_idx --yes`,
});
