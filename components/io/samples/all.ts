import type { ConnectionTarget } from "../../core/connection";
import { withSession } from "../session";
import { takeSample, type TakenSample, type VolumeSize } from "./take";
import { readVolumeRoom } from "../log-directory";

/** What came of a sample of one database. */
export interface DatabaseSample {
  readonly database: string;
  readonly sample?: TakenSample;
  /** Why there is none. */
  readonly failure?: unknown;
}

/** Takes a sample of every database, one after the other; one that fails does not keep the others from theirs. */
export async function takeSamples(
  administrator: ConnectionTarget,
  databases: readonly string[],
  { volume, signal }: { readonly volume?: VolumeSize | undefined; readonly signal?: AbortSignal } = {},
): Promise<DatabaseSample[]> {
  const results: DatabaseSample[] = [];
  for (const database of databases) {
    signal?.throwIfAborted();
    try {
      const applicationName = "pgstead samples";
      // As long as a statement of it may take: a server that hangs in the middle must not hold the next samples up.
      const options = { database, asItself: true, statementTimeoutMs: 60_000, applicationName };
      const sample = await withSession(administrator, options, (session) => takeSample(session, { volume }));
      results.push({ database, sample });
    } catch (failure) {
      results.push({ database, failure });
    }
  }
  return results;
}

/** Size of the volume that a directory is on: what an ordinary account may fill. */
export async function readVolume(directory: string): Promise<VolumeSize> {
  const { volumeSize, volumeFree } = await readVolumeRoom(directory);
  return { bytes: volumeSize, freeBytes: volumeFree };
}

/** The same, where the directory is on this machine and may be looked at; undefined: it is not. */
export async function findVolume(directory: string): Promise<VolumeSize | undefined> {
  return readVolume(directory).catch((error: unknown) => {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "EACCES" || code === "ENOTDIR") return undefined;
    throw error;
  });
}
