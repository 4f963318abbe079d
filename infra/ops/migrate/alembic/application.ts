import { resolve } from "node:path";
import {
  resolveSetup,
  type AlembicApplication,
  type AlembicSetup,
} from "../../../../components/core/migrations/alembic/application";
import type { BridgeLogin } from "../../../../components/io/alembic/bridge-connection";
import type { DatabaseConfig, StackConfig } from "../../../config";
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
  return resolveSetup(
    alembicOf(declared),
    resolve(root, declared.migrations.directory),
    docker?.engine ?? {},
  );
}

export function alembicOf({ migrations: { alembic } }: DatabaseConfig): AlembicApplication {
  if (alembic === undefined) throw new Error("a database of another engine");
  return alembic;
}

/** The application as people are told. */
export function shownApplication(declared: DatabaseConfig): string {
  const { directory, container, image } = alembicOf(declared);
  return directory ?? container ?? image ?? declared.name;
}

/** The database that a user means, with what its Alembic needs. */
export async function findAlembic(
  context: CommandContext,
  declared: DatabaseConfig,
): Promise<AlembicDatabase> {
  const database = await findDatabase(context, declared);
  const { name, owner, login } = database;
  return {
    database,
    login: { database: name, owner, login, seenAt: alembicOf(declared).seenAt },
    setup: alembicSetup(context, context.config, declared),
    shown: shownApplication(declared),
  };
}
