import { rename } from "node:fs/promises";
import { join } from "node:path";
import { hbaPlaces } from "./places";

/**
 * Puts the rules before back, where a server died between a new pg_hba.conf and its proof: nobody knows whether anybody
 * could log in with the new one. For a server that does not run, in its data directory.
 */
export async function settleHba(dataDirectory: string): Promise<void> {
  const { file, previous } = hbaPlaces(join(dataDirectory, "pg_hba.conf"));
  await rename(previous, file).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  });
}
