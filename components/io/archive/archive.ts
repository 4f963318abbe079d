import { rename } from "node:fs/promises";
import { dirname, join } from "node:path";
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
import { problemError } from "../../core/problem";
import { nameSql } from "../../core/repeatables/objects";
import { replaceFile, syncDirectory } from "../replace-file";
import type { StreamingSession } from "../streaming-session";
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
  /** `lock_timeout` of what is dropped. */
  readonly lockTimeoutMs: number;
  readonly now: () => Date;
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
    await verify(session, unit, path, known);
  }
  const manifest = known ?? (await write(session, unit, path, options));
  if (manifest === undefined) return undefined;
  if (options.drop) await drop(session, unit, manifest, options);
  return { manifest, path, wasThere: known !== undefined, dropped: options.drop };
}

async function write(
  session: StreamingSession,
  unit: ArchiveUnit,
  path: string,
  { database, now }: ArchiveOptions,
): Promise<ArchiveManifest | undefined> {
  const partial = `${path}.partial`;
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

async function drop(
  session: StreamingSession,
  unit: ArchiveUnit,
  manifest: ArchiveManifest,
  { lockTimeoutMs, directory }: ArchiveOptions,
): Promise<void> {
  const path = join(directory, manifest.file);
  await session.query(
    `BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE; ${sameText}; SET LOCAL lock_timeout = ${lockTimeoutMs}`,
  );
  await finish(session, async () => {
    if (unit.partitionOf === undefined) {
      assertUnchanged(path, manifest, await ask(session, deleteRows(unit)));
      return;
    }
    // Who writes to it waits from here on; who reads does not before the end.
    await session.query(`LOCK TABLE ONLY ${nameSql(unit.relation)} IN SHARE MODE`);
    assertUnchanged(path, manifest, await ask(session, fingerprintInTable(unit)));
    await session.query(`DROP TABLE ${nameSql(unit.relation)}`);
  }).catch((error: unknown) => {
    throw dropProblem(unit, error);
  });
}

function dropProblem({ relation }: ArchiveUnit, error: unknown): unknown {
  if (!(error instanceof DatabaseError) || error.code === undefined) return error;
  const what = `${relation.schema}.${relation.name}`;
  const blocked = error.code === "55P03" || error.code === "40P01";
  const hint = blocked
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
