import type { StoredBackup } from "../../../../components/io/backup/repository";
import { withRestoredServer, type RestoredServer } from "../../../../components/io/drill/restored-server";
import { backupTestDirectory } from "../../../../components/io/places";
import type { Waiting } from "../../../../components/io/waiting";
import { localPlace, stackName } from "../../backup/place";
import type { CommandContext } from "../../command";
import { chooseTested } from "./choose";

/** What a restored server is needed for. */
export interface WantedServer {
  /** {@link newest}, or a backup's name. */
  readonly name: string;
  readonly database: string;
  /** Who comes in beside the administrator. */
  readonly logins: readonly string[];
  /** True: an application's own programs come in as well. */
  readonly loopback: boolean;
}

/** A restored server, and what it was restored from. */
export interface UsedServer extends RestoredServer {
  readonly backup: StoredBackup;
}

/** Restores a backup of a stack whose server is no container, with the programs of this machine. */
export async function withLocalServer<Result>(
  context: CommandContext,
  { name, database, logins, loopback }: WantedServer,
  waiting: Waiting,
  use: (server: UsedServer) => Promise<Result>,
): Promise<Result> {
  const { repository, drills } = localPlace(context);
  const backup = await chooseTested(repository, { name, database, stack: stackName(context.stack) });
  const order = { repository, backup, logins, loopback, waiting, progress: context.progress };
  const home = backupTestDirectory(repository);
  return withRestoredServer({ ...order, home, search: drills.search }, (server) =>
    use({ ...server, backup }),
  );
}
