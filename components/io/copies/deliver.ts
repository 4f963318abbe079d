import { createReadStream } from "node:fs";
import { join } from "node:path";
import { PassThrough, Readable, type Duplex } from "node:stream";
import { pipeline } from "node:stream/promises";
import type Docker from "dockerode";
import { pack } from "tar-stream";
import { problemError } from "../../core/problem";
import { renderSize } from "../../core/size";
import { listFiles } from "../backup/files";
import { connectDocker, type DockerEndpoint } from "../docker/engine";
import { engineFailure } from "../docker/failure";

/** A container that gets a backup for as long as it restores it. */
export interface Delivery {
  readonly engine: DockerEndpoint;
  readonly container: string;
  /** Directory in the container, on a volume. */
  readonly base: string;
  /** Name of a directory below `base` that no other delivery has. */
  readonly id: string;
}

/**
 * Makes the directory, and removes it where its standard input ends: with a word, or without one where whoever had it was
 * killed. A directory whose lock is free was left by a container that went down; its own is held by this program.
 */
const watcher = `umask 077
mkdir -p "$1" && cd "$1" || exit 1
for left in *; do [ -d "$left" ] && flock --nonblock "$left" rm -rf "$left"; done
mkdir "$2" && exec 9<"$2" && flock 9 || exit 1
set -- "$2" $(stat --file-system --format '%a %S' .)
echo "free $(($2 * $3)) $(id -u) $(id -g)"
read -r word
rm -rf "$1"`;

/**
 * Puts a backup that lies here in clear into a container, uses it there, and removes it there whatever happens.
 *
 * @param directory that has the backup's own directory, `name`
 * @throws ProblemError where there is no room for it; EngineUnreachableError
 */
export async function withDelivered<Result>(
  delivery: Delivery,
  { directory, name }: { readonly directory: string; readonly name: string },
  signal: AbortSignal,
  use: () => Promise<Result>,
): Promise<Result> {
  const { engine, container, base, id } = delivery;
  const docker = connectDocker(engine);
  const watched = await watch(docker, delivery).catch((error: unknown) => {
    throw engineFailure(error);
  });
  try {
    const files = await listFiles(join(directory, name), "all");
    const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
    if (watched.free < bytes) throw noRoom(container, watched.free, bytes);
    const sending = { directory, name, files, owner: watched.owner, path: `${base}/${id}`, signal };
    await send(docker.getContainer(container), sending);
    return await use();
  } finally {
    await watched.end();
  }
}

function noRoom(container: string, free: number, bytes: number): Error {
  const message = `has ${renderSize(free)} free, and the backup takes ${renderSize(bytes)} there while it is restored`;
  return problemError(`the volume of backups of container ${container}`, message, "make room on that volume");
}

interface Watched {
  /** Bytes on the volume. */
  readonly free: number;
  /** Account of the container's programs. */
  readonly owner: { readonly uid: number; readonly gid: number };
  /** Has the directory removed, and waits for it. */
  readonly end: () => Promise<void>;
}

async function watch(docker: Docker, { container, base, id }: Delivery): Promise<Watched> {
  const exec = await docker.getContainer(container).exec({
    Cmd: ["sh", "-c", watcher, "pgstead-delivered", base, id],
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
  });
  const stream: Duplex = await exec.start({ hijack: true, stdin: true });
  const [out, err] = [new PassThrough(), new PassThrough()];
  docker.modem.demuxStream(stream, out, err);
  const ended = new Promise<void>((resolve) => {
    stream
      .once("close", resolve)
      .once("end", resolve)
      .once("error", () => {
        resolve();
      });
  });
  let said = "";
  err.on("data", (text: Buffer) => (said += text.toString()));
  const answer = await new Promise<string>((resolve) => {
    out.once("data", (text: Buffer) => {
      resolve(text.toString());
    });
    void ended.then(() => {
      resolve("");
    });
  });
  const [free, uid, gid] = (/^free (\d+) (\d+) (\d+)$/.exec(answer.trim()) ?? []).slice(1).map(Number);
  if (free === undefined || uid === undefined || gid === undefined) {
    stream.destroy();
    const hint = "is it of this version of pgstead, and is its volume whole?";
    throw problemError(
      `container ${container}`,
      `takes no backup: ${said.trim() || "it said nothing"}`,
      hint,
    );
  }
  return {
    free,
    owner: { uid, gid },
    async end() {
      stream.end("end\n");
      await ended;
    },
  };
}

interface Sending {
  readonly directory: string;
  readonly name: string;
  readonly files: readonly { readonly path: string; readonly bytes: number }[];
  readonly owner: Watched["owner"];
  readonly path: string;
  readonly signal: AbortSignal;
}

/** As it is read: nothing of it is kept here. */
async function send(container: Docker.Container, sending: Sending): Promise<void> {
  const { directory, name, files, owner, path, signal } = sending;
  const archive = pack();
  const fill = async (): Promise<void> => {
    const made = new Set<string>();
    for (const file of files) {
      const whole = `${name}/${file.path}`;
      const parents = whole.split("/").slice(0, -1);
      for (const [at] of parents.entries()) {
        const parent = `${parents.slice(0, at + 1).join("/")}/`;
        if (!made.has(parent)) archive.entry({ name: parent, type: "directory", mode: 0o700, ...owner });
        made.add(parent);
      }
      const entry = archive.entry({ name: whole, size: file.bytes, mode: 0o600, ...owner });
      await pipeline(createReadStream(join(directory, whole)), entry, { signal });
    }
    archive.finalize();
  };
  const filled = fill().catch((error: unknown) => {
    archive.destroy(error as Error);
    throw error;
  });
  try {
    await Promise.all([
      container.putArchive(Readable.from(archive as AsyncIterable<Uint8Array>), { path }),
      filled,
    ]);
  } catch (error) {
    signal.throwIfAborted();
    throw engineFailure(error);
  }
}
