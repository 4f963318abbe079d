import { createWriteStream } from "node:fs";
import { access, mkdir, rename } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { compareFiles } from "../../core/backup/content";
import { parseManifest, type BackupFile, type BackupManifest } from "../../core/backup/manifest";
import { manifestFile, parseBackupName, partialEnding } from "../../core/backup/name";
import { shapeFile } from "../../core/backup/shape";
import {
  copiedFiles,
  parseCopyIndex,
  staysInside,
  type CopiedFile,
  type CopyIndex,
} from "../../core/copies/copy-index";
import { OtherFormatError, problemError, ProblemError } from "../../core/problem";
import { measureFiles, settleFiles, sha256 } from "../backup/files";
import { repositoryFailure } from "../backup/lock";
import { removeWhole, type StoredBackup } from "../backup/repository";
import { replaceFile, syncDirectory } from "../replace-file";
import { again } from "./again";
import { atOnce } from "./at-once";
import type { Destination } from "./destination";
import { decryptWith, identityError, NoKeyError, type Change } from "./encryption";
import { measure, measuring } from "./measure";

/** A backup that is brought back from a copy. */
export interface Fetching {
  readonly copy: Destination;
  /** Of the backup. */
  readonly name: string;
  /** Gets a directory of that name; it need not be there, nor need any repository. */
  readonly directory: string;
  /** File with the key of an encrypted copy; `-`: standard input. */
  readonly identity?: string | undefined;
  /** Looks at what will come before it does, such as whether there is room: the directory has the manifest and shape.json. */
  readonly foresee?: (manifest: BackupManifest, partial: string) => Promise<void>;
  readonly signal: AbortSignal;
}

/** What lies at a copy is not what was sent there. */
export class DamagedCopyError extends ProblemError {}

/**
 * Brings a whole backup back, decrypted and compared with its manifest: `directory` is a repository that has it
 * afterwards. Whatever fails, nothing of it stays.
 *
 * @throws ProblemError
 */
export async function fetchCopy(fetching: Fetching): Promise<StoredBackup> {
  const { copy, name, directory, signal } = fetching;
  const parsed = parseBackupName(name);
  if (parsed === undefined) throw problemError(name, "is no name of a backup", "`backup copies` lists them");
  await assertFree(directory, name);
  const text = await readIndex(copy, name, signal);
  const index = orDamaged(copy, () => parseCopyIndex(text, name, sha256));
  const change = await changeOf(fetching, index);
  const partial = join(directory, `${name}${partialEnding}`);
  try {
    await removeWhole(partial);
    await mkdir(partial, { recursive: true, mode: 0o700 });
    const manifest = await fetchAll(fetching, { index, change, partial });
    const faults = compareFiles(manifest.files, await measureFiles(partial, signal));
    if (faults.length > 0) throw damaged(copy, name, faults);
    await settleFiles(partial);
    signal.throwIfAborted();
    await rename(partial, join(directory, name));
    await syncDirectory(directory);
    return { ...parsed, name, manifest };
  } catch (error) {
    await removeWhole(partial).catch(() => undefined); // what failed first is the error to show
    throw repositoryFailure(directory, error);
  }
}

async function assertFree(directory: string, name: string): Promise<void> {
  const isThere = await access(join(directory, name)).then(
    () => true,
    () => false,
  );
  if (!isThere) return;
  throw problemError(join(directory, name), "is there already", "name another directory, or remove it");
}

async function readIndex(copy: Destination, name: string, signal: AbortSignal): Promise<string> {
  const { whole } = await copy.list(signal);
  if (whole.includes(name)) return copy.readIndex(name, signal);
  const hint = "`backup copies` says what is there";
  throw problemError(`copy ${copy.name} (${copy.where})`, `has no ${name}`, hint);
}

async function changeOf({ copy, name, identity }: Fetching, { encryption }: CopyIndex): Promise<Change> {
  if (encryption === "none") {
    if (identity === undefined) return (content) => Promise.resolve(content);
    throw identityError(
      name,
      `is not encrypted in copy ${copy.name}, and a key was given`,
      "leave --identity out",
    );
  }
  if (identity !== undefined) return decryptWith(identity);
  const hint = "name the file with the key: `--identity <file>`";
  throw identityError(name, `is encrypted in copy ${copy.name}, and no key was given`, hint);
}

interface Parts {
  readonly index: CopyIndex;
  readonly change: Change;
  readonly partial: string;
}

