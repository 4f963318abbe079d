import { fileNameOf, type MigrationHistory } from "./history";
import type { MigrationDirectory } from "./migration-set";

/**
 * True where every file is applied as it is and nothing else is there: then names and checksums have told all, and a
 * thousand files need not be parsed. In doubt it is false.
 */
export function isSettled(
  { files, others }: MigrationDirectory,
  { applied, unfinished }: MigrationHistory,
): boolean {
  if (
    unfinished !== undefined ||
    others.some((name) => !name.startsWith(".")) ||
    files.length !== applied.length
  )
    return false;
  const checksums = new Map(files.map(({ name, checksum }) => [name, checksum]));
  return applied.every((row) => checksums.get(fileNameOf(row)) === row.checksum);
}
