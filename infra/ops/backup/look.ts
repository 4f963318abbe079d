import { renderHeads, type AlembicHead } from "../../../components/core/backup/alembic-head";
import { findStale } from "../../../components/core/backup/freshness";
import { backupBytes } from "../../../components/core/backup/manifest";
import type { Finding } from "../../../components/core/finding";
import { lastRunOf } from "../../../components/io/backup/prune";
import {
  readRepository,
  verifiedOf,
  type Repository,
  type StoredBackup,
} from "../../../components/io/backup/repository";
import { readVolumeRoom } from "../../../components/io/log-directory";
import type { Report } from "../report";
import { copiesOf, copyFindings, summarizeCopies, type CopySummary, type ListedCopy } from "./look-copies";
import { readDrillStatus, type DrillStatus } from "../drill/status";
import { readPhysicalStatus, type PhysicalStatus } from "./look-physical";
import { timesOf, type BackupPlace } from "./place";

export interface ListedBackup {
  readonly name: string;
  readonly database: string;
  readonly takenAt: string;
  readonly verified: "good" | "bad" | "never";
  readonly verifiedAt: string | null;
  readonly bytes: number | null;
  readonly format: string | null;
  readonly serverVersion: string | null;
  readonly migrationHead: string | null;
  /** Of each version table of Alembic; null: the backup does not tell. */
  readonly alembic: readonly AlembicHead[] | null;
  /** What is wrong with it. */
  readonly faults: readonly string[];
  /** Where it is as well, as far as is known here. */
  readonly copies: readonly ListedCopy[];
}

export interface ListData {
  readonly repository: string;
  readonly backups: readonly ListedBackup[];
  readonly leftovers: readonly string[];
}

/** What is in the repository. */
export async function listBackups({ repository, stack }: BackupPlace): Promise<Report<ListData>> {
  const { backups, leftovers, state } = await readRepository(repository);
  const described = backups.map((backup) => ({ ...describe(backup), copies: copiesOf(state, backup.name) }));
  const data = { repository, backups: described, leftovers };
  return { command: "backup list", stack, data, findings: [] };
}

function describe(backup: StoredBackup): Omit<ListedBackup, "copies"> {
  const { name, database, takenAt, manifest, fault, check } = backup;
  return {
    name,
    database,
    takenAt: new Date(takenAt).toISOString(),
    verified: verifiedOf(backup),
    verifiedAt: check?.at ?? null,
    bytes: manifest === undefined ? null : backupBytes(manifest),
    format: manifest?.dumpFormat ?? null,
    serverVersion: manifest?.snapshot.serverVersion ?? null,
    migrationHead: manifest?.snapshot.migrationHead?.version ?? null,
    alembic: manifest?.snapshot.alembic ?? null,
    faults: fault === undefined ? (check?.faults ?? []) : [fault],
  };
}

export interface DatabaseBackups {
  readonly database: string;
  readonly count: number;
  /** Of all its backups. */
  readonly bytes: number;
  /** The newest that is good. */
  readonly newest: string | null;
  readonly newestAt: string | null;
  readonly newestBytes: number | null;
  /** Heads of its migrations, Alembic's as well; null: it has none. */
  readonly newestHead: string | null;
  readonly lastVerifiedAt: string | null;
  readonly lastSuccessAt: string | null;
  readonly lastRunAt: string | null;
  /** Of the last run; null: there was none. */
  readonly exitCode: 0 | 1 | null;
  readonly seconds: number | null;
}

export interface StatusData {
  readonly repository: string;
  readonly schedule: string | null;
  readonly nextRunAt: string | null;
  /** Seconds; null: nobody said how often backups are taken. */
  readonly greatestAge: number | null;
  readonly freeBytes: number | null;
  readonly databases: readonly DatabaseBackups[];
  readonly copies: readonly CopySummary[];
  /** Null: none are declared, or they cannot be looked at. */
  readonly physical: PhysicalStatus | null;
  readonly drill: DrillStatus;
  readonly leftovers: readonly string[];
}

