import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import { backupFiles, manifestFile, parseBackupName } from "../../../components/core/backup/name";
import { nearest } from "../../../components/core/nearest";
import { logicalBackupsPath } from "../../../components/core/ops/files";
import { problemError } from "../../../components/core/problem";
import { readRepository, verifiedOf, type StoredBackup } from "../../../components/io/backup/repository";
import { verifyBackup } from "../../../components/io/backup/verify";
import type { OpsContainer } from "../../../components/io/backup-gate/ask-operations";
import { withFetchDirectory } from "../../../components/io/move/place";
import { defaultBackupDirectory } from "../../../components/io/places";
import { readPlain } from "../../../components/io/restore/plain";
import type { StackConfig } from "../../config";
import type { CommandContext } from "../command";

/** A backup in a directory of this machine. */
export interface FoundBackup {
  readonly repository: string;
  readonly backup: StoredBackup;
}

/** Where the data of a copy comes from: its manifest is here, and the rest comes when it is needed. */
export interface BackupSource {
  /** With a manifest. */
  readonly backup: StoredBackup;
  /** The statements of its schema; undefined: it has none beside its dump. */
  readonly readSchema: () => Promise<readonly string[] | undefined>;
  /** All of it, every byte just read. @throws ProblemError where it is damaged */
  readonly bring: () => Promise<FoundBackup>;
}

type Surroundings = Pick<CommandContext, "project" | "root" | "progress">;

/** Which backup somebody means: the newest one that was good at the last look, or one by its name. */
export interface Wanted {
  readonly database: string;
  readonly name?: string | undefined;
}

/**
 * Finds a logical backup of a stack, where it is.
 *
 * @throws ProblemError where there is none
 */
export function withBackup<Result>(
  surroundings: Surroundings,
  from: StackConfig,
  wanted: Wanted,
  signal: AbortSignal,
  use: (source: BackupSource) => Promise<Result>,
): Promise<Result> {
  if (from.hostJobs !== undefined) {
    const hint = "copy the database itself: leave the backup out";
    throw problemError(`backups of stack ${from.stack}`, "they are on the host of its server", hint);
  }
  if (from.docker === undefined) return fromDirectory(surroundings, from, wanted, signal).then(use);
  const { name, engine } = from.docker;
  const place = { container: `${name}-ops`, engine };
  return withFetchDirectory((directory) =>
    fromContainer(surroundings, from, { ...wanted, place, directory }, signal).then(use),
  );
}

async function fromDirectory(
  { root, project, progress }: Surroundings,
  from: StackConfig,
  wanted: Wanted,
  signal: AbortSignal,
): Promise<BackupSource> {
  const repository = from.backup.directory ?? defaultBackupDirectory(root, project, from.stack);
  const own = (await readRepository(repository)).backups.filter(
    ({ database }) => database === wanted.database,
  );
  const name = choose(
    own.map((one) => ({ name: one.name, isGood: verifiedOf(one) === "good" })),
    from.stack,
    wanted,
  );
  const backup = readable(own.find((one) => one.name === name));
  return {
    backup,
    readSchema: () => readSchema(repository, backup, signal),
    bring: () => look({ progress }, { repository, backup }, signal),
  };
}

interface OfContainer extends Wanted {
  readonly place: OpsContainer;
  readonly directory: string;
}

/** What is small comes first, so that a preview does not wait for the rest. */
async function fromContainer(
  { progress }: Surroundings,
  from: StackConfig,
  { place, directory, ...wanted }: OfContainer,
  signal: AbortSignal,
): Promise<BackupSource> {
  const { askGateFacts } = await import("../../../components/io/backup-gate/ask-operations.js");
  const { fetchBackup } = await import("../../../components/io/move/fetch-backup.js");
  const { backups, unread } = await askGateFacts(place, wanted.database);
  if (unread !== undefined) throw problemError(`backups of stack ${from.stack}`, unread, "is it up?");
  const known = backups.flatMap(({ kind, name, checkedAt, faults }) =>
    kind === "logical" ? [{ name, isGood: checkedAt !== null && faults.length === 0 }] : [],
  );
  const name = choose(known, from.stack, wanted);
  const [head, whole] = [join(directory, "head"), join(directory, "whole")];
  const fetchHead = async (file: string): Promise<void> => {
    await mkdir(join(head, name), { recursive: true, mode: 0o700 });
    await fetchBackup(place, `${logicalBackupsPath}/${name}/${file}`, join(head, name), signal);
  };
  const stored = async (repository: string): Promise<StoredBackup> =>
    readable((await readRepository(repository)).backups.find((one) => one.name === name));
  await fetchHead(manifestFile);
  const backup = await stored(head);
  return {
    backup,
    async readSchema() {
      const file = schemaFile(backup);
      if (file !== undefined) await fetchHead(file);
      return readSchema(head, backup, signal);
    },
    async bring() {
      await progress(`fetching ${name}`, fetchBackup(place, `${logicalBackupsPath}/${name}`, whole, signal));
      return look({ progress }, { repository: whole, backup: await stored(whole) }, signal);
    },
  };
}

/** @param known the newest first */
function choose(
  known: readonly { readonly name: string; readonly isGood: boolean }[],
  stack: string,
  { database, name }: Wanted,
): string {
  const names = known.map((one) => one.name);
  if (name !== undefined) {
    if (parseBackupName(name) !== undefined && names.includes(name)) return name;
    const meant = nearest(name, names);
    const hint = meant === undefined ? `known: ${names.join(", ") || "none"}` : `did you mean ${meant}?`;
    throw problemError("--backup", `stack ${stack} has no backup ${name} of database ${database}`, hint);
  }
  const newest = known.find(({ isGood }) => isGood);
  if (newest !== undefined) return newest.name;
  throw problemError(
    `database ${database} of stack ${stack}`,
    "has no verified logical backup",
    `take one: \`npm run ops -- backup --stack ${stack}\``,
  );
}

function readable(backup: StoredBackup | undefined): StoredBackup {
  if (backup?.manifest !== undefined) return backup;
  const what = backup?.fault ?? "is not there any more";
  throw problemError(backup?.name ?? "the backup", what, "take another one");
}

function schemaFile({ manifest, ...backup }: StoredBackup): string | undefined {
  if (manifest === undefined) return undefined;
  const { schema } = backupFiles(manifest.dumpFormat, backup);
  return manifest.files.some(({ path }) => path === schema) ? schema : undefined;
}

async function readSchema(
  repository: string,
  backup: StoredBackup,
  signal: AbortSignal,
): Promise<readonly string[] | undefined> {
  const file = schemaFile(backup);
  if (file === undefined) return undefined;
  const statements = await readPlain(join(repository, backup.name, file), signal);
  return statements.map((text) => Buffer.from(text, "latin1").toString("utf8"));
}

async function look(
  { progress }: Pick<Surroundings, "progress">,
  found: FoundBackup,
  signal: AbortSignal,
): Promise<FoundBackup> {
  const { repository, backup } = found;
  const faults = await progress(`reading ${backup.name}`, verifyBackup(repository, backup, { signal }));
  if (faults.length === 0) return found;
  throw problemError(backup.name, `is damaged: ${faults.join("; ")}`, "take another one; is the disk sound?");
}
