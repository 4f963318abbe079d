import { resolve } from "node:path";
import { problemError } from "../../../../components/core/problem";
import type { AlembicSetup } from "../../../../components/io/alembic/bridge";
import type { BridgeLogin } from "../../../../components/io/alembic/bridge-connection";
import type { ApplicationPlace } from "../../../../components/io/alembic/place";
import type { AlembicConfig, DatabaseConfig, StackConfig } from "../../../config";
import type { CommandContext } from "../../command";
import { findDatabase, type StackDatabase } from "../stack-database";

/** A database, and the application whose Alembic migrates it. */
export interface AlembicDatabase {
  readonly database: StackDatabase;
  readonly login: BridgeLogin;
  readonly setup: AlembicSetup;
  /** The application's directory as people are told. */
  readonly shown: string;
}

/** How the application's Alembic is run, which needs no server. */
export function alembicSetup(
  { root }: Pick<CommandContext, "root">,
  { docker }: StackConfig,
  declared: DatabaseConfig,
): AlembicSetup {
  const alembic = alembicOf(declared);
  const { config, section, driver, urlVariables: variables } = alembic;
  const place = applicationPlace(root, alembic, docker?.engine ?? {});
  return { place, config, section, variables, ...(driver === undefined ? {} : { driver }) };
}

function alembicOf({ migrations: { alembic } }: DatabaseConfig): AlembicConfig {
  if (alembic === undefined) throw new Error("a database of another engine");
  return alembic;
}

function applicationPlace(
  root: string,
  { python, environment, directory, container, image, network = "host" }: AlembicConfig,
  engine: { readonly host?: string },
): ApplicationPlace {
  const inside = { python, environment, ...(directory === undefined ? {} : { directory }), engine };
  if (container !== undefined) return { ...inside, kind: "container", container };
  if (image !== undefined) return { ...inside, kind: "image", image, network };
  if (directory === undefined) throw problemError("directory", "is missing", "name the application's");
  const own = resolve(root, directory);
  return { kind: "machine", python: python.map((word) => here(own, word)), environment, directory: own };
}

/** The interpreter of an environment in the application's directory: what has a slash is a path from there. */
function here(directory: string, word: string): string {
  return /^\.{0,2}[^/]*\/.*python[\d.]*$/.test(word) && !word.startsWith("/")
    ? resolve(directory, word)
    : word;
}

/** The database that a user means, with what its Alembic needs. */
export async function findAlembic(
  context: CommandContext,
  declared: DatabaseConfig,
): Promise<AlembicDatabase> {
  const alembic = alembicOf(declared);
  const database = await findDatabase(context, declared);
  const { name, owner, login } = database;
  return {
    database,
    login: { database: name, owner, login, seenAt: alembic.seenAt },
    setup: alembicSetup(context, context.config, declared),
    shown: alembic.directory ?? alembic.container ?? alembic.image ?? "",
  };
}
