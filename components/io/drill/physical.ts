import { readFile, rename } from "node:fs/promises";
import { join } from "node:path";
import { findLogGap } from "../../core/drill/log-gap";
import type { DrillAssertion, DrillKind } from "../../core/drill/plan";
import type { DrillResult } from "../../core/drill/result";
import { isOfSurroundings } from "../../core/drill/surroundings";
import type { PhysicalBackup, PhysicalRepository } from "../../core/physical/repository";
import { problemError, ProblemError } from "../../core/problem";
import type { PitrBackend } from "../physical/backend";
import { withSession } from "../session";
import { inspectDatabase } from "./inspect";
import { assertRoom, withDrillPlace, type DrillPlace } from "./place";
import { findServerPrograms, type ProgramSearch } from "./programs";
import { recordDrill, type DrillRecord } from "./record";
import { withThrowawayServer, type ThrowawayServer } from "./throwaway-server";
import type { Progress } from "../progress";

/** A drill of the physical backups. */
export interface PhysicalDrill {
  readonly backend: PitrBackend;
  /** Which repository it is of. */
  readonly kind: Extract<DrillKind, `physical${string}`>;
  readonly home: string;
  readonly search: ProgramSearch;
  /** Superuser of the server. */
  readonly administrator: string;
  /** That have to be there. */
  readonly databases: readonly string[];
  readonly assertions: readonly DrillAssertion[];
  readonly assertionTimeoutMs: number;
  readonly progress: Progress;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/**
 * Restores the newest physical backup and all of the log that has arrived to a server of its own, which archives nothing,
 * looks whether all is there, checks its tables, asks what has to hold, and throws it away.
 *
 * @throws ProblemError where it could not be done here, which says nothing of the backups
 */
export async function drillPhysical(drill: PhysicalDrill): Promise<DrillResult> {
  const { backend, progress, now } = drill;
  const repository = await backend.read();
  const backup = newestOf(repository);
  const record = recordDrill({ kind: drill.kind, backup: backup.label }, progress, now);
  if (backup.fault !== undefined) record.faults.push(backup.fault);
  else await restore(drill, { record, repository, backup });
  return record.result();
}

/** The newest, good or not: what is older is not what would be restored. */
function newestOf(repository: PhysicalRepository): PhysicalBackup {
  const backup = repository.kind === "absent" ? undefined : repository.backups.at(-1);
  if (backup !== undefined) return backup;
  throw problemError("the repository of physical backups", "has no backup yet", "`up` takes the first one");
}

interface Restoring {
  readonly record: DrillRecord;
  readonly repository: PhysicalRepository;
  readonly backup: PhysicalBackup;
}

async function restore(drill: PhysicalDrill, { record, repository, backup }: Restoring): Promise<void> {
  const { home, backend, search, administrator, signal } = drill;
  await assertRoom(home, backup.size);
  await withDrillPlace(home, async (place) => {
    record.beginRestore();
    const waiting = { say: () => Promise.resolve(), signal };
    const order = { backup: backup.label, target: null, directory: place.dataDirectory };
    if (
      !(await orFault(drill, record, () => record.step("its files", () => backend.restore(order, waiting))))
    )
      return;
    const major = await settleRestored(place);
    const programs = await findServerPrograms(major, search);
    record.serverVersion = programs.version;
    const server = { programs, major, administrator, signal };
    await orFault(drill, record, () =>
      withThrowawayServer(place, server, async (running) => {
        await describe(running, { record, repository, backup });
        await inspect(drill, record, running, programs.directory);
      }),
    );
  });
}

/** @returns false: it failed for what is wrong with the backup, which is told in the record */
async function orFault(
  { signal }: PhysicalDrill,
  record: DrillRecord,
  work: () => Promise<void>,
): Promise<boolean> {
  try {
    await work();
    return true;
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof ProblemError) || isOfSurroundings(error.message)) throw error;
    record.faults.push(...error.problems.map(({ message }) => `${error.title}: ${message}`));
    return false;
  }
}

/** Replays the log to its end, and then works by itself, rather than wait for more. @returns its major version */
async function settleRestored({ dataDirectory }: DrillPlace): Promise<number> {
  const at = (name: string): string => join(dataDirectory, name);
  await rename(at("standby.signal"), at("recovery.signal"));
  return Number.parseInt(await readFile(at("PG_VERSION"), "utf8"), 10);
}

interface Replayed extends Record<string, unknown> {
  /** Milliseconds since 1970. */
  readonly lastCommit: number | null;
  readonly lsn: string | null;
  readonly segmentBytes: string;
}

const replayedSql = `
SELECT extract(epoch FROM pg_catalog.pg_last_xact_replay_timestamp())::float8 * 1000 AS "lastCommit",
  pg_catalog.pg_last_wal_replay_lsn()::text AS lsn,
  (SELECT setting FROM pg_catalog.pg_settings WHERE name = 'wal_segment_size') AS "segmentBytes"`;

async function describe(
  { administrator, missingLibraries }: ThrowawayServer,
  { record, repository, backup }: Restoring,
): Promise<void> {
  const [row] = await withSession(administrator, { applicationName: "pgstead drill" }, (session) =>
    session.query<Replayed>(replayedSql),
  );
  // Without a commit since, the end of the backup is what it gives back.
  const newest = Math.max(backup.stoppedAt, row?.lastCommit ?? 0);
  record.restored(new Date(newest).toISOString());
  for (const library of missingLibraries) {
    record.notes.push(`library ${library}, which the server loads, is not here: it was left out`);
  }
  const newestWal = repository.kind === "absent" ? undefined : repository.newestWal;
  if (newestWal === undefined) return;
  const gap = findLogGap(newestWal, row?.lsn ?? "", Number(row?.segmentBytes ?? 0));
  if (gap !== undefined) record.faults.push(gap);
}

async function inspect(
  drill: PhysicalDrill,
  record: DrillRecord,
  server: ThrowawayServer,
  programs: string,
): Promise<void> {
  const { databases, assertions, assertionTimeoutMs, signal } = drill;
  const there = await withSession(server.administrator, { applicationName: "pgstead drill" }, (session) =>
    session.query<{ name: string }>(
      "SELECT datname::text AS name FROM pg_catalog.pg_database WHERE datallowconn ORDER BY datname",
    ),
  );
  const names = new Set(there.map(({ name }) => name));
  for (const database of databases) {
    if (!names.has(database)) record.faults.push(`database ${database} is not in it`);
  }
  for (const database of names) {
    await inspectDatabase(record, {
      ...{ server, database, declared: database, assertions, assertionTimeoutMs, signal },
      programs: [programs],
    });
  }
}
