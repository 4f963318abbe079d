import { join } from "node:path";
import { compareFiles } from "../../core/backup/content";
import { backupFiles } from "../../core/backup/name";
import { ProblemError } from "../../core/problem";
import type { ClientTools } from "./client-tools";
import { checkArchive } from "./dump";
import { measureFiles } from "./files";
import type { StoredBackup } from "./repository";

/** What a look at a backup is done with. */
export interface VerifyOptions {
  /** Client programs of the backup's version; absent: what is in an archive is not listed. */
  readonly tools?: ClientTools | undefined;
  readonly signal: AbortSignal;
}

/**
 * Looks at every byte of a backup: its manifest, the files that are listed there and no others, their sizes and
 * checksums, and what of its tables is in it. It changes nothing.
 *
 * @returns what is wrong; empty: it is what was written
 */
export async function verifyBackup(
  repository: string,
  backup: StoredBackup,
  { tools, signal }: VerifyOptions,
): Promise<string[]> {
  const { name, manifest, fault } = backup;
  if (manifest === undefined) return [fault ?? "it has no manifest"];
  const directory = join(repository, name);
  const sizes = new Map(manifest.files.map(({ path, bytes }) => [path, bytes]));
  const faults = compareFiles(manifest.files, await measureFiles(directory, signal, sizes));
  if (faults.length > 0 || tools === undefined || manifest.dumpFormat !== "directory") return faults;
  const { dump } = backupFiles(manifest.dumpFormat, backup);
  try {
    return await checkArchive(
      { tools, environment: {}, signal },
      join(directory, dump),
      manifest.snapshot.tables,
    );
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return error.problems.map(({ message }) => `pg_restore ${message}`);
  }
}
