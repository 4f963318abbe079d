import { nearest } from "../../../components/core/nearest";
import { problemError, ProblemError } from "../../../components/core/problem";
import { findClientTools, type ClientTools } from "../../../components/io/backup/client-tools";
import { readRepository, verifiedOf, type StoredBackup } from "../../../components/io/backup/repository";
import { changeState, withCheck } from "../../../components/io/backup/state";
import { verifyBackup } from "../../../components/io/backup/verify";
import { withSession } from "../../../components/io/session";
import type { BackupPlace } from "../backup/place";

/** The word for the newest backup that is not known to be damaged. */
export const latest = "latest";

/** Which backup somebody means. */
export interface WantedBackup {
  readonly name: string;
  /** Of `latest`, where there are several. */
  readonly database?: string | undefined;
}

/** Directory that the backup to restore is in. */
export function sourceOf({ fetched, repository }: Pick<BackupPlace, "fetched" | "repository">): string {
  return fetched ?? repository;
}

/**
 * Finds a backup.
 *
 * @throws ProblemError where there is none, with what there is
 */
export async function chooseBackup(
  place: BackupPlace,
  { name, database }: WantedBackup,
): Promise<StoredBackup> {
  const { databases } = place;
  const { backups } = await readRepository(sourceOf(place));
  const own = backups.filter((backup) => database === undefined || backup.database === database);
  if (name !== latest) return own.find((backup) => backup.name === name) ?? missing(name, own);
  const names = [...new Set(own.map((backup) => backup.database))];
  if (database === undefined && names.length > 1) {
    const of = databases.filter((one) => names.includes(one));
    throw problemError(
      latest,
      "there are backups of several databases",
      `say which: --database ${of.join(", --database ")}`,
    );
  }
  return own.find((backup) => verifiedOf(backup) !== "bad") ?? missing(name, own);
}

function missing(name: string, backups: readonly StoredBackup[]): never {
  const meant = nearest(
    name,
    backups.map((backup) => backup.name),
  );
  const hint = meant === undefined ? "`restore --list` says what there is" : `did you mean ${meant}?`;
  throw problemError(name, "there is no such backup", hint);
}

/** A backup that was just looked at, with what it is restored with. */
export interface LookedAt {
  readonly backup: StoredBackup;
  readonly tools: ClientTools;
}

/**
 * Looks at every byte of a backup, and keeps what was found. Under the repository's lock.
 *
 * @throws ProblemError where it is damaged, and where there are no programs of the server's version
 */
export async function lookAt(
  place: BackupPlace,
  backup: StoredBackup,
  signal: AbortSignal,
): Promise<LookedAt> {
  const { repository, progress } = place;
  const tools = await toolsOf(place);
  const { name } = backup;
  const looking = verifyBackup(sourceOf(place), backup, { tools, signal });
  const faults = await progress(`reading ${name}`, looking);
  const at = new Date().toISOString();
  // What came from a copy says nothing of a backup of the repository.
  if (place.fetched === undefined) {
    await changeState(repository, (state) => withCheck(state, name, { at, faults }));
  }
  if (faults.length === 0) return { backup, tools };
  const hint = "nothing was done: restore another one of `restore --list`";
  throw new DamagedBackupError(
    `${name} is damaged`,
    faults.map((message) => ({ path: "", message, hint })),
  );
}

/** A backup that is not what was written. */
export class DamagedBackupError extends ProblemError {}

/** The client programs of the server's own version. */
async function toolsOf({ administrator }: BackupPlace): Promise<ClientTools> {
  const [row] = await withSession(await administrator(), { asItself: true }, (session) =>
    session.query<{ version: number }>(
      "SELECT pg_catalog.current_setting('server_version_num')::int AS version",
    ),
  );
  return findClientTools(Math.floor((row?.version ?? 0) / 10_000));
}
