import type { Readable } from "node:stream";
import type { BackupFile } from "../../core/backup/manifest";
import { judgeStored, type SentObject, type StoredObject } from "../../core/copies/stored-object";
import { atOnce } from "./at-once";
import { measure } from "./measure";
import { again } from "./again";

/** How the objects of a copy are looked at. */
export interface ObjectLook {
  /** What a file was sent as; undefined: not by this run. */
  readonly sentAs: (path: string) => SentObject | undefined;
  /** Undefined: there is no such object. */
  readonly head: (path: string) => Promise<(StoredObject & { readonly bytes: number }) | undefined>;
  readonly read: (path: string) => Promise<Readable>;
}

/**
 * Looks at objects that were just written: their size, and the checksum that the service made of what arrived. Where it
 * gives none that can be compared, every byte is read back.
 *
 * @returns what is wrong; empty: nothing is
 */
export async function confirmObjects(
  files: readonly BackupFile[],
  look: ObjectLook,
  signal: AbortSignal,
): Promise<string[]> {
  const faults: string[] = [];
  await atOnce(files, async (file) => {
    const fault = await faultOf(file, look, signal);
    if (fault !== undefined) faults.push(`${file.path} ${fault}`);
  });
  return faults.toSorted();
}

async function faultOf(
  { path, bytes, sha256 }: BackupFile,
  { sentAs, head, read }: ObjectLook,
  signal: AbortSignal,
): Promise<string | undefined> {
  const stored = await head(path);
  if (stored === undefined) return "is missing";
  if (stored.bytes !== bytes) return `has ${stored.bytes} bytes and was written with ${bytes}`;
  const sent = sentAs(path);
  const judged =
    sent === undefined ? "unknown" : judgeStored(stored, sent, Buffer.from(sha256, "hex").toString("base64"));
  if (judged === "same") return undefined;
  if (judged === "other") return differs;
  const found = await again(async () => measure(await read(path), signal), signal);
  return found.sha256 === sha256 ? undefined : differs;
}

const differs = "is not what was written: its checksum differs";
