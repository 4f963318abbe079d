import { createReadStream } from "node:fs";
import { join } from "node:path";
import { Readable } from "node:stream";
import { renderManifest, type BackupFile, type BackupManifest } from "../../core/backup/manifest";
import { copiedFiles, renderCopyIndex, type CopiedFile, type CopyIndex } from "../../core/copies/copy-index";
import { ProblemError } from "../../core/problem";
import { sha256 } from "../backup/files";
import { atOnce } from "./at-once";
import { LostWayError, type Destination } from "./destination";
import { encryptTo, type Change } from "./encryption";
import { measuring } from "./measure";

/** One backup to one destination. */
export interface Sending {
  /** Directory of all backups. */
  readonly repository: string;
  readonly manifest: BackupManifest;
  readonly destination: Destination;
  /** Public keys of age; none: it goes as it is. */
  readonly recipients: readonly string[];
  /** Of pgstead. */
  readonly version: string;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** What a copy's index holds, and the checksum of its text. */
export interface SentCopy {
  readonly index: CopyIndex;
  readonly sha256: string;
}

/**
 * Sends a backup: each file is encrypted as it is read, so that nothing in clear is anywhere but in the repository. What
 * is read is compared with the manifest, and what was written is looked at once more where it is. It is a copy only
 * when all of that was well; else what was sent goes again.
 *
 * @throws ProblemError
 */
export async function sendBackup(sending: Sending): Promise<SentCopy> {
  const { manifest, destination, recipients, version, now, signal } = sending;
  const encryption = recipients.length === 0 ? "none" : "age";
  const change = encryption === "none" ? unchanged : await encryptTo(recipients);
  const { name, stack } = manifest;
  await destination.begin(name, signal);
  try {
    const files: BackupFile[] = [];
    await atOnce(copiedFiles(manifest, encryption), async (file, at) => {
      files[at] = await sendFile(sending, file, change);
    });
    const faults = await destination.confirm(name, files, signal);
    if (faults.length > 0) throw notArrived(destination, name, faults);
    const index = { name, stack, version, sentAt: new Date(now()).toISOString(), encryption, files } as const;
    const text = renderCopyIndex(index, sha256);
    await destination.finish(name, text, signal);
    return { index, sha256: sha256(text) };
  } catch (error) {
    // Where the way is lost nothing can be removed: it goes when it is sent again. What failed first is the error to show.
    if (!(error instanceof LostWayError))
      await destination.remove(name, AbortSignal.timeout(cleanUpMs)).catch(() => undefined);
    throw error;
  }
}

const cleanUpMs = 15_000;

const unchanged: Change = (content) => Promise.resolve(content);

async function sendFile(
  { repository, manifest, destination, signal }: Sending,
  { source, stored }: CopiedFile,
  change: Change,
): Promise<BackupFile> {
  const { name } = manifest;
  const expected = manifest.files.find(({ path }) => path === source);
  const text = expected === undefined ? renderManifest(manifest, sha256) : "";
  const read = measuring(
    expected === undefined ? Readable.from([Buffer.from(text)]) : open(join(repository, name, source)),
  );
  const written = measuring(await change(read.content));
  const bytes = expected?.bytes ?? text.length;
  await destination.write(name, { path: stored, bytes }, written.content, signal);
  const found = read.measured();
  if (expected !== undefined && (found.bytes !== expected.bytes || found.sha256 !== expected.sha256)) {
    const hint = "`backup verify` says more; is the disk sound? Take another backup: `backup`";
    const message = "is not what was written: the backup is not sent";
    throw new DamagedSourceError(`backup ${name}`, [{ path: source, message, hint }]);
  }
  return { path: stored, ...written.measured() };
}

function open(file: string): Readable {
  return createReadStream(file, { highWaterMark: 1024 * 1024 });
}

function notArrived({ name: copy, where }: Destination, backup: string, faults: readonly string[]): Error {
  const hint = "is the disk there sound? The next run sends it again: `backup send`";
  const problems = faults.map((message) => ({ path: backup, message, hint }));
  return new ProblemError(`copy ${copy} (${where})`, problems);
}

/** A backup that is not what its manifest says any more: no destination can help that. */
export class DamagedSourceError extends ProblemError {}
