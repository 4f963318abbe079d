import { InvalidArgumentError, type Command } from "commander";
import type { SqlParser } from "../../../components/core/migrations/sql-parser";
import type { SchemaSnapshot } from "../../../components/core/schema/snapshot";
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
import { findDatabase } from "../migrate/stack-database";
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

/** Everything that a scratch database like a live one is made from. */
export async function scratchOptions(
  context: CommandContext,
  name: string,
  live: Pick<LiveSchema, "roles" | "extensions"> & { readonly snapshot: Pick<SchemaSnapshot, "version"> },
  {
    place = "embedded",
    waiting,
    parser,
  }: { place?: ScratchPlace | undefined; waiting: Waiting; parser: SqlParser },
): Promise<ScratchOptions> {
  const { owner, administrator, migrator } = await findDatabase(context, name);
  return {
    place,
    live: { administrator, major: Math.floor(live.snapshot.version / 10_000) },
    state: declaredState(context, name, live),
    owner,
    migrator,
    waiting,
    parser,
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
