import { InvalidArgumentError, type Command } from "commander";
import type { ConnectionTarget } from "../../../components/core/connection";
import type { SqlParser } from "../../../components/core/migrations/sql-parser";
import {
  scratchPlaces,
  type ScratchOptions,
  type ScratchPlace,
} from "../../../components/io/scratch/scratch";
import type { DeclaredState } from "../../../components/io/scratch/declared";
import type { Waiting } from "../../../components/io/waiting";
import { managingLogin, planStack } from "../../plan";
import type { CommandContext } from "../command";
import { declaredDatabase, declaredServer } from "../drift/declared";
import type { DatabaseConfig } from "../../config";
import type { LiveSchema } from "./live";

/** Option of the commands that make a scratch database. */
export interface ScratchArgs {
  readonly scratch?: ScratchPlace;
}

export function declareScratch(command: Command): Command {
  return command.option(
    "--scratch <place>",
    "where scratch databases are made: embedded, or same-server (default: embedded)",
    parsePlace,
  );
}

function parsePlace(text: string): ScratchPlace {
  const found = scratchPlaces.find((place) => place === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`It is one of ${scratchPlaces.join(", ")}.`);
}

/** What a scratch database has to be like; without a live server, what the programs here give. */
export type ScratchModel = Pick<LiveSchema, "roles" | "extensions"> & {
  readonly administrator: ConnectionTarget | undefined;
  /** `server_version_num` */
  readonly version: number;
};

/** Everything that a scratch database is made from. */
export function scratchOptions(
  context: CommandContext,
  database: DatabaseConfig,
  { administrator, version, roles, extensions }: ScratchModel,
  use: { readonly place: ScratchPlace | undefined; readonly waiting: Waiting; readonly parser: SqlParser },
): ScratchOptions {
  const { name, owner } = database;
  const migrator = database.roles.find(({ key, login }) => key === "migrator" && login);
  return {
    ...use,
    place: use.place ?? "embedded",
    live: { administrator, major: Math.floor(version / 10_000) },
    state: declaredState(context, name, { roles, extensions }),
    owner,
    migrator: migrator?.name,
  };
}

/** What is declared of one database; of roles of others there is no more than that they are there. */
function declaredState(
  { config, project }: CommandContext,
  name: string,
  { roles, extensions }: Pick<LiveSchema, "roles" | "extensions">,
): DeclaredState {
  const plan = planStack(config);
  const server = declaredServer(plan, { project, stack: config.stack });
  const database = plan.databases.find((one) => one.name === name);
  if (database === undefined) throw new Error(`database ${name} is not declared`);
  return {
    server: {
      ...server,
      databases: server.databases.filter((one) => one.name === name),
      roles: server.roles.map((role) => (role.database === name ? role : { ...role, databaseSettings: {} })),
    },
    database: declaredDatabase(database, plan),
    manager: managingLogin(plan.server),
    roles,
    extensions,
  };
}
