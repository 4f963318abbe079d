import { existsSync } from "node:fs";
import { isAbsolute, normalize, relative, resolve } from "node:path";
import type { MigrationPlace } from "../../../components/io/migration-files";
import type { DatabaseConfig } from "../../config";
import type { CommandContext } from "../command";
import { chooseDatabase } from "./stack-database";

/** Options of the commands that look. */
export interface LookArgs {
  readonly database?: string;
  readonly dir?: string;
}

/** Where the migrations of a database are: what `--dir` says, else what the stack's configuration says. */
export function migrationPlace(
  dir: string | undefined,
  { migrations }: { readonly migrations: Pick<DatabaseConfig["migrations"], "directory"> },
  { root }: Pick<CommandContext, "root">,
  cwd = process.cwd(),
): MigrationPlace {
  if (dir !== undefined) return givenPlace(dir, cwd);
  const { directory } = migrations;
  if (isAbsolute(directory)) return { directory, shown: directory };
  const place = resolve(root, directory);
  return { directory: place, shown: relative(cwd, place) || "." };
}

/** A directory that a command line names. */
export function givenPlace(dir: string, cwd = process.cwd()): MigrationPlace {
  return { directory: resolve(cwd, dir), shown: normalize(dir).replace(/\/$/, "") };
}

/**
 * The directories that a command is about which needs no server: the one that is named, else those of the stack's
 * databases as far as they are there.
 */
export async function findPlaces(
  context: Pick<CommandContext, "findConfig" | "root">,
  { dir, database }: LookArgs,
): Promise<MigrationPlace[]> {
  if (dir !== undefined) return [givenPlace(dir)];
  const config = await context.findConfig();
  if (config === undefined) return [migrationPlace(undefined, usual, context)];
  const chosen = database === undefined ? config.databases : [chooseDatabase(config, database)];
  const databases = chosen.filter(({ migrations }) => migrations.engine === "sql");
  const places = databases.map((one) => migrationPlace(undefined, one, context));
  return places.filter(
    ({ directory }, index) => databases[index]?.migrations.isNamed === true || existsSync(directory),
  );
}

/** The one directory that a command writes to. */
export async function findPlace(
  context: Pick<CommandContext, "findConfig" | "root">,
  { dir, database }: LookArgs,
): Promise<MigrationPlace> {
  if (dir !== undefined) return givenPlace(dir);
  const config = await context.findConfig();
  const declared = config === undefined ? usual : chooseDatabase(config, database);
  return migrationPlace(undefined, declared, context);
}

/** Where the migrations of a project without a stack are. */
const usual = { migrations: { directory: "sql/migrations" } };
