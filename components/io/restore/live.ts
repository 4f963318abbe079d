import { availableParallelism } from "node:os";
import type { LogicalBackups } from "../../core/backup/plan";
import { renderSize } from "../../core/size";
import type { ConnectionTarget } from "../../core/connection";
import { problemError, ProblemError } from "../../core/problem";
import { besideName } from "../../core/restore/names";
import { replicationLeft, replicationLosses } from "../../core/restore/replication";
import { auditSchema, logTable } from "../../core/audit/model";
import { recordRestore } from "../audit/record-restore";
import { withAdvisoryLock } from "../advisory-lock";
import type { ClientTools } from "../backup/client-tools";
import type { StoredBackup } from "../backup/repository";
import { takeBackup } from "../backup/take";
import { maintenanceDatabase, withSession, type Session } from "../session";
import { compareRestored } from "./compare-restored";
import { dropDatabase } from "./drop-database";
import { replayBackup } from "./replay";
import { readReplication } from "./replication";
import { readBeside } from "./survey";
import { swapDatabases } from "./swap";
import type { Progress } from "../progress";

/** A backup that takes the place of the database that it is of. */
export interface LiveRestore {
  /** Directory of all backups, whose lock the caller holds. */
  readonly repository: string;
  /** Directory that the backup's own directory is in, where that is not the repository. */
  readonly source?: string;
  /** One whose every byte the caller has just looked at. */
  readonly backup: StoredBackup;
  readonly tools: ClientTools;
  /** A superuser, or the owner of the database, who may make others. */
  readonly login: ConnectionTarget;
  /** What the backup of the present state is taken with. */
  readonly present: {
    readonly login: ConnectionTarget;
    readonly stack: string;
    readonly version: string;
    readonly plan: LogicalBackups;
    readonly path?: string | undefined;
  };
  /** Room on the volume of the server's data, in bytes; undefined: it cannot be told from here. */
  readonly readRoom: () => Promise<number | undefined>;
  readonly now: () => number;
  /** Says what is being done, when it takes its time. */
  readonly progress: Progress;
  readonly say: (line: string) => void;
  readonly signal: AbortSignal;
}

/** What a restore came to. */
export interface RestoredLive {
  readonly database: string;
  /** The one that had the name, which takes no connections; null: there was none. */
  readonly kept: string | null;
  /** Of what was there before; null: there was nothing. */
  readonly presentBackup: string | null;
  /** What a killed run had left, and is gone. */
  readonly leftovers: readonly string[];
  readonly roles: readonly string[];
  readonly notes: readonly string[];
}

/** Held while a restore works on a server; the key is ASCII `pgsteadr`. */
const restoreLock = { key: "8099569398603408498", what: "another run restores a database", waitSeconds: 10 };

/** Runs alone on a server. */
export function withRestoreLock<Result>(
  session: Session,
  { signal, say }: Pick<LiveRestore, "signal" | "say">,
  work: () => Promise<Result>,
): Promise<Result> {
  const waiting = {
    signal,
    say: (text: string): Promise<void> => {
      say(text);
      return Promise.resolve();
    },
  };
  return withAdvisoryLock(session, restoreLock, work, waiting);
}

/**
 * Restores a backup in the place of its database: takes a backup of what is there, restores beside it, compares with the
 * manifest, and only then gives the new one the name. Whatever fails or is killed before leaves the database as it is; the
 * next run removes what is left beside it.
 *
 * @throws ProblemError and whatever a session throws
 */
export async function restoreLive(request: LiveRestore): Promise<RestoredLive> {
  const options = { asItself: true, applicationName: "pgstead restore" };
  return withSession(request.login, options, (session) =>
    withRestoreLock(session, request, () => restoreAlone(request, session)),
  );
}

/** Removes what a run that was killed, or lost its connection, had made beside. Under the lock nobody works on it. */
export async function dropLeftovers(
  session: Session,
  login: LiveRestore["login"],
  beside: Awaited<ReturnType<typeof readBeside>>["beside"],
): Promise<string[]> {
  const left = beside.filter(({ kind, connectionLimit }) => kind === "restore" && connectionLimit === 0);
  for (const { name } of left) await dropDatabase(session, login, name);
  return left.map(({ name }) => name);
}

