import { createHash } from "node:crypto";
import { createReadStream, readFileSync, readlinkSync } from "node:fs";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { pack, type Pack } from "tar-stream";
import {
  contextFiles,
  ignoreFileOf,
  ignoreRules,
  relativeDockerfile,
  type BuildPlace,
  type ContextFile,
} from "./build-context";

/** What the engine builds from. */
export interface BuildArchive {
  readonly stream: NodeJS.ReadableStream;
  /** The Dockerfile's path in it. */
  readonly dockerfile: string;
}

/** A context as the archive that the engine takes: everything belongs to root, as with Docker's own client. */
export function buildArchive(place: BuildPlace): BuildArchive {
  const archive = pack();
  const rules = ignoreRules(place);
  const inside = relativeDockerfile(place);
  const isOutside = inside.startsWith("../");
  // Of one name for one content, so that the engine's cache stays good.
  const dockerfile = isOutside ? `.dockerfile.${digestOf(place.dockerfile)}` : inside;
  // Build files are sent although they are ignored: the engine reads them itself, and then leaves them out.
  const needed = new Set([dockerfile, ".dockerignore"]);
  const all = { ...rules, excludes: (path: string) => rules.excludes(path) && !needed.has(path) };
  const write = async (): Promise<void> => {
    for (const file of contextFiles(place, all)) {
      if (file.path !== ".dockerignore") await writeFile(archive, file);
    }
    if (isOutside) writeText(archive, dockerfile, readFileSync(place.dockerfile));
    writeText(archive, ".dockerignore", ignoreText(place, isOutside ? dockerfile : undefined));
    archive.finalize();
  };
  write().catch((error: unknown) => {
    archive.destroy(error instanceof Error ? error : new Error(String(error)));
  });
  return { stream: Readable.from(archive), dockerfile };
}

function digestOf(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex").slice(0, 20);
}

/** The rules that counted here are the engine's as well; a Dockerfile from elsewhere is no part of the context. */
function ignoreText(place: BuildPlace, added: string | undefined): Buffer {
  const file = ignoreFileOf(place);
  const text = file === undefined ? "" : readFileSync(file, "utf8");
  return Buffer.from(added === undefined ? text : `${text}\n${added}\n`);
}

function writeText(archive: Pack, name: string, content: Buffer): void {
  archive.entry({ name, mode: 0o644, uid: 0, gid: 0, mtime: new Date(0) }, content);
}

async function writeFile(archive: Pack, { path: name, file, stat }: ContextFile): Promise<void> {
  const header = { name, mode: stat.mode & 0o7777, uid: 0, gid: 0, mtime: stat.mtime };
  if (stat.isSymbolicLink()) {
    archive.entry({ ...header, type: "symlink", linkname: readlinkSync(file) });
  } else if (stat.isFile()) {
    await pipeline(createReadStream(file), archive.entry({ ...header, size: stat.size }));
  }
}
