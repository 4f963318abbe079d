import { InvalidArgumentError, type Command } from "commander";
import type { ConnectionTarget } from "../../../components/core/connection";
import { problemError, ProblemError } from "../../../components/core/problem";
import type { DockerEndpoint } from "../../../components/io/docker/engine";
import type { ContainerModel } from "../../../components/io/scratch/container";
import {
  scratchPlaces,
  type ScratchHome,
  type ScratchOptions,
  type ScratchPlace,
} from "../../../components/io/scratch/scratch";
import type { DeclaredState } from "../../../components/io/scratch/declared";
import { readServerModel } from "../../../components/io/scratch/server-model";
import { managingLogin, planStack } from "../../plan";
import type { CommandContext } from "../command";
import { declaredDatabase, declaredServer } from "../../config/declared";
import { lookInto } from "../sessions";
import type { DatabaseConfig, StackConfig } from "../../config";
import type { LiveSchema } from "./live";

/** Option of the commands that make a scratch database. */
export interface ScratchArgs {
  readonly scratch?: ScratchPlace;
}

export function declareScratch(command: Command): Command {
  return command.option(
    "--scratch <place>",
    "where scratch databases are made: embedded, container, or same-server (default: pgstead:scratch, else container on target docker, else embedded)",
    parsePlace,
  );
}

function parsePlace(text: string): ScratchPlace {
  const found = scratchPlaces.find((place) => place === text);
  if (found !== undefined) return found;
  throw new InvalidArgumentError(`It is one of ${scratchPlaces.join(", ")}.`);
}

/** Help of the commands that make a scratch database. */
export const scratchHelp = `--scratch container makes a server in a container of the image that the stack's server runs, with its settings and
locale, without a network, and removes it: target docker only. --scratch embedded makes one of the programs that come
with npm, on loopback; it needs the same major version, and lacks extensions of others. --scratch same-server makes a
database on the stack's own server, and drops it.`;

/**
 * The place that was asked for, or that fits the stack.
 *
 * @throws ProblemError where the stack has none
 */
export function choosePlace(
  { docker, target, scratch: declared = "auto" }: StackConfig,
  args: ScratchArgs,
): ScratchPlace {
  const scratch = args.scratch ?? declared;
  if (scratch === "auto") return docker === undefined ? "embedded" : "container";
  if (scratch !== "container" || docker !== undefined) return scratch;
  const message = `is for target docker, and the stack's is ${target}: no engine has its server's image`;
  throw problemError("--scratch container", message, "say --scratch embedded, or --scratch same-server");
}

/** What a scratch database has to be like; without a live server, what the programs here give. */
export type ScratchModel = Pick<LiveSchema, "roles" | "extensions"> & {
  readonly administrator: ConnectionTarget | undefined;
  /** `server_version_num` */
  readonly version: number;
};

/** The place of a scratch database, with what it needs of the live server. */
export async function findHome(
  { config }: Pick<CommandContext, "config">,
  { name }: DatabaseConfig,
  { administrator, version }: ScratchModel,
  place: ScratchPlace,
): Promise<ScratchHome> {
  const { docker } = config;
  if (administrator === undefined || place === "embedded") {
    return {
      place: "embedded",
      major: Math.floor(version / 10_000),
      otherwise: elsewhere(config, administrator),
    };
  }
  if (place === "same-server" || docker === undefined) return { place: "same-server", administrator };
  const server = await lookInto(administrator, name, readServerModel);
  const { engine } = docker;
  return {
    place: "container",
    model: { engine, server, ...(await findImage(engine, `${docker.name}-server`)) },
  };
}

function elsewhere({ docker }: StackConfig, administrator: ConnectionTarget | undefined): string {
  if (administrator === undefined) return "leave --no-live out: a scratch database is then like the live one";
  return docker === undefined
    ? "say --scratch same-server, or set pgstead:scratch to it: a scratch database is then made on the stack's own server"
    : "say --scratch container: the scratch server is then one of the stack's own image";
}

/** What speaks to an engine is loaded where there is one. */
async function findImage(
  engine: DockerEndpoint,
  container: string,
): Promise<Pick<ContainerModel, "image" | "label">> {
  try {
    const { readServerImage } = await import("../../../components/io/scratch/container.js");
    return await readServerImage(engine, container);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    const [problem] = error.problems;
    throw problemError(
      "scratch server",
      `there is no container for it: ${error.title}: ${problem?.message ?? ""}`,
      `${problem?.hint ?? ""} Or say --scratch same-server: a scratch database is then made on the stack's own server`,
      { cause: error },
    );
  }
}

/** What of a place decides what a scratch database is like: equal keys give equal schemas. */
export function keyOfHome(home: ScratchHome): object {
  if (home.place !== "container") return { place: home.place };
  const { image, server } = home.model;
  return { place: home.place, image, server };
}

/** Everything that a scratch database is made from. */
export function scratchOptions(
  context: CommandContext,
  database: DatabaseConfig,
  { roles, extensions }: ScratchModel,
  use: Pick<ScratchOptions, "home" | "waiting" | "parser">,
): ScratchOptions {
  const { name, owner } = database;
  const migrator = database.roles.find(({ key, login }) => key === "migrator" && login);
  return {
    ...use,
    state: declaredState(context, name, { roles, extensions }),
    owner,
    migrator: migrator?.name,
  };
}

/** What is declared of one database; of roles of others there is no more than that they are there. */
export function declaredState(
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