async function restoreAlone(request: LiveRestore, session: Session): Promise<RestoredLive> {
  const { backup, repository, source = repository, login, now, progress, signal } = request;
  const { database } = backup;
  if (database === maintenanceDatabase) throw notReplaceable(database);
  const { isThere, beside } = await readBeside(session, database);
  const leftovers = await dropLeftovers(session, login, beside);
  if (isThere) await assertRoom(request, session);
  const presentBackup = isThere ? await takePresent(request) : null;
  const fresh = besideName(database, "restore", now());
  const kept = isThere ? besideName(database, "before", now()) : undefined;
  const replayed = await progress(
    `restoring ${backup.name} beside ${database}`,
    replayBackup({
      ...request,
      repository: source,
      database: fresh,
      jobs,
      roles: "create-missing",
      keepClosed: true,
    }),
  );
  try {
    const notes = await replicationNotes(session, database, fresh);
    await progress(`comparing ${fresh} with the manifest`, assertEqual(request, fresh));
    await recordIn(login, fresh, `restore of backup ${backup.name}`, `database ${database}`);
    await swapDatabases({ ...replayed, login, database, beside: fresh, kept, signal });
    return {
      ...{ database, presentBackup, kept: kept ?? null, leftovers },
      ...{ roles: replayed.roles, notes: [...replayed.notes, ...notes] },
    };
  } catch (error) {
    // Where it has taken the name already it is not there any more; what failed first is the error to show.
    await dropDatabase(session, login, fresh).catch(() => undefined);
    throw error;
  }
}

async function replicationNotes(session: Session, database: string, fresh: string): Promise<string[]> {
  return [
    ...replicationLosses(await readReplication(session, database)),
    ...replicationLeft(await readReplication(session, fresh)),
  ];
}

/** More processes than that wait for the server's disk. */
export const jobs = Math.min(availableParallelism(), 4);

function notReplaceable(database: string): Error {
  const hint = "restore it under another name: `restore <backup> --into <database>`";
  return problemError(
    `database ${database}`,
    "is where the server is managed from, and is not replaced",
    hint,
  );
}

/** The new one stands beside the one that is there. */
async function assertRoom({ backup, readRoom }: LiveRestore, session: Session): Promise<void> {
  const free = await readRoom();
  const [row] = await session.query<{ size: string }>(
    "SELECT pg_catalog.pg_database_size($1::name)::text AS size",
    [backup.database],
  );
  const size = Number(row?.size ?? 0);
  if (free === undefined || free >= 1.2 * size) return;
  throw problemError(
    "the server's data",
    `has ${renderSize(free)} free, and ${backup.database} takes ${renderSize(size)}: a fifth more is to be free, as the new one is made beside it`,
    "make room on that volume; `restore --drop-old` removes what earlier restores have kept",
  );
}

async function takePresent({
  backup,
  repository,
  present,
  now,
  signal,
  progress,
}: LiveRestore): Promise<string> {
  const { database } = backup;
  const work = takeBackup({ ...present, repository, database, now, signal });
  const { name } = await progress(`taking a backup of ${database} as it is`, work);
  return name;
}

async function assertEqual({ backup, login, signal }: LiveRestore, fresh: string): Promise<void> {
  if (backup.manifest === undefined) throw new Error(`${backup.name} has no manifest`);
  const faults = await compareRestored(login, fresh, backup.manifest, signal);
  if (faults.length === 0) return;
  const hint = "the database was left as it is; take another backup";
  throw new ProblemError(
    `what came of ${backup.name} is not what its manifest tells`,
    faults.slice(0, 50).map((message) => ({ path: "", message, hint })),
  );
}

/** A trail tells of the restore from its first moment on. */
export async function recordIn(
  login: ConnectionTarget,
  database: string,
  command: string,
  object: string,
): Promise<void> {
  await withSession(
    login,
    { database, asItself: true, applicationName: "pgstead restore" },
    async (session) => {
      const [trail] = await session.query<{ owner: string }>(
        `SELECT r.rolname::text AS owner FROM pg_catalog.pg_class AS c JOIN pg_catalog.pg_roles AS r ON r.oid = c.relowner
       WHERE c.oid = pg_catalog.to_regclass('${auditSchema}.${logTable}')`,
      );
      if (trail !== undefined) await recordRestore(session, trail.owner, { command, object });
    },
  );
}
