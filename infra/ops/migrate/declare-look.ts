import type { Command } from "commander";

/** Adds the options of the commands that compare files with a database. */
export function declareLook(command: Command): Command {
  return command
    .option("-d, --database <name>", "database, where the stack has several")
    .option("--dir <directory>", "directory of the migrations (default: as the stack says, sql/migrations)");
}

/** `34 ms`, `2.1 s`; `-` for what took no time. */
export function renderMs(durationMs: number | null): string {
  if (durationMs === null) return "-";
  return durationMs < 1_000 ? `${durationMs} ms` : `${(durationMs / 1_000).toFixed(1)} s`;
}
