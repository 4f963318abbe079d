import { backupBytes, type BackupManifest } from "../../../components/core/backup/manifest";
import { findShrunk } from "../../../components/core/backup/shrunk";
import type { Finding } from "../../../components/core/finding";
import { problemError, ProblemError } from "../../../components/core/problem";
import { pruneBackups } from "../../../components/io/backup/prune";
import {
  assertOwnRepository,
  readRepository,
  removeLeftovers,
  verifiedOf,
} from "../../../components/io/backup/repository";
import { whenFree } from "../../../components/io/backup/wait-for-repository";
import type { CopyOutcome } from "../../../components/io/copies/sync";
import { takeBackup } from "../../../components/io/backup/take";
import { LoginRefusedError, ServerUnreachableError } from "../../../components/io/session";
import { meantOrKnown } from "../meant";
import type { Report } from "../report";
import { sendCopies, toCopyFindings } from "./copies";
import { stackName, type BackupPlace } from "./place";
import { errorMessage } from "../../../components/core/error-message";

export interface TakenBackup {
  readonly name: string;
  readonly database: string;
  readonly bytes: number;
  readonly tables: number;
  /** Of all tables. */
  readonly rows: string;
  readonly seconds: number;
  /** False: the globals have no passwords. */
  readonly passwords: boolean;
  readonly warnings: readonly string[];
}

export interface TakeData {
  readonly repository: string;
  readonly taken: readonly TakenBackup[];
  /** What killed runs had left. */
  readonly leftovers: readonly string[];
  readonly removed: readonly { readonly name: string; readonly reason: string }[];
  /** What went to each place elsewhere. */
  readonly copies: readonly CopyOutcome[];
}

/** Takes a backup of each database, and then removes what its rules do not want any more. */
export function takeBackups(
  place: BackupPlace,
  wanted: string | undefined,
  given: AbortSignal,
): Promise<Report<TakeData>> {
  const { repository, stack } = place;
  const databases = chooseDatabases(place, wanted);
  const say = (text: string): Promise<void> => {
    place.write(text);
    return Promise.resolve();
  };
  const waiting = { say, signal: given };
  const work = async (signal: AbortSignal): Promise<Report<TakeData>> => {
    await assertOwnRepository(repository, stackName(stack));
    const leftovers = await removeLeftovers(repository);
    const taken: TakenBackup[] = [];
    const removed: TakeData["removed"][number][] = [];
    const findings: Finding[] = [];
    for (const database of databases) {
      try {
        const sizes = await readSizes(place, database);
        const one = describe(await takeOne(place, database, signal));
        taken.push(one);
        const shrunk = findShrunk(one, sizes);
        if (shrunk !== undefined) {
          findings.push(shrunk);
          continue;
        }
        const plans = await pruneBackups(repository, place.plan.keep, Date.now(), database);
        removed.push(...plans.flatMap(({ remove }) => remove));
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof ServerUnreachableError || error instanceof LoginRefusedError) throw error;
        findings.push(...toFindings(database, error));
      }
    }
    // What was missing there before is sent, even where no backup could be taken now.
    const copies = await sendCopies(place, place.copies, signal);
    findings.push(...copies.flatMap(toCopyFindings));
    return { command: "backup", stack, data: { repository, taken, leftovers, removed, copies }, findings };
  };
  return whenFree(repository, `backup of ${databases.join(", ")}`, waiting, work, place.patienceMs ?? 0);
}

/** Of the good backups of a database, in the format of now, the newest first. */
async function readSizes({ repository, plan }: BackupPlace, database: string): Promise<number[]> {
  const { backups } = await readRepository(repository);
  return backups
    .filter((one) => one.database === database && verifiedOf(one) === "good")
    .flatMap(({ manifest }) => (manifest?.dumpFormat === plan.format ? [backupBytes(manifest)] : []));
}

async function takeOne(place: BackupPlace, database: string, signal: AbortSignal): Promise<BackupManifest> {
  const { repository, stack, version, plan } = place;
  const login = await place.login(database);
  return takeBackup({
    repository,
    stack: stackName(stack),
    version,
    plan,
    database,
    login,
    signal,
    now: () => Date.now(),
    progress: place.progress,
  });
}

/** @throws ProblemError for one that is not declared */
export function chooseDatabases({ databases }: BackupPlace, wanted: string | undefined): readonly string[] {
  if (wanted === undefined) return databases;
  if (databases.includes(wanted)) return [wanted];
  throw problemError("--database", `${wanted} is not declared`, meantOrKnown(wanted, databases));
}

function describe(manifest: BackupManifest): TakenBackup {
  const { name, database, snapshot, passwords, warnings, startedAt, endedAt } = manifest;
  const { tables } = snapshot;
  return {
    ...{ name, database, passwords, warnings, bytes: backupBytes(manifest), tables: tables.length },
    rows: String(tables.reduce((sum, { rows }) => sum + BigInt(rows ?? 0), 0n)),
    seconds: (Date.parse(endedAt) - Date.parse(startedAt)) / 1_000,
  };
}

/** What a failure of a backup is told as. */
export function toFindings(database: string, error: unknown): Finding[] {
  const subject = `backup of ${database}`;
  if (error instanceof ProblemError) {
    return error.problems.map(({ path, message, hint }) => ({
      subject,
      message: path === "" ? `${error.title}: ${message}` : `${path}: ${message}`,
      hint,
    }));
  }
  const hint = "no backup before this one was touched: mend it, and run this again";
  return [{ subject, message: errorMessage(error), hint }];
}
