import { join } from "node:path";
import { backupBytes, type BackupManifest } from "../../core/backup/manifest";
import { parseBackupName, renderBackupName, type BackupName } from "../../core/backup/name";
import { shapeFile } from "../../core/backup/shape";
import { withWay, type DrillResult } from "../../core/drill/result";
import { removeWhole, type StoredBackup } from "../backup/repository";
import type { Destination } from "../copies/destination";
import { DamagedCopyError, fetchCopy } from "../copies/fetch";
import { assertFetchRoom } from "../copies/fetched-place";
import { findClientTools } from "../backup/client-tools";
import { findServerPrograms } from "./programs";
import { drillLogical, readShapeOf, restoredBytes, type LogicalDrill } from "./logical";
import { recordDrill } from "./record";

/** A drill of a backup as a copy has it. */
export interface CopyDrillOrder extends Omit<LogicalDrill, "repository" | "backup" | "copy"> {
  readonly copy: Destination;
  readonly backup: BackupName;
  /** Where it is brought to; the caller removes all of it. */
  readonly directory: string;
  /** File with the key of an encrypted copy; `-`: standard input. */
  readonly identity: string | undefined;
}

/**
 * Brings a backup back from a copy, restores it as every drill does, and throws both away. A copy that is not what was sent
 * has failed its drill.
 *
 * @throws ProblemError where it could not be done here, which says nothing of the copy: no room, no key, no way to it
 */
export async function drillCopy(order: CopyDrillOrder): Promise<DrillResult> {
  const { copy, directory, now, progress } = order;
  const name = renderBackupName(order.backup);
  const begun = now();
  const seconds = (): number => (now() - begun) / 1_000;
  const step = (): { name: string; seconds: number } => ({
    name: "the way from the copy",
    seconds: seconds(),
  });
  try {
    const backup = await progress(`fetching ${name} from ${copy.name}`, bring(order, name));
    const way = step();
    const drill = { ...order, backup, repository: directory, copy: copy.name };
    const { result } = await drillLogical(drill);
    return withWay(result, begun, way);
  } catch (error) {
    if (!(error instanceof DamagedCopyError)) throw error;
    return damaged(order, error, { begun, way: step() });
  } finally {
    await removeWhole(join(directory, name));
  }
}

function bring(
  { copy, directory, identity, search, signal }: CopyDrillOrder,
  name: string,
): Promise<StoredBackup> {
  const foresee = async (manifest: BackupManifest, partial: string): Promise<void> => {
    const { major } = await findClientTools(Number.parseInt(manifest.tools.version, 10), search.path);
    await findServerPrograms(major, search);
    const shape = await readShapeOf(join(partial, shapeFile));
    await assertFetchRoom(directory, backupBytes(manifest) + restoredBytes(manifest, shape));
  };
  return fetchCopy({ copy, name, directory, identity, foresee, signal });
}

function damaged(
  { copy, backup, progress, now }: CopyDrillOrder,
  error: DamagedCopyError,
  { begun, way }: { readonly begun: number; readonly way: DrillResult["steps"][number] },
): DrillResult {
  const name = renderBackupName(backup);
  const subject = { kind: "logical", backup: name, database: backup.database, copy: copy.name } as const;
  const record = recordDrill(subject, progress, now);
  record.faults.push(...error.problems.map(({ message }) => message));
  return withWay(record.result(), begun, way);
}

/** The newest backup at a copy of each of the databases, or the one that is named. */
export function chooseAtCopy(
  whole: readonly string[],
  { databases, name }: { readonly databases: readonly string[]; readonly name?: string | undefined },
): readonly BackupName[] {
  const all = whole
    .flatMap((one) => parseBackupName(one) ?? [])
    .toSorted((one, other) => other.takenAt - one.takenAt);
  if (name !== undefined) return all.filter((one) => renderBackupName(one) === name);
  return databases.flatMap((database) => all.find((one) => one.database === database) ?? []);
}
