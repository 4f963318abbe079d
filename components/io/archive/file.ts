import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { open, readFile } from "node:fs/promises";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createGunzip, createGzip } from "node:zlib";
import {
  copyIn,
  copyOut,
  fingerprintInCopy,
  makeCopyTable,
  sameText,
  type ArchiveManifest,
  type ArchiveUnit,
  type RowsFingerprint,
} from "../../core/archive/archive";
import { problemError } from "../../core/problem";
import type { StreamingSession } from "../streaming-session";

/** What a file is. */
export interface FileFingerprint {
  readonly bytes: number;
  readonly sha256: string;
}

/** Writes the rows of a transaction's snapshot into a file, compressed, and flushes it. */
export async function writeRows(
  session: StreamingSession,
  unit: ArchiveUnit,
  path: string,
): Promise<FileFingerprint> {
  const measured = measure();
  const rows = session.copyOut(copyOut(unit));
  await pipeline(rows, createGzip(), measured.stream, createWriteStream(path, { mode: 0o600 }));
  const file = await open(path, "r+");
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  return measured.result();
}

/** Reads a file back: what it is, and what rows the server finds in it. Changes nothing. */
export async function readRows(
  session: StreamingSession,
  unit: ArchiveUnit,
  path: string,
): Promise<FileFingerprint & RowsFingerprint> {
  const measured = measure();
  await session.query(`BEGIN; ${sameText}; ${makeCopyTable(unit)}`);
  try {
    await pipeline(createReadStream(path), measured.stream, createGunzip(), session.copyIn(copyIn(unit)));
    const [found] = await session.query<RowsFingerprint & Record<string, unknown>>(fingerprintInCopy(unit));
    if (found === undefined) throw new Error("the count of rows gave no row");
    return { ...measured.result(), rows: found.rows, hash: found.hash };
  } finally {
    await session.query("ROLLBACK").catch(() => undefined); // the connection is lost, and with it the table
  }
}

/** The manifest beside a file; undefined where there is none. */
export async function readManifest(path: string): Promise<ArchiveManifest | undefined> {
  try {
    return JSON.parse(await readFile(path, "utf8")) as ArchiveManifest;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    const hint = "move it and the file beside it elsewhere, and run this again";
    throw problemError(path, `cannot be read: ${(error as Error).message}`, hint, { cause: error });
  }
}

function measure(): { readonly stream: Transform; readonly result: () => FileFingerprint } {
  const hash = createHash("sha256");
  let bytes = 0;
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk);
      bytes += chunk.length;
      done(null, chunk);
    },
  });
  return { stream, result: () => ({ bytes, sha256: hash.digest("hex") }) };
}
