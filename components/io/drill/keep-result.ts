import { mkdir, readdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { DrillResult } from "../../core/drill/result";
import { changeState, drillKey, withCheck, withDrill, type RepositoryState } from "../backup/state";
import { replaceFile } from "../replace-file";

/** Beside the backups: a report of each of the last drills. */
const reports = "drills";

/** So many reports of a kind are kept. */
const kept = 20;

/**
 * Keeps what came of a drill: in the repository's state, and as a report. Under the repository's lock.
 *
 * @param checked what a look at every byte of the backup found, where one was taken
 * @returns the report's file
 */
export async function keepResult(
  repository: string,
  result: DrillResult,
  checked?: readonly string[],
): Promise<string> {
  const { kind, backup, database, startedAt, endedAt, faults, restoreSeconds, recoverableAt } = result;
  const drill = { kind, backup, startedAt, endedAt, faults, restoreSeconds, recoverableAt };
  const key = drillKey(kind, database);
  const looked = (state: RepositoryState): RepositoryState =>
    checked === undefined ? state : withCheck(state, backup, { at: endedAt, faults: checked });
  await changeState(repository, (state) => withDrill(looked(state), key, drill));
  return writeReport(join(repository, reports), key, result);
}

/**
 * Writes a report, and removes old ones of the same kind.
 *
 * @param key what it is of: {@link drillKey}
 */
export async function writeReport(directory: string, key: string, result: DrillResult): Promise<string> {
  await mkdir(directory, { recursive: true, mode: 0o700 });
  const prefix = `${encodeURIComponent(key)}_`;
  const file = join(directory, `${prefix}${result.startedAt.replace(/[^\dTZ]/g, "")}.json`);
  await replaceFile(file, `${JSON.stringify(result, null, 2)}\n`, 0o600);
  const older = (await readdir(directory)).filter((name) => name.startsWith(prefix)).toSorted();
  for (const name of older.slice(0, -kept)) await rm(join(directory, name), { force: true });
  return file;
}
