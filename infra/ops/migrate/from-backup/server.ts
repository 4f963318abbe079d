import type { RestoredFrom } from "../../../../components/core/drill/restored-protocol";
import type { ApplicationPlace } from "../../../../components/core/migrations/alembic/application";
import { withRestoredServer, type RestoredServer } from "../../../../components/io/drill/restored-server";
import { backupTestDirectory } from "../../../../components/io/places";
import { problemError } from "../../../../components/core/problem";
import type { Waiting } from "../../../../components/io/waiting";
import type { StackConfig } from "../../../config";
import { localPlace, stackName } from "../../backup/place";
import type { CommandContext } from "../../command";
import { chooseTested, restoredFrom } from "./choose";

/** What a restored server is needed for. */
export interface WantedServer {
  /** The word for the newest, or a backup's name. */
  readonly name: string;
  readonly database: string;
  /** Who comes in beside the administrator. */
  readonly logins: readonly string[];
  /** An application whose own program comes in as well. */
  readonly application: ApplicationPlace | undefined;
}

/** A restored server, and what it was restored from. */
export interface UsedServer extends RestoredServer {
  readonly backup: RestoredFrom;
  /** How another container reaches it; absent: it is no container, or has no network. */
  readonly within?: { readonly network: string; readonly port: number } | undefined;
}

/** Restores a backup where the backups of the stack are, uses the server, and throws it away. */
export function withServer<Result>(
  context: CommandContext,
  wanted: WantedServer,
  waiting: Waiting,
  use: (server: UsedServer) => Promise<Result>,
): Promise<Result> {
  const { docker, hostJobs } = context.config;
  if (hostJobs !== undefined) {
    const hint = "bring one here: `backup copies` says what is elsewhere; or test them without --from-backup";
    throw problemError("--from-backup", "the backups of this stack are on the server's host", hint);
  }
  return docker === undefined
    ? withLocalServer(context, wanted, waiting, use)
    : withContainer(context, docker, wanted, waiting, use);
}

/** With the programs of this machine. */
async function withLocalServer<Result>(
  context: CommandContext,
  { name, database, logins, application }: WantedServer,
  waiting: Waiting,
  use: (server: UsedServer) => Promise<Result>,
): Promise<Result> {
  if (application !== undefined) {
    const { assertReaches } = await import("../../../../components/io/scratch/application-network.js");
    await assertReaches("embedded", application);
  }
  const { repository, drills } = localPlace(context);
  const backup = await chooseTested(repository, { name, database, stack: stackName(context.stack) });
  const loopback = application !== undefined;
  const order = { repository, backup, logins, loopback, waiting, progress: context.progress };
  const home = backupTestDirectory(repository);
  return withRestoredServer({ ...order, home, search: drills.search }, (server) =>
    use({ ...server, backup: restoredFrom(backup) }),
  );
}

/** On the host that has the volume of the backups. What speaks to an engine is loaded where there is one. */
async function withContainer<Result>(
  { stack }: CommandContext,
  { name: stem, engine }: NonNullable<StackConfig["docker"]>,
  { name, database, logins, application }: WantedServer,
  waiting: Waiting,
  use: (server: UsedServer) => Promise<Result>,
): Promise<Result> {
  const { withRestoredContainer } = await import("../../../../components/io/scratch/restored-container.js");
  const request = { name, database, logins, stack: stackName(stack) };
  const network = networkOf(application);
  return withRestoredContainer({ engine, container: `${stem}-ops`, network, request, waiting }, use);
}

/** It is where the application's own container is, or is to be. */
function networkOf(application: ApplicationPlace | undefined): string | undefined {
  if (application?.kind === "container") return `container:${application.container}`;
  return application?.kind === "image" ? application.network : undefined;
}
