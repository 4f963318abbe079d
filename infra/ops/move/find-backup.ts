import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { logicalBackupsPath } from "../../../components/core/ops-context";
import { problemError } from "../../../components/core/problem";
import { readRepository, verifiedOf, type StoredBackup } from "../../../components/io/backup/repository";
import { verifyBackup } from "../../../components/io/backup/verify";
import { defaultBackupDirectory } from "../../../components/io/places";
import type { StackConfig } from "../../config";
import type { CommandContext } from "../command";

/** A backup in a directory of this machine. */
export interface FoundBackup {
  readonly repository: string;
  readonly backup: StoredBackup;
}

type Surroundings = Pick<CommandContext, "project" | "root" | "progress">;

/**
 * Finds the newest logical backup of a database that was good at the last look, brings it here where it is on a volume of
 * containers, reads every byte of it once more, and uses it.
 *
 * @throws ProblemError where there is none, or it is damaged by now
 */
export async function withNewestBackup<Result>(
  surroundings: Surroundings,
  from: StackConfig,
  database: string,
  signal: AbortSignal,
  use: (found: FoundBackup) => Promise<Result>,
): Promise<Result> {
  const { docker } = from;
  if (docker === undefined) {
    const repository =
      from.backup.directory ?? defaultBackupDirectory(surroundings.root, surroundings.project, from.stack);
    const backup = newestGood((await readRepository(repository)).backups, from.stack, database);
    return use(await look(surroundings, { repository, backup }, signal));
  }
  const directory = await mkdtemp(join(tmpdir(), "pgstead-copy-"));
  try {
    const { askGateFacts } = await import("../../../components/io/backup-gate/ask-container.js");
    const { fetchBackup } = await import("../../../components/io/move/fetch-backup.js");
    const place = { container: `${docker.name}-ops`, engine: docker.engine };
    const { backups, unread } = await askGateFacts(place, database);
    if (unread !== undefined) throw problemError(`backups of stack ${from.stack}`, unread, "is it up?");
    const newest = backups.find(
      ({ kind, checkedAt, faults }) => kind === "logical" && checkedAt !== null && faults.length === 0,
    );
    if (newest === undefined) throw noneGood(from.stack, database);
    const { name } = newest;
    await surroundings.progress(
      `fetching ${name}`,
      fetchBackup(place, `${logicalBackupsPath}/${name}`, directory, signal),
    );
    const backup = (await readRepository(directory)).backups.find((one) => one.name === name);
    if (backup === undefined) throw problemError(name, "did not arrive", "run this again");
    return await use(await look(surroundings, { repository: directory, backup }, signal));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function newestGood(backups: readonly StoredBackup[], stack: string, database: string): StoredBackup {
  const found = backups.find((backup) => backup.database === database && verifiedOf(backup) === "good");
  if (found === undefined) throw noneGood(stack, database);
  return found;
}

function noneGood(stack: string, database: string): Error {
  return problemError(
    `database ${database} of stack ${stack}`,
    "has no verified logical backup",
    `take one: \`npm run ops -- backup --stack ${stack}\``,
  );
}

async function look(
  { progress }: Surroundings,
  found: FoundBackup,
  signal: AbortSignal,
): Promise<FoundBackup> {
  const { repository, backup } = found;
  const faults = await progress(`reading ${backup.name}`, verifyBackup(repository, backup, { signal }));
  if (faults.length === 0) return found;
  throw problemError(backup.name, `is damaged: ${faults.join("; ")}`, "take another one; is the disk sound?");
}
