import { rename, rm } from "node:fs/promises";
import { dirname, join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { DatabaseError } from "pg";
import {
  archiveName,
  deleteRows,
  fingerprintInTable,
  isSame,
  restoreHint,
  sameText,
  type ArchiveManifest,
  type ArchiveUnit,
  type RowsFingerprint,
} from "../../core/archive/archive";
import { mayPass, pauseAfter } from "../../core/migrations/retry";
import { problemError } from "../../core/problem";
import { nameSql } from "../../core/repeatables/objects";
import { replaceFile, syncDirectory } from "../replace-file";
import type { StreamingSession } from "../streaming-session";
import type { Waiting } from "../waiting";
import { readManifest, readRows, writeRows } from "./file";

/** What became of some rows. */
export interface ArchivedUnit {
  readonly manifest: ArchiveManifest;
  /** Path of the file. */
  readonly path: string;
  /** True where a run before this one had written it. */
  readonly wasThere: boolean;
  readonly dropped: boolean;
}

export interface ArchiveOptions {
  readonly database: string;
  readonly directory: string;
  /** Takes the rows away once they are in the file. */
  readonly drop: boolean;
  /** `lock_timeout` of what is dropped; at most {@link dropTimeoutMs} for a partition. */
  readonly lockTimeoutMs: number;
  /** For how long a drop that others are in the way of is tried again, in milliseconds. */
  readonly retryForMs: number;
  readonly now: () => Date;
  readonly waiting: Waiting;
}

/**
 * Writes rows into a file, reads it back through the server, and only then takes them away, if that is asked for and
 * they still are what is in the file. Ended anywhere, the rows are in the table or in a verified file, or in both; the
 * next run goes on from there.
 *
 * @param session works as the owner
 * @returns undefined where there is no such row
 */
export async function archiveUnit(
  session: StreamingSession,
  unit: ArchiveUnit,
  options: ArchiveOptions,
): Promise<ArchivedUnit | undefined> {
  const name = archiveName(options.database, unit);
  const path = join(options.directory, `${name}.copy.gz`);
  const known = await readManifest(`${path}.json`);
  if (known !== undefined) {
    const now = await fingerprint(session, unit);
    // A run before this one was ended after it had taken them away.
    if (now.rows === "0" && known.rows !== "0" && unit.partitionOf === undefined) return undefined;
    assertUnchanged(path, known, now);
    options.waiting.signal.throwIfAborted();
    await verify(session, unit, path, known);
  }
  const manifest = known ?? (await write(session, unit, path, options));
  if (manifest === undefined) return undefined;
  options.waiting.signal.throwIfAborted();
  if (options.drop) await drop(session, unit, manifest, options);
  return { manifest, path, wasThere: known !== undefined, dropped: options.drop };
}

async function write(
  session: StreamingSession,
  unit: ArchiveUnit,
  path: string,
  options: ArchiveOptions,
): Promise<ArchiveManifest | undefined> {
  const partial = `${path}.partial`;
  try {
    return await writeWhole(session, unit, { path, partial }, options);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

async function writeWhole(
  session: StreamingSession,
  unit: ArchiveUnit,
  { path, partial }: { readonly path: string; readonly partial: string },
  { database, now, waiting }: ArchiveOptions,
): Promise<ArchiveManifest | undefined> {
  await session.query(`BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; ${sameText}`);
  const written = await finish(session, async () => {
    const found = await ask(session, fingerprintInTable(unit));
    // An empty partition has a file as well, as it is dropped.
    if (found.rows === "0" && unit.partitionOf === undefined) return undefined;
    const [row] = await session.query<{ server: string }>(
      "SELECT pg_catalog.current_setting('server_version') AS server",
    );
    return { ...found, ...(await writeRows(session, unit, partial)), server: row?.server ?? "" };
  });
  if (written === undefined) return undefined;
  const { relation, partitionOf = null, column = null, before, columns } = unit;
  const file = path.slice(dirname(path).length + 1);
  const manifest: ArchiveManifest = {
    ...{ format: 1, database, relation, partitionOf, column, before, columns, file },
    ...written,
    archivedAt: now().toISOString(),
    restore: restoreHint(unit, file),
  };
  await verify(session, unit, partial, manifest);
  waiting.signal.throwIfAborted();
  await rename(partial, path);
  await syncDirectory(dirname(path));
  // The manifest is what makes it count.
  await replaceFile(`${path}.json`, `${JSON.stringify(manifest, null, 2)}\n`, 0o600);
  return manifest;
}

/** Reads the file back: its bytes, and through the server its rows. */
async function verify(
  session: StreamingSession,
  unit: ArchiveUnit,
  path: string,
  wanted: ArchiveManifest,
): Promise<void> {
  const hint = "nothing was dropped; is the disk sound? Move it elsewhere, and run this again";
  const found = await readRows(session, unit, path).catch((error: unknown) => {
    if (error instanceof DatabaseError && error.code === undefined) throw error;
    throw problemError(path, `cannot be read back: ${(error as Error).message}`, hint, { cause: error });
  });
  if (found.sha256 !== wanted.sha256 || found.bytes !== wanted.bytes) {
    throw problemError(path, "is not what was written: its checksum differs", hint);
  }
  if (isSame(found, wanted)) return;
  throw problemError(path, `holds ${found.rows} rows that are not the ${wanted.rows} of the table`, hint);
}

/**
 * Longest wait for the table of a partition that is dropped, in milliseconds: half of `deadlock_timeout`'s default. Who
 * writes through the table holds it and waits for the partition; where that is a deadlock, this side has to be the one
 * that gives up, and not the application's.
 */
const dropTimeoutMs = 500;

/** Takes the rows away, again and again where others are in the way, who go first each time. */
async function drop(
  session: StreamingSession,
  unit: ArchiveUnit,
  manifest: ArchiveManifest,
  options: ArchiveOptions,
): Promise<void> {
  const { retryForMs, waiting } = options;
  const since = Date.now();
  for (let count = 1; ; count += 1) {
    try {
      await dropOnce(session, unit, manifest, options);
      return;
    } catch (error) {
      const { code } = error as DatabaseError;
      const pause = pauseAfter(count, Math.random());
      waiting.signal.throwIfAborted();
      if (!(error instanceof DatabaseError) || !mayPass(code) || Date.now() - since + pause > retryForMs)
        throw dropProblem(unit, error);
      const { schema, name } = unit.relation;
      await waiting.say(
        `${schema}.${name}: others use it; nothing was dropped, tries again in ${(pause / 1000).toFixed(1)} s`,
      );
      await setTimeout(pause, undefined, { signal: waiting.signal });
    }
  }
}

async function dropOnce(
  session: StreamingSession,
  unit: ArchiveUnit,
  manifest: ArchiveManifest,
  { lockTimeoutMs, directory, waiting }: ArchiveOptions,
): Promise<void> {
  const path = join(directory, manifest.file);
  await session.query(
    `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ${sameText}; SET LOCAL lock_timeout = ${lockTimeoutMs}`,
  );
  await finish(session, async () => {
    if (unit.partitionOf === undefined) {
      assertUnchanged(path, manifest, await ask(session, deleteRows(unit)));
      waiting.signal.throwIfAborted();
      return;
    }
    // Who writes to it waits from here on; who reads does not before the end.
    await session.query(`LOCK TABLE ONLY ${nameSql(unit.relation)} IN SHARE MODE`);
    assertUnchanged(path, manifest, await ask(session, fingerprintInTable(unit)));
    await session.query(`SET LOCAL lock_timeout = ${Math.min(lockTimeoutMs, dropTimeoutMs)}`);
    await session.query(`DROP TABLE ${nameSql(unit.relation)}`);
    waiting.signal.throwIfAborted();
  });
}

function dropProblem({ relation }: ArchiveUnit, error: unknown): unknown {
  if (!(error instanceof DatabaseError) || error.code === undefined) return error;
  const what = `${relation.schema}.${relation.name}`;
  const hint = mayPass(error.code)
    ? "others use it: run this again, which goes on with the file that is there"
    : "take what is in the way elsewhere, and run this again, which goes on with the file that is there";
  const detail = error.detail === undefined ? "" : `; ${error.detail}`;
  return problemError(
    what,
    `is archived and was not dropped: ${error.message} (${error.code})${detail}`,
    hint,
    { cause: error },
  );
}

/** Never takes away what is in no file. */
function assertUnchanged(path: string, archived: RowsFingerprint, now: RowsFingerprint): void {
  if (isSame(archived, now)) return;
  throw problemError(
    path,
    `holds ${archived.rows} rows, and the table has ${now.rows} now, or others: somebody changed them after they were archived`,
    "nothing was dropped; move the file and its manifest elsewhere, and run this again",
  );
}

async function fingerprint(session: StreamingSession, unit: ArchiveUnit): Promise<RowsFingerprint> {
  await session.query(`BEGIN READ ONLY; ${sameText}`);
  return finish(session, () => ask(session, fingerprintInTable(unit)));
}

async function ask(session: StreamingSession, sql: string): Promise<RowsFingerprint> {
  const [row] = await session.query<RowsFingerprint & Record<string, unknown>>(sql);
  if (row === undefined) throw new Error("the count of rows gave no row");
  return { rows: row.rows, hash: row.hash };
}

/** Ends the transaction that is open: with what was done, or without it. */
async function finish<Result>(session: StreamingSession, work: () => Promise<Result>): Promise<Result> {
  try {
    const result = await work();
    await session.query("COMMIT");
    return result;
  } catch (error) {
    await session.query("ROLLBACK").catch(() => undefined); // the connection is lost: the server rolls back itself
    throw error;
  }
}
