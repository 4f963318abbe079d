import type { Finding } from "../../../components/core/finding";
import { nearest } from "../../../components/core/nearest";
import { problemError } from "../../../components/core/problem";
import { findClientTools, type ClientTools } from "../../../components/io/backup/client-tools";
import { withRepository } from "../../../components/io/backup/lock";
import { pruneBackups, retentionOf, type DatabaseRetention } from "../../../components/io/backup/prune";
import {
  assertOwnRepository,
  readRepository,
  type StoredBackup,
} from "../../../components/io/backup/repository";
import { changeState, withCheck } from "../../../components/io/backup/state";
import { verifyBackup } from "../../../components/io/backup/verify";
import type { Report } from "../report";
import { pruneCopies, verifyAtCopies, type CopyRetention, type VerifiedCopy } from "./keep-copies";
import { stackName, type BackupPlace } from "./place";

export interface VerifyData {
  readonly repository: string;
  readonly verified: readonly {
    readonly name: string;
    readonly faults: readonly string[];
    /** False: there are no client programs of its version here, so its content was not listed. */
    readonly listed: boolean;
  }[];
  /** The same backups elsewhere. */
  readonly copies: readonly VerifiedCopy[];
}

/** Reads every byte of backups: of the newest of each database, of a named one, or of all. */
export function verifyBackups(
  place: BackupPlace,
  wanted: { readonly name?: string | undefined; readonly all: boolean; readonly copies: boolean },
  given: AbortSignal,
): Promise<Report<VerifyData>> {
  const { repository, stack } = place;
  return withRepository(repository, "verification of backups", given, async (signal) => {
    const verified: VerifyData["verified"][number][] = [];
    const chosen = choose((await readRepository(repository)).backups, wanted);
    for (const backup of chosen) {
      const { name } = backup;
      const tools = await toolsFor(backup);
      const faults = await place.progress(
        `reading ${name}`,
        verifyBackup(repository, backup, { tools, signal }),
      );
      const at = new Date().toISOString();
      await changeState(repository, (state) => withCheck(state, name, { at, faults }));
      verified.push({
        name,
        faults,
        listed: tools !== undefined && backup.manifest?.dumpFormat === "directory",
      });
    }
    const names = chosen.map(({ name }) => name);
    const looks = wanted.copies ? await verifyAtCopies(place, names, signal) : { copies: [], findings: [] };
    const data = { repository, verified, copies: looks.copies };
    const findings = [...verified.flatMap(toFindings), ...looks.findings];
    return { command: "backup verify", stack, data, findings };
  });
}

function choose(
  backups: readonly StoredBackup[],
  { name, all }: { readonly name?: string | undefined; readonly all: boolean },
): readonly StoredBackup[] {
  if (name !== undefined && all) throw problemError("--all", "stands beside a name", "give one of the two");
  if (all) return backups;
  if (name === undefined) {
    return backups.filter(({ database }, at) => backups.findIndex((one) => one.database === database) === at);
  }
  const found = backups.filter((backup) => backup.name === name);
  if (found.length > 0) return found;
  const meant = nearest(
    name,
    backups.map((backup) => backup.name),
  );
  const hint = meant === undefined ? "`backup list` says what there is" : `did you mean ${meant}?`;
  throw problemError(name, "there is no such backup", hint);
}

async function toolsFor({ manifest }: StoredBackup): Promise<ClientTools | undefined> {
  if (manifest === undefined) return undefined;
  return findClientTools(Number.parseInt(manifest.tools.version, 10)).catch(() => undefined);
}

function toFindings({ name, faults }: VerifyData["verified"][number]): Finding[] {
  const hint = "do not count on it, and take another one; is the disk sound?";
  return faults.map((message) => ({ subject: name, message, hint }));
}

export interface PruneData {
  readonly repository: string;
  readonly dryRun: boolean;
  readonly databases: readonly DatabaseRetention[];
  /** Of each copy that answered. */
  readonly copies: readonly CopyRetention[];
}

/** Removes what the rules do not want any more; or says what that would be. */
export async function prune(
  place: BackupPlace,
  dryRun: boolean,
  given: AbortSignal,
): Promise<Report<PruneData>> {
  const { repository, stack } = place;
  const { keep } = place.plan;
  const now = Date.now();
  const removed = dryRun
    ? {
        databases: retentionOf(await readRepository(repository), keep, now),
        ...(await pruneCopies(place, { dryRun, now }, given)),
      }
    : await withRepository(repository, "removal of old backups", given, async (signal) => {
        await assertOwnRepository(repository, stackName(stack));
        const databases = await pruneBackups(repository, keep, now);
        return { databases, ...(await pruneCopies(place, { dryRun, now }, signal)) };
      });
  const { databases, copies } = removed;
  const refusals = databases.flatMap(({ database, refused }) =>
    refused === undefined
      ? []
      : [{ subject: `backups of ${database}`, message: refused, hint: "`backup status` says more" }],
  );
  const findings = [...refusals, ...removed.findings];
  return { command: "backup prune", stack, data: { repository, dryRun, databases, copies }, findings };
}
