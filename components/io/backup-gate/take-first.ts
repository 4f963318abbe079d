import type { BackupManifest } from "../../core/backup/manifest";
import { assertOwnRepository, removeLeftovers } from "../backup/repository";
import { takeBackup, type BackupRequest } from "../backup/take";
import { whenFree } from "../backup/wait-for-repository";
import type { Waiting } from "../waiting";

/** How long a run waits for another one that works on the repository, such as that of the schedule. */
const patienceMs = 30 * 60_000;

/**
 * Takes the backup of a database that is about to lose something, under the repository's lock, and verifies it. Nothing
 * else goes: what is too old stays until the next run of the schedule.
 *
 * @throws ProblemError: there is no backup, and nothing may be lost
 */
export function takeFirst(
  request: Omit<BackupRequest, "now" | "signal">,
  waiting: Waiting,
): Promise<BackupManifest> {
  const { repository, database, stack } = request;
  const work = async (signal: AbortSignal): Promise<BackupManifest> => {
    await assertOwnRepository(repository, stack);
    await removeLeftovers(repository);
    return takeBackup({ ...request, now: () => Date.now(), signal });
  };
  return whenFree(repository, `backup of ${database} before a loss`, waiting, work, patienceMs);
}
