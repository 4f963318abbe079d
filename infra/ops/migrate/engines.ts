import { chooseDatabase } from "./stack-database";
import type { StackConfig } from "../../config";
import type { CommandContext, OpsCommand } from "../command";
import type { LookArgs } from "./directory";

/**
 * A command of migrations with the two ways of doing it: by our own engine, or by the application's Alembic. Which one
 * it is, the database's configuration says; what a report has is the same.
 *
 * @param alembic its other way, with the same report
 */
export function withEngines<Args extends LookArgs & { readonly operands?: readonly string[] }, Data>(
  command: OpsCommand<Args, Data>,
  alembic: OpsCommand<Args, Data>["run"],
): OpsCommand<Args, Data> {
  return {
    ...command,
    async run(context, args) {
      const config = await alembicsConfig(command.name, context, args);
      return config === undefined ? command.run(context, args) : alembic({ ...context, config }, args);
    },
  };
}

/** The configuration, where what is asked about is Alembic's. */
async function alembicsConfig(
  name: string,
  context: CommandContext,
  { dir, database, operands = [] }: LookArgs & { readonly operands?: readonly string[] },
): Promise<StackConfig | undefined> {
  const isLint = name === "migrate lint";
  // A directory that is named is one of files of SQL.
  if (dir !== undefined || (isLint && !operands.every((file) => file.endsWith(".py")))) return undefined;
  const config = await context.findConfig();
  if (config === undefined) return undefined;
  if (!isLint) return chooseDatabase(config, database).migrations.engine === "alembic" ? config : undefined;
  const databases = database === undefined ? config.databases : [chooseDatabase(config, database)];
  const isAny = databases.some(({ migrations }) => migrations.engine === "alembic"); // the others are judged with them
  return isAny ? config : undefined;
}
