import { rename } from "node:fs/promises";
import { join } from "node:path";
import { autoFile } from "../core/settings/catalog";

/**
 * postgresql.auto.conf as it was when the server last started with it, kept in the data directory while other settings
 * wait for the restart that proves them.
 */
export const provenFile = `${autoFile}.pgstead-proven`;

/**
 * Puts the proven settings back, where a run ended between a change and the restart that was to prove it: nobody knows
 * whether the server starts with the new ones. For a server that does not run, in its data directory.
 */
export async function settleSettings(dataDirectory: string): Promise<void> {
  await rename(join(dataDirectory, provenFile), join(dataDirectory, autoFile)).catch((error: unknown) => {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
  });
}
