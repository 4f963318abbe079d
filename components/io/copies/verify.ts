import { compareFiles } from "../../core/backup/content";
import type { BackupFile } from "../../core/backup/manifest";
import { parseCopyIndex, type CopyIndex } from "../../core/copies/copy-index";
import { ProblemError } from "../../core/problem";
import { sha256 } from "../backup/files";
import { again } from "./again";
import { atOnce } from "./at-once";
import type { Destination } from "./destination";
import { measure } from "./measure";

/** What a look at a copy found. */
export interface CopyLook {
  /** What is wrong; empty: it is what was sent. */
  readonly faults: readonly string[];
  /** Absent where it cannot be read. */
  readonly index?: CopyIndex;
  readonly sha256?: string;
}

/**
 * Reads every byte of a copy, without a key: its index, the files that it lists and no others, sizes and checksums.
 *
 * @param known checksum of the index as it was sent; one that differs was put there by somebody else
 * @throws ProblemError where the destination does not answer, which tells nothing of the copy
 */
export async function verifyCopy(
  destination: Destination,
  name: string,
  known: string | undefined,
  signal: AbortSignal,
): Promise<CopyLook> {
  const text = await destination.readIndex(name, signal);
  const sum = sha256(text);
  const index = indexOf(text, name);
  if (typeof index === "string") return { faults: [index] };
  if (known !== undefined && known !== sum) {
    return { faults: ["its index is not the one that was sent"], index, sha256: sum };
  }
  const listed = new Map(index.files.map(({ path, bytes }) => [path, bytes]));
  const stored = await destination.files(name, signal);
  const found: BackupFile[] = [];
  await atOnce(stored, async ({ path, bytes }, at) => {
    const isOther = listed.get(path) !== bytes; // it differs already: it is not read
    found[at] = isOther ? { path, bytes, sha256: "" } : await readFile(destination, name, path, signal);
  });
  return { faults: compareFiles(index.files, found), index, sha256: sum };
}

async function readFile(
  destination: Destination,
  name: string,
  path: string,
  signal: AbortSignal,
): Promise<BackupFile> {
  return again(
    async () => ({ path, ...(await measure(await destination.read(name, path, signal), signal)) }),
    signal,
  );
}

function indexOf(text: string, name: string): CopyIndex | string {
  try {
    return parseCopyIndex(text, name, sha256);
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return error.problems.map(({ message }) => message).join("; ");
  }
}
