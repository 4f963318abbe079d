import { mkdir, rename, writeFile } from "node:fs/promises";
import { availableParallelism } from "node:os";
import { basename, join } from "node:path";
import {
  backupBytes,
  renderManifest,
  type BackedUpTable,
  type BackupManifest,
} from "../../core/backup/manifest";
import {
  backupFiles,
  checksumFile,
  manifestFile,
  metaFile,
  newBackupName,
  parseBackupName,
  partialEnding,
  removedEnding,
  type BackupFiles,
  type BackupName,
} from "../../core/backup/name";
import type { LogicalBackups } from "../../core/backup/plan";
import { shapeFile } from "../../core/backup/shape";
import type { ConnectionTarget } from "../../core/connection";
import { problemError, ProblemError } from "../../core/problem";
import { renderSize } from "../../core/size";
import { readVolumeRoom } from "../log-directory";
import { untold, type Progress } from "../progress";
import { replaceFile, syncDirectory } from "../replace-file";
import { findClientTools, type ClientTools } from "./client-tools";
import { dumpAll } from "./dump";
import { measureFiles, settleFiles, sha256 } from "./files";
import { repositoryFailure } from "./lock";
import { readRepository, removeWhole, type Repository, type StoredBackup } from "./repository";
import { LockConflictError, withEnvironment } from "./run-tool";
import { withSnapshot, type DatabaseSnapshot } from "./snapshot";
import { changeState, withCheck, withRun } from "./state";
import { verifyBackup } from "./verify";
import { errorMessage } from "../../core/error-message";

/** One backup of one database. */
export interface BackupRequest {
  /** Directory of all backups, whose lock the caller holds. */
  readonly repository: string;
  readonly database: string;
  readonly login: ConnectionTarget;
  readonly stack: string;
  /** Of pgstead. */
  readonly version: string;
  readonly plan: LogicalBackups;
  /** Where the client programs are looked for first, as `PATH` has it. */
  readonly path?: string | undefined;
  readonly now: () => number;
  readonly signal: AbortSignal;
  /** Told of each step; default: nobody is. */
  readonly progress?: Progress;
}

/**
 * Takes a backup of a database, beside those that are there. It has its name only once it is whole, checked and on disk,
 * and counts as good once it was read back. Whatever fails, no other backup is touched, and the failure is kept in the
 * repository's state.
 *
 * @throws ProblemError and whatever a session throws
 */
export async function takeBackup(request: BackupRequest): Promise<BackupManifest> {
  const { repository, database, now } = request;
  const startedAt = new Date(now()).toISOString();
  try {
    await changeState(repository, (state) => withRun(state, database, { startedAt }));
    const manifest = await writeBackup(request);
    const endedAt = new Date(now()).toISOString();
    const run = { startedAt, endedAt, outcome: "success", backup: manifest.name } as const;
    await changeState(repository, (state) =>
      withRun(withCheck(state, manifest.name, { at: endedAt, faults: [] }), database, run),
    );
    return manifest;
  } catch (error) {
    const told = repositoryFailure(repository, error);
    const run = {
      startedAt,
      endedAt: new Date(now()).toISOString(),
      outcome: "failure",
      reason: reasonOf(told),
    } as const;
    // Where it cannot be kept, as on a full disk, the run looks like one that was killed: a failure as well.
    await changeState(repository, (state) => withRun(state, database, run)).catch(() => undefined);
    throw told;
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof ProblemError) {
    const problems = error.problems.map(({ path, message }) =>
      path === "" ? message : `${path}: ${message}`,
    );
    return `${error.title}: ${problems.slice(0, 5).join("; ")}${problems.length > 5 ? "; …" : ""}`;
  }
  return errorMessage(error);
}

async function writeBackup(request: BackupRequest): Promise<BackupManifest> {
  const { repository, database, signal, now, progress = untold } = request;
  const before = await readRepository(repository);
  await assertRoom(repository, before, database);
  const name = newBackupName(database, now(), [
    ...before.backups.map((one) => one.name),
    ...before.leftovers,
  ]);
  const partial = join(repository, `${name}${partialEnding}`);
  try {
    const manifest = await writeFiles(request, partial, name);
    await progress(`waiting until ${name} is on disk`, settleFiles(partial));
    signal.throwIfAborted();
    await rename(partial, join(repository, name));
    await syncDirectory(repository);
    await progress(`reading ${name} back`, readBack(request, name));
    return manifest;
  } catch (error) {
    await removeWhole(partial).catch(() => undefined); // what failed first is the error to show
    throw error;
  }
}

/** More processes than that wait for the server's disk. */
const greatestJobs = Math.min(availableParallelism(), 4);

/**
 * Processes of each attempt: where somebody waits to change a table, the snapshot is given up, lets him through, and is
 * taken again. Several processes lock a table when they come to it; a single one locks all of them at once, in the end.
 */
const attempts = [greatestJobs, greatestJobs, 1] as const;

async function writeFiles(request: BackupRequest, partial: string, name: string): Promise<BackupManifest> {
  const { login, database, signal, path } = request;
  for (const [index, jobs] of attempts.entries()) {
    await removeWhole(partial);
    await mkdir(partial, { mode: 0o700 });
    try {
      return await withSnapshot(login, database, signal, async (snapshot) =>
        fill(request, { partial, name, snapshot, jobs, tools: await findClientTools(snapshot.major, path) }),
      );
    } catch (error) {
      if (!(error instanceof LockConflictError) || index === attempts.length - 1) throw error;
    }
  }
  throw new Error("no attempt is left, and none failed");
}

