import { createWriteStream } from "node:fs";
import { mkdir } from "node:fs/promises";
import { dirname, join, normalize } from "node:path";
import { pipeline } from "node:stream/promises";
import { extract } from "tar-stream";
import { problemError } from "../../core/problem";
import { connectDocker, type DockerEndpoint } from "../docker/engine";
import { engineFailure } from "../docker/failure";

/**
 * Brings a backup from the volume of a stack in containers into a directory of this account alone, byte by byte as it is
 * there: whoever uses it compares it with its manifest.
 *
 * @param path of the backup in the container
 * @param directory that it is put into, under its own name
 */
export async function fetchBackup(
  { engine, container }: { readonly engine: DockerEndpoint; readonly container: string },
  path: string,
  directory: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    const archive = await connectDocker(engine).getContainer(container).getArchive({ path });
    const entries = extract();
    archive.once("error", (error: Error) => {
      entries.destroy(error);
    });
    const giveUp = (): void => {
      entries.destroy(signal.reason as Error);
    };
    signal.addEventListener("abort", giveUp, { once: true });
    archive.pipe(entries);
    for await (const entry of entries) {
      const { name, type } = entry.header;
      const target = join(directory, normalize(join("/", name)));
      if (type === "directory") await mkdir(target, { recursive: true, mode: 0o700 });
      else if (type === "file") {
        await mkdir(dirname(target), { recursive: true, mode: 0o700 });
        await pipeline(entry, createWriteStream(target, { mode: 0o600, flags: "wx" }), { signal });
      } else throw problemError(path, `holds ${name}, which is no file`, "is it a backup of pgstead?");
      entry.resume();
    }
  } catch (error) {
    signal.throwIfAborted();
    throw engineFailure(error);
  }
}
