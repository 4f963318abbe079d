import { createHash } from "node:crypto";
import { extract, pack, type Header } from "tar-stream";
import type { FileOwner, LiveFile, LiveVolume } from "../../core/files/model";
import { problemError } from "../../core/problem";

/** A file to be written. */
export interface FileContent {
  readonly name: string;
  readonly content: string;
  readonly mode: string;
}

/** Most that is read of a volume: those that hold files of ours are for them alone, and those are small. */
const maxBytes = 64 * 1024 * 1024;

/** Up to this size a content is compared line by line. */
const maxTextBytes = 1024 * 1024;

/**
 * Files as an archive for the engine: a directory that is nobody's but root's, the files in it as they are to be, and
 * last of all a mark that the archive arrived whole.
 */
export function packFiles(
  directory: string,
  files: readonly FileContent[],
  { uid, gid }: FileOwner,
  marks: { readonly whole: string },
): Promise<Buffer> {
  const archive = pack();
  const root = { uid: 0, gid: 0 };
  archive.entry({ name: `${directory}/`, type: "directory", mode: 0o700, ...root });
  archive.entry({ name: `${directory}/files/`, type: "directory", mode: 0o700, ...root });
  for (const { name, content, mode } of files) {
    const header = { name: `${directory}/files/${name}`, mode: Number.parseInt(mode, 8), uid, gid };
    archive.entry(header, Buffer.from(content, "utf8"));
  }
  archive.entry({ name: `${directory}/${marks.whole}`, mode: 0o600, ...root }, "");
  archive.finalize();
  return wholeOf(archive);
}

/**
 * What an archive of a volume's directory holds. Only what lies in the directory itself counts; what is deeper is
 * skipped.
 *
 * @throws ProblemError more than 64 MB
 */
export async function readArchive(archive: NodeJS.ReadableStream, volume: string): Promise<LiveVolume> {
  const files: [name: string, file: LiveFile][] = [];
  let root: Pick<LiveVolume, "owner" | "mode"> | undefined;
  const bytes = { left: maxBytes };
  const entries = archive.pipe(extract());
  archive.once("error", (error: Error) => {
    entries.destroy(error);
  });
  for await (const entry of entries) {
    const { header } = entry;
    const [name, ...deeper] = partsOf(header.name);
    const content = await readContent(entry, bytes, volume);
    if (deeper.length > 0) continue;
    if (name === undefined) root = { owner: ownerOf(header), mode: modeOf(header) };
    else files.push([name, liveFile(header, content)]);
  }
  // Better no answer than a wrong one: an archive of another shape would look like a volume without files.
  if (root === undefined)
    throw new Error(`the engine's archive of volume ${volume} does not name its directory`);
  return { ...root, files: Object.fromEntries(files) };
}

/** An archive of a directory names that first, as `server/` or `./`. */
function partsOf(name: string): string[] {
  const parts = name.split("/").filter((part) => part !== "");
  return parts.slice(1);
}

async function readContent(
  entry: AsyncIterable<unknown>,
  bytes: { left: number },
  volume: string,
): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of entry as AsyncIterable<Buffer>) {
    bytes.left -= chunk.length;
    if (bytes.left < 0) {
      const hint = "give files a volume of their own, apart from what programs write.";
      throw problemError(`volume ${volume}`, "it holds more than 64 MB: it is no volume of files only", hint);
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

function liveFile(header: Header, content: Buffer): LiveFile {
  const kind = kindOf(header);
  const file = { kind, owner: ownerOf(header), mode: modeOf(header) };
  if (kind !== "file") return { ...file, hash: "" };
  const text = textOf(content);
  return { ...file, hash: hashOf(content), ...(text === undefined ? {} : { text }) };
}

/** SHA-256, in hexadecimal. */
export function hashOf(content: string | Buffer): string {
  return createHash("sha256").update(content).digest("hex");
}

function kindOf({ type }: Header): LiveFile["kind"] {
  if (type === "file" || type === "contiguous-file") return "file";
  if (type === "directory") return "directory";
  return type === "symlink" || type === "link" ? "link" : "other";
}

function ownerOf({ uid, gid }: Header): FileOwner {
  return { uid, gid };
}

/** The bits that chmod sets, with set-uid and its kind. */
function modeOf({ mode }: Header): string {
  return (mode & 0o7777).toString(8).padStart(4, "0");
}

/** Undefined: no text, or too long to be compared line by line. */
function textOf(content: Buffer): string | undefined {
  if (content.length > maxTextBytes || content.includes(0)) return undefined;
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(content);
  } catch {
    return undefined;
  }
}

async function wholeOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks);
}
