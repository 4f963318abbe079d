import { nearest } from "../../../components/core/nearest";
import { backupBytes, type BackupManifest } from "../../../components/core/backup/manifest";
import { parseBackupName, type BackupName } from "../../../components/core/backup/name";
import { problemError } from "../../../components/core/problem";
import type { Destination } from "../../../components/io/copies/destination";
import { fetchCopy } from "../../../components/io/copies/fetch";
import { assertFetchRoom, withFetchedPlace } from "../../../components/io/copies/fetched-place";
import { withDestination } from "../../../components/io/copies/open";
import { chooseCopies } from "../backup/copies";
import type { BackupPlace } from "../backup/place";
import { latest, type WantedBackup } from "./choose";

/** A backup of a copy. */
export interface WantedCopy extends WantedBackup {
  readonly copy: string;
  /** File with the key of an encrypted copy; `-`: standard input. */
  readonly identity?: string | undefined;
}

/** A backup that was brought here, in clear. */
export interface FetchedBackup {
  readonly name: string;
  /** That has the backup's own directory. */
  readonly directory: string;
}

/**
 * Brings a backup from a copy, decrypted and compared with its manifest, uses it, and removes it again whatever happens. It
 * never lies in the repository.
 *
 * @throws ProblemError where it is not there, is damaged, or its key is another one; LostWayError
 */
export function withFetchedBackup<Result>(
  place: BackupPlace,
  wanted: WantedCopy,
  given: AbortSignal,
  use: (fetched: FetchedBackup, signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const { copy, identity } = wanted;
  const [declared] = chooseCopies(place, copy);
  if (declared === undefined) throw new Error(`copy ${copy} is not declared`);
  const { fetched: home } = place.drills.copies;
  return withFetchedPlace(home, `restore from copy ${copy}`, given, async (directory, signal) => {
    const foresee = ({ files }: BackupManifest): Promise<void> =>
      assertFetchRoom(directory, backupBytes({ files }));
    const name = await withDestination(declared, async (destination) => {
      const { whole } = await place.progress(`asking copy ${copy}`, destination.list(signal));
      const found = chooseName(destination, whole, wanted);
      const work = fetchCopy({ copy: destination, name: found, directory, identity, foresee, signal });
      await place.progress(`fetching ${found} from ${copy}`, work);
      return found;
    });
    return use({ name, directory }, signal);
  });
}

/** @throws ProblemError where there is none, with what there is */
function chooseName(
  { name: copy, where }: Destination,
  whole: readonly string[],
  { name, database }: WantedBackup,
): string {
  const own = whole
    .flatMap((one) => ({ ...(parseBackupName(one) ?? nobodys), name: one }))
    .filter((one) => database === undefined || one.database === database)
    .toSorted((one, other) => other.takenAt - one.takenAt);
  const databases = [...new Set(own.map((one) => one.database))];
  if (name === latest && databases.length > 1) {
    const hint = `say which: --database ${databases.join(", --database ")}`;
    throw problemError(latest, `there are backups of several databases at copy ${copy}`, hint);
  }
  const found = name === latest ? own[0] : own.find((one) => one.name === name);
  if (found !== undefined) return found.name;
  const meant = nearest(
    name,
    own.map((one) => one.name),
  );
  const hint =
    meant === undefined ? `\`restore --list --copy ${copy}\` says what is there` : `did you mean ${meant}?`;
  throw problemError(`copy ${copy} (${where})`, name === latest ? "has no backup" : `has no ${name}`, hint);
}

/** A destination lists names of backups alone. */
const nobodys: BackupName = { database: "", kind: "full", takenAt: 0 };
