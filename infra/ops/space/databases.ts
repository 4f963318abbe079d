import type { Command } from "commander";
import type { DatabaseConfig } from "../../config";
import type { CommandContext } from "../command";
import { chooseDatabase } from "../migrate/stack-database";

/** What every command that looks into databases can be told. */
export interface DatabaseArgs {
  readonly database?: string;
}

export function declareDatabase(command: Command): Command {
  return command.option("-d, --database <name>", "look into this database only (default: all declared ones)");
}

/** The database that somebody names, or all that are declared. */
export function databasesOf(
  { config }: Pick<CommandContext, "config">,
  { database }: DatabaseArgs,
): readonly DatabaseConfig[] {
  return database === undefined ? config.databases : [chooseDatabase(config, database)];
}

/** Looks into one after the other: several at once would only compete for the same disk. */
export async function lookIntoEach<Result>(
  { progress }: Pick<CommandContext, "progress">,
  databases: readonly DatabaseConfig[],
  look: (database: DatabaseConfig) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  for (const database of databases) {
    results.push(await progress(`looking into database ${database.name}`, look(database)));
  }
  return results;
}
