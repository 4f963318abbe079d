import type { RepeatableFiles } from "../repeatables/repeatable";
import { base, lastOf } from "./decide";
import { parseFileName } from "./file-name";
import { fileNameOf, type MigrationHistory, type RepeatableRow } from "./history";
import { inOrder, type MigrationDirectory } from "./migration-set";

/**
 * True where every file up to the target is applied as it is and nothing else is there: then names and checksums have
 * told all, and a thousand files need not be parsed. In doubt it is false.
 */
export function isSettled(
  directory: MigrationDirectory,
  { applied, unfinished, repeatables = [] }: MigrationHistory,
  target?: string,
  beside: RepeatableFiles = { files: [], others: [] },
): boolean {
  if (!areApplied(beside, repeatables)) return false;
  const files = wantedFiles(directory, target);
  if (
    unfinished !== undefined ||
    directory.others.some((name) => !name.startsWith(".")) ||
    files?.length !== applied.length
  )
    return false;
  const checksums = new Map(files.map(({ name, checksum }) => [name, checksum]));
  return applied.every((row) => checksums.get(fileNameOf(row)) === row.checksum);
}

/** The files that are to be applied; undefined: a name has to be told. */
function wantedFiles(
  { files }: MigrationDirectory,
  target: string | undefined,
): MigrationDirectory["files"] | undefined {
  if (target === undefined) return files;
  const names = files.map(({ name }) => parseFileName(name)).filter((name) => "kind" in name);
  if (names.length < files.length) return undefined;
  const ordered = names.toSorted(inOrder);
  const last = lastOf(target, ordered);
  if (last === undefined) return target === base ? [] : undefined;
  const wanted = new Set(ordered.slice(0, ordered.indexOf(last) + 1).map(({ file }) => file));
  return files.filter(({ name }) => wanted.has(name));
}

function areApplied({ files, others }: RepeatableFiles, rows: readonly RepeatableRow[]): boolean {
  if (others.length > 0 || files.length !== rows.length) return false;
  const checksums = new Map(files.map(({ name, checksum }) => [name, checksum]));
  return rows.every(
    ({ path, checksum, left, missing }) =>
      checksums.get(path) === checksum && left.length === 0 && missing.length === 0,
  );
}
