import { setTimeout } from "node:timers/promises";
import type { BackupManifest } from "../../core/backup/manifest";
import { RepositoryBusyError, withRepository } from "../backup/lock";
import { assertOwnRepository, removeLeftovers } from "../backup/repository";
import { takeBackup, type BackupRequest } from "../backup/take";
import { startWaiting, type Waiting } from "../waiting";

/** How long a run waits for another one that works on the repository, such as that of the schedule. */
const patienceMs = 30 * 60_000;
const pauseMs = 500;

/**
 * Takes the backup of a database that is about to lose something, under the repository's lock, and verifies it. Nothing
 * else goes: what is too old stays until the next run of the schedule.
 *
 * @throws ProblemError: there is no backup, and nothing may be lost
 */
export async function takeFirst(
  request: Omit<BackupRequest, "now" | "signal">,
  { say, signal }: Waiting,
  waitMs = patienceMs,
): Promise<BackupManifest> {
  const { repository, database, stack } = request;
  const until = Date.now() + waitMs;
  const wait = startWaiting({ say, signal });
  for (;;) {
    try {
      return await withRepository(repository, `backup of ${database} before a loss`, signal, async (held) => {
        await assertOwnRepository(repository, stack);
        await removeLeftovers(repository);
        return takeBackup({ ...request, now: () => Date.now(), signal: held });
      });
    } catch (error) {
      if (!(error instanceof RepositoryBusyError) || Date.now() >= until) throw error;
      await wait(`waiting for the repository of backups: ${error.problems[0]?.message ?? ""}`);
      await setTimeout(pauseMs, undefined, { signal });
    }
  }
}
