import { extract, pack, type Header } from "tar-stream";
import type { FileOwner, LiveFile, LiveVolume } from "../../core/files/model";
import { problemError } from "../../core/problem";
import { liveFile, modeOf, wholeOf } from "../files/live-file";

/** A file to be written. */
export interface FileContent {
  readonly name: string;
  readonly content: string;
  readonly mode: string;
}

/** Most that is read of a volume: those that hold files of ours are for them alone, and those are small. */
const maxBytes = 64 * 1024 * 1024;

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
    else files.push([name, liveFile(header, ownerOf(header), content)]);
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

function ownerOf({ uid, gid }: Header): FileOwner {
  return { uid, gid };
}
