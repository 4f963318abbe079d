import { renderHeads } from "../../../../components/core/backup/alembic-head";
import type { RestoredFrom } from "../../../../components/core/drill/restored-protocol";
import { nearest } from "../../../../components/core/nearest";
import { problemError, type Problem } from "../../../../components/core/problem";
import { readRepository, verifiedOf, type StoredBackup } from "../../../../components/io/backup/repository";
import type { Repository } from "../../../../components/io/backup/repository";

/** The word for the newest backup that was good at the last look. */
export const newest = "newest";

/** Which backup somebody means. */
export interface TestedBackup {
  /** {@link newest}, or its name. */
  readonly name: string;
  readonly database: string;
  /** That backups have to be of. */
  readonly stack: string;
}

/**
 * Finds the backup that migrations are tested on, in a directory of this machine.
 *
 * @throws ProblemError where there is none that may be used, with why and what to do
 */
export async function chooseTested(repository: string, wanted: TestedBackup): Promise<StoredBackup> {
  return chooseFrom(await readRepository(repository), wanted);
}

/** The same of a repository that was read. */
export function chooseFrom({ backups, state, leftovers }: Repository, wanted: TestedBackup): StoredBackup {
  const { name, database } = wanted;
  const own = backups.filter((backup) => backup.database === database);
  const found =
    name === newest
      ? own.find((backup) => verifiedOf(backup) === "good")
      : backups.find((one) => one.name === name);
  if (found === undefined) {
    const copies = Object.entries(state.copies).flatMap(([copy, known]) =>
      Object.hasOwn(known.backups, name) ? [copy] : [],
    );
    throw refused(name === newest ? noneGood(own, wanted) : missing(backups, leftovers, copies, name));
  }
  const fault = faultOf(found, wanted);
  if (fault !== undefined) throw refused(fault);
  return found;
}

/** What is told of a backup that was restored. */
export function restoredFrom({ name, takenAt, manifest }: StoredBackup): RestoredFrom {
  const snapshot = manifest?.snapshot;
  const head = { migrationHead: snapshot?.migrationHead?.version ?? null, alembic: snapshot?.alembic };
  return { name, takenAt: snapshot?.takenAt ?? new Date(takenAt).toISOString(), head: renderHeads(head) };
}

function refused({ path, message, hint }: Problem): Error {
  return problemError(path, message, hint);
}

function noneGood(own: readonly StoredBackup[], { database }: TestedBackup): Problem {
  const [first] = own;
  if (first === undefined) {
    return { path: `database ${database}`, message: "there is no backup of it", hint: "take one: `backup`" };
  }
  const message = `none of its backups is known to be good; the newest is ${first.name}`;
  return {
    path: `database ${database}`,
    message,
    hint: "look at them: `backup verify`; or take one: `backup`",
  };
}

function missing(
  backups: readonly StoredBackup[],
  leftovers: readonly string[],
  copies: readonly string[],
  name: string,
): Problem {
  if (copies.length > 0) {
    const hint = `bring it back first: \`backup fetch ${name}\`; or take ${newest}`;
    return { path: name, message: `is not here, only at ${copies.join(", ")}`, hint };
  }
  if (leftovers.includes(name)) {
    return { path: name, message: "is what a killed run left, and no backup", hint: `take ${newest}` };
  }
  const meant = nearest(
    name,
    backups.map((backup) => backup.name),
  );
  const hint = meant === undefined ? "`restore --list` says what there is" : `did you mean ${meant}?`;
  return { path: name, message: "there is no such backup", hint };
}

/** Why a backup is not used; undefined: it may be. */
function faultOf(backup: StoredBackup, { database, stack }: TestedBackup): Problem | undefined {
  const { name, manifest, fault, check } = backup;
  const others = "name another one of `restore --list`";
  if (manifest === undefined) return { path: name, message: fault ?? "has no manifest", hint: others };
  if (manifest.stack !== stack) {
    return { path: name, message: `is of stack ${manifest.stack}, and this is ${stack}`, hint: others };
  }
  if (backup.database !== database) {
    const hint = `say --database ${backup.database}, or ${others}`;
    return { path: name, message: `is of database ${backup.database}, and not of ${database}`, hint };
  }
  if (check === undefined) {
    return { path: name, message: "nobody has looked at its checksums", hint: "look: `backup verify`" };
  }
  if (check.faults.length === 0) return undefined;
  return { path: name, message: `is damaged: ${check.faults[0] ?? ""}`, hint: others };
}