/** Whether there are backups as there are to be. */
export async function readBackupStatus(place: BackupPlace, now: number): Promise<Report<StatusData>> {
  const { repository, stack, schedule = null } = place;
  const found = await readRepository(repository);
  const { nextRun, greatestAgeMs } = timesOf(place, now);
  const judged = judgeRepository(place, found, now);
  const physical = await readPhysicalStatus(place.recovery?.(now));
  const room = await readVolumeRoom(repository).catch(() => undefined); // not there yet
  return {
    command: "backup status",
    stack,
    data: {
      repository,
      schedule,
      nextRunAt: nextRun === null ? null : new Date(nextRun).toISOString(),
      greatestAge: greatestAgeMs === undefined ? null : greatestAgeMs / 1_000,
      freeBytes: room?.volumeFree ?? null,
      databases: place.databases.map((database) => summarize(found, database)),
      copies: summarizeCopies(found.state, place),
      physical: physical.data,
      drill: judged.drill,
      leftovers: found.leftovers,
    },
    findings: [
      ...judged.own,
      ...physical.findings,
      ...judged.beyond,
      ...(await findInJobs(place, judged, now)),
    ],
  };
}

/**
 * A job that failed before it came to the repository, or that nothing starts any more. What the repository has told of a
 * failed run is not told twice.
 */
async function findInJobs(
  { judgeJobs }: BackupPlace,
  { own, beyond }: Pick<ReturnType<typeof judgeRepository>, "own" | "beyond">,
  now: number,
): Promise<readonly Finding[]> {
  const found = (await judgeJobs?.(now)) ?? [];
  return own.length + beyond.length === 0 ? found : found.filter(({ severity }) => severity === "critical");
}

/** What the repository alone tells of backups, copies and drills: files that are read, and no program that is started. */
export function judgeRepository(
  place: BackupPlace,
  found: Repository,
  now: number,
): { readonly own: readonly Finding[]; readonly beyond: readonly Finding[]; readonly drill: DrillStatus } {
  const { greatestAgeMs } = timesOf(place, now);
  // Where physical ones alone are declared, logical ones are looked at once there are some.
  const isPhysicalAlone =
    place.schedule === undefined && place.recovery?.(now) !== undefined && found.backups.length === 0;
  const databases = isPhysicalAlone ? [] : place.databases;
  const drill = readDrillStatus(place, found.state, now);
  const times = { now, greatestAgeMs, greatestDrillAgeMs: drillAgeOf(place) };
  return {
    own: databases.flatMap((database) => findingsOf(found, database, { now, greatestAgeMs })),
    beyond: [...copyFindings(found.state, place, times), ...drill.findings],
    drill: drill.data,
  };
}

function drillAgeOf({ drills: { copies } }: BackupPlace): number | undefined {
  return copies.maxAge === undefined ? undefined : copies.maxAge * 1_000;
}

function findingsOf(
  { backups, state }: Repository,
  database: string,
  times: { readonly now: number; readonly greatestAgeMs: number | undefined },
): Finding[] {
  const own = backups.filter((backup) => backup.database === database);
  const run = state.runs[database];
  return findStale(
    {
      database,
      newestGood: own.find((backup) => verifiedOf(backup) === "good"),
      damaged: own.filter((backup) => verifiedOf(backup) === "bad").map(({ name }) => name),
      lastRun: lastRunOf(run),
      reason: run?.reason,
    },
    times,
  );
}

/** What is known of one database; metrics are made of it as well. */
export function summarize({ backups, state }: Repository, database: string): DatabaseBackups {
  const own = backups.filter((backup) => backup.database === database);
  const newest = own.find((backup) => verifiedOf(backup) === "good");
  const snapshot = newest?.manifest?.snapshot;
  const run = state.runs[database];
  const outcome = lastRunOf(run);
  const sizes = own.map(({ manifest }) => (manifest === undefined ? 0 : backupBytes(manifest)));
  return {
    database,
    count: own.length,
    bytes: sizes.reduce((sum, bytes) => sum + bytes, 0),
    newest: newest?.name ?? null,
    newestAt: newest === undefined ? null : new Date(newest.takenAt).toISOString(),
    newestBytes: newest?.manifest === undefined ? null : backupBytes(newest.manifest),
    newestHead: renderHeads({
      migrationHead: snapshot?.migrationHead?.version ?? null,
      alembic: snapshot?.alembic,
    }),
    lastVerifiedAt: newest?.check?.at ?? null,
    lastSuccessAt: state.successes[database] ?? null,
    lastRunAt: run?.startedAt ?? null,
    exitCode: outcome === undefined ? null : outcome === "success" ? 0 : 1,
    seconds:
      run?.endedAt === undefined ? null : (Date.parse(run.endedAt) - Date.parse(run.startedAt)) / 1_000,
  };
}
