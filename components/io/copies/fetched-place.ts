import { randomBytes } from "node:crypto";
import { mkdir, readdir } from "node:fs/promises";
import { join } from "node:path";
import { problemError } from "../../core/problem";
import { renderSize } from "../../core/size";
import { withRepository } from "../backup/lock";
import { removeWhole } from "../backup/repository";
import { makePassable } from "../embedded/instance";
import { guardDirectory } from "../guard-directory";
import { readVolumeRoom } from "../log-directory";

/**
 * A directory for what is brought back from a copy in clear, which goes whatever happens: with the work, with this process
 * where that is killed, and by the next run where the machine went down with both. Only one run at a time is there.
 *
 * @param home everything in its directory `sets` is thrown away
 * @param what is done, for whoever comes second
 * @throws ProblemError that names who is at work there
 */
export async function withFetchedPlace<Result>(
  home: string,
  what: string,
  given: AbortSignal,
  use: (directory: string, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  await makePassable(home);
  return withRepository(home, what, given, async (signal) => {
    const sets = join(home, "sets");
    for (const left of await readdir(sets).catch(() => [])) await removeWhole(join(sets, left));
    const directory = join(sets, randomBytes(4).toString("hex"));
    const release = guardDirectory(directory);
    try {
      await mkdir(directory, { recursive: true, mode: 0o700 });
      return await use(directory, signal);
    } finally {
      await removeWhole(directory);
      release();
    }
  });
}

/**
 * Refuses to bring what would fill the volume.
 *
 * @param directory that exists
 * @param bytes of all that is going to be there
 * @throws ProblemError
 */
export async function assertFetchRoom(directory: string, bytes: number): Promise<void> {
  const { volumeFree } = await readVolumeRoom(directory);
  if (volumeFree >= bytes) return;
  throw problemError(
    `directory ${directory}`,
    `has ${renderSize(volumeFree)} free, and what comes from the copy takes about ${renderSize(bytes)}`,
    "make room on that volume; on a machine of your own PGSTEAD_DATA names another one",
  );
}
