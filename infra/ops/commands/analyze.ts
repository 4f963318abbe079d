import { maintenanceCommand } from "../maintenance/command";

/** Has the planner learn what is in tables. */
export const analyzeCommand = maintenanceCommand("analyze", {
  summary: "have the planner learn anew what is in tables",
  help: `
A partitioned table is analyzed as a whole, with its partitions: autovacuum does only those.

Examples:
  npm run ops -- analyze
  npm run ops -- analyze app.orders --dry-run`,
});