interface Filling {
  readonly partial: string;
  readonly jobs: number;
  readonly name: string;
  readonly snapshot: DatabaseSnapshot;
  readonly tools: ClientTools;
}

/** Writes all files of a backup, the manifest last. */
async function fill(
  request: BackupRequest,
  { partial, name, snapshot, tools, jobs }: Filling,
): Promise<BackupManifest> {
  const { database, login, plan, now, progress = untold } = request;
  const startedAt = new Date(now()).toISOString();
  const parsed = nameOf(name);
  const files = backupFiles(plan.format, parsed);
  const shape = await progress(`describing ${database}`, snapshot.readShape());
  const dump = { database, snapshot, directory: partial, files, plan, jobs, progress };
  const [warnings, tables] = await together(snapshot, request.signal, (signal) =>
    withEnvironment(login, database, tools, (environment) =>
      dumpAll({ tools, environment, signal, ...dump }),
    ),
  );
  const facts = { ...snapshot.facts, tables };
  const what = {
    kind: parsed.kind,
    database,
    dumpFormat: plan.format,
    version: request.version,
    stack: request.stack,
  };
  const head = { name, ...what, startedAt, endedAt: new Date(now()).toISOString(), snapshot: facts };
  const more = {
    tools: { version: tools.version },
    passwords: snapshot.readsPasswords,
    warnings,
  };
  if (plan.format === "plain")
    await describePlain(partial, files, { ...head, ...more, files: [] }, request.signal);
  await writeFile(join(partial, shapeFile), `${JSON.stringify(shape, null, 1)}\n`, { mode: 0o600 });
  const measured = progress(`making checksums of ${name}`, measureFiles(partial, request.signal));
  const manifest = { ...head, ...more, files: await measured };
  await replaceFile(join(partial, manifestFile), renderManifest(manifest, sha256), 0o600);
  return manifest;
}

/** Dumps and counts at the same time; where one fails the other is given up, and the first failure is the one to show. */
async function together<Dumped>(
  snapshot: DatabaseSnapshot,
  given: AbortSignal,
  dump: (signal: AbortSignal) => Promise<Dumped>,
): Promise<[Dumped, readonly BackedUpTable[]]> {
  const failed = new AbortController();
  const giveUp = (error: unknown): never => {
    failed.abort(error);
    snapshot.cancel();
    throw error;
  };
  const dumping = dump(AbortSignal.any([given, failed.signal])).catch(giveUp);
  const counting = snapshot.countRows().catch(giveUp);
  const [dumped, counted] = await Promise.allSettled([dumping, counting]);
  if (dumped.status === "rejected" || counted.status === "rejected") throw failed.signal.reason;
  return [dumped.value, counted.value];
}

function nameOf(name: string): BackupName {
  const parsed = parseBackupName(name);
  if (parsed === undefined) throw new Error(`${name} is no name of a backup`);
  return parsed;
}

/** Beside each plain file its checksum, and what it is, for scripts that know no manifest. */
async function describePlain(
  directory: string,
  { dump }: BackupFiles,
  { database, snapshot, tools, startedAt, endedAt, kind }: BackupManifest,
  signal: AbortSignal,
): Promise<void> {
  for (const { path, sha256: sum } of await measureFiles(directory, signal)) {
    await writeFile(join(directory, checksumFile(path)), `${sum}  ${basename(path)}\n`, { mode: 0o600 });
  }
  const lines = {
    database: JSON.stringify(database),
    type: kind,
    started: startedAt,
    ended: endedAt,
    snapshot: snapshot.takenAt,
    server_version: snapshot.serverVersion,
    pg_dump_version: tools.version,
    lsn: snapshot.lsn ?? "",
  };
  const text = Object.entries(lines).map(([key, value]) => `${key}=${value}\n`);
  await writeFile(join(directory, metaFile(dump)), text.join(""), { mode: 0o600 });
}

/** A dump that fills the disk takes the jobs beside it along. */
async function assertRoom(repository: string, { backups }: Repository, database: string): Promise<void> {
  const last = backups.find(
    (backup) => backup.database === database && backup.manifest !== undefined,
  )?.manifest;
  if (last === undefined) return;
  const needed = 1.5 * backupBytes(last);
  const { volumeFree } = await readVolumeRoom(repository);
  if (volumeFree >= needed) return;
  throw problemError(
    `repository of backups ${repository}`,
    `has ${renderSize(volumeFree)} free, and the last backup of ${database} took ${renderSize(backupBytes(last))}: half as much again is to be free`,
    "make room on that volume (`backup prune --dry-run` says what its rules would remove), or give it another one",
  );
}

/** Reads the backup back from where it is now. One that is not what was written is none. */
async function readBack({ repository, signal }: BackupRequest, name: string): Promise<void> {
  const directory = join(repository, name);
  const stored = (await readRepository(repository)).backups.find(
    (one): one is StoredBackup => one.name === name,
  );
  const faults =
    stored === undefined
      ? ["it is gone"]
      : await verifyBackup(repository, stored, { signal }).catch(async (error: unknown) => {
          // Of a run that is ended nothing is left; what is wrong with the disk is the error to show.
          if (signal.aborted) await removeWhole(directory).catch(() => undefined);
          throw error;
        });
  if (faults.length === 0) return;
  await rename(directory, `${directory}${removedEnding}`);
  throw problemError(
    name,
    `does not read back as it was written: ${faults.join("; ")}`,
    "is the disk sound?",
  );
}
