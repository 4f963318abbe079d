import {
  copyDrillOf,
  drillNote,
  parseCopyDrill,
  renderCopyDrill,
  type CopyDrill,
} from "../../core/copies/drilled";
import type { DrillResult } from "../../core/drill/result";
import { changeDrills } from "./known";
import type { Destination } from "./destination";

/** Leaves what came of a drill beside the copies. @throws ProblemError where nothing may be written there */
export async function leaveDrill(copy: Destination, result: DrillResult, signal: AbortSignal): Promise<void> {
  const { database = "" } = result;
  await copy.writeNote(drillNote(database), renderCopyDrill(copyDrillOf(result)), signal);
}

/** Reads what drills have left, wherever they were done. */
export async function readDrills(
  copy: Destination,
  databases: readonly string[],
  { now, signal }: { readonly now: number; readonly signal: AbortSignal },
): Promise<Readonly<Record<string, CopyDrill | undefined>>> {
  const found: Record<string, CopyDrill | undefined> = {};
  for (const database of databases) {
    const text = await copy.readNote(drillNote(database), signal);
    found[database] = text === undefined ? undefined : parseCopyDrill(text, database, now);
  }
  return found;
}

/** Has a repository know of the drills of a copy. Under the repository's lock. */
export async function learnDrills(
  repository: string,
  copy: Destination,
  databases: readonly string[],
  times: { readonly now: number; readonly signal: AbortSignal },
): Promise<void> {
  await changeDrills(repository, copy.name, await readDrills(copy, databases, times));
}