/** The manifest first: it says what the other files are. */
async function fetchAll(fetching: Fetching, { index, change, partial }: Parts): Promise<BackupManifest> {
  const { copy, name, signal } = fetching;
  const [first] = index.files;
  if (first === undefined) throw damaged(copy, name, ["it has no file"]);
  const place = join(partial, manifestFile);
  const text = await again(() => fetchText(fetching, first, change), signal);
  const manifest = orDamaged(copy, () => parseManifest(text, name, sha256));
  await replaceFile(place, text, 0o600);
  const wanted = copiedFiles(manifest, index.encryption);
  const isSame =
    wanted.length === index.files.length &&
    wanted.every(({ stored }, at) => stored === index.files[at]?.path);
  if (!isSame || !manifest.files.every(({ path }) => staysInside(path))) {
    throw damaged(copy, name, ["its manifest and its index do not list the same files"]);
  }
  const bring = async ({ source, stored }: CopiedFile): Promise<void> => {
    const listed = index.files.find(({ path }) => path === stored);
    if (listed === undefined) return;
    await fetchFile(fetching, listed, change, join(partial, source));
  };
  const isShape = ({ source }: CopiedFile): boolean => source === shapeFile;
  for (const file of wanted.filter(isShape)) await bring(file);
  await fetching.foresee?.(manifest, partial);
  await atOnce(
    wanted.slice(1).filter((file) => !isShape(file)),
    bring,
  );
  return manifest;
}

async function fetchFile(
  fetching: Fetching,
  listed: BackupFile,
  change: Change,
  file: string,
): Promise<void> {
  const { signal } = fetching;
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  const write = (content: Readable): Promise<void> =>
    pipeline(content, createWriteStream(file, { mode: 0o600 }), { signal });
  await again(() => withContent(fetching, listed, change, write), signal);
}

async function fetchText(fetching: Fetching, file: BackupFile, change: Change): Promise<string> {
  const chunks: Uint8Array[] = [];
  await withContent(fetching, file, change, async (content) => {
    for await (const chunk of content as AsyncIterable<Uint8Array>) chunks.push(chunk);
  });
  return Buffer.concat(chunks).toString("utf8");
}

/** Reads a stored file, decrypted, and compares it with the index as it comes. */
async function withContent(
  fetching: Fetching,
  listed: BackupFile,
  change: Change,
  use: (content: Readable) => Promise<void>,
): Promise<void> {
  const { copy, name, signal } = fetching;
  const { path, bytes, sha256: sum } = listed;
  const stored = measuring(await copy.read(name, path, signal));
  const isWrong = (): Error => damaged(copy, name, [`${path} is not what was sent: its checksum differs`]);
  try {
    await use(await change(stored.content));
  } catch (error) {
    signal.throwIfAborted();
    // A bit that flipped at the beginning of a file looks like another key's.
    if (error instanceof NoKeyError && (await isChanged(fetching, listed))) throw isWrong();
    if (error instanceof ProblemError || (error as NodeJS.ErrnoException).syscall !== undefined) throw error;
    throw isWrong(); // the library says of a file that was changed no more than that it does not open
  }
  const found = stored.measured();
  if (found.bytes !== bytes || found.sha256 !== sum) throw isWrong();
}

async function isChanged({ copy, name, signal }: Fetching, listed: BackupFile): Promise<boolean> {
  const { bytes, sha256: sum } = await again(
    async () => measure(await copy.read(name, listed.path, signal), signal),
    signal,
  );
  return bytes !== listed.bytes || sum !== listed.sha256;
}

/** What cannot be parsed because it is damaged; what is of another version says nothing of the copy. */
function orDamaged<Value>(copy: Destination, parse: () => Value): Value {
  try {
    return parse();
  } catch (error) {
    if (!(error instanceof ProblemError) || error instanceof OtherFormatError) throw error;
    const problems = error.problems.map((problem) => ({ ...problem, path: error.title }));
    throw new DamagedCopyError(`copy ${copy.name} (${copy.where})`, problems);
  }
}

function damaged({ name: copy, where }: Destination, backup: string, faults: readonly string[]): Error {
  const hint = "take another backup or another copy: `backup copies`";
  const problems = faults.map((message) => ({ path: backup, message, hint }));
  return new DamagedCopyError(`copy ${copy} (${where})`, problems);
}
