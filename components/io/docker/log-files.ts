import type Docker from "dockerode";
import { extract } from "tar-stream";
import type { LogFile } from "../../core/ops/log-files";
import type { LogSource } from "../logs/source";
import { execIn, readContainer } from "./container";
import { connectDocker, type DockerEndpoint } from "./engine";
import { engineFailure } from "./failure";

/** Where the log files are, in every container that has them. */
export const logDirectory = "/var/log/postgresql";

/** The log files of a server in a container, which may be stopped; they come over the engine, one at a time. */
export function containerLogs(endpoint: DockerEndpoint, container: string): LogSource {
  const docker = connectDocker(endpoint);
  return {
    place: `${logDirectory} of container ${container}`,
    async list() {
      const status = await readContainer(docker, container);
      const isRunning = status.kind === "there" && status.running;
      return isRunning ? listRunning(docker, container) : listStopped(docker, container);
    },
    open: (name) => openIn(docker, container, `${logDirectory}/${name}`),
  };
}

async function listRunning(docker: Docker, container: string): Promise<LogFile[]> {
  const form = "%s %T@ %f\\n";
  const command = ["find", logDirectory, "-maxdepth", "1", "-type", "f", "-printf", form];
  const { stdout } = await execIn(docker, container, command, { timeoutMs: 30_000 });
  return stdout.split("\n").flatMap((line) => {
    const [, size, seconds, name] = /^(\d+) ([\d.]+) (.+)$/.exec(line) ?? [];
    return name === undefined ? [] : [{ name, size: Number(size), modifiedAt: Number(seconds) * 1000 }];
  });
}

/** The engine gives a stopped container's files only with their content, which is passed over. */
async function listStopped(docker: Docker, container: string): Promise<LogFile[]> {
  try {
    const archive = await docker.getContainer(container).getArchive({ path: logDirectory });
    const files: LogFile[] = [];
    const entries = extract();
    archive.once("error", (error: Error) => {
      entries.destroy(error);
    });
    archive.pipe(entries);
    for await (const entry of entries) {
      const { name, size, mtime, type } = entry.header;
      const parts = name.split("/").filter((part) => part !== "");
      if (type === "file" && parts.length === 2) {
        files.push({ name: parts[1] ?? "", size, modifiedAt: mtime.getTime() });
      }
      entry.resume();
    }
    return files;
  } catch (error) {
    throw engineFailure(error);
  }
}

async function* openIn(docker: Docker, container: string, path: string): AsyncGenerator<Buffer> {
  try {
    const archive = await docker.getContainer(container).getArchive({ path });
    const entries = extract();
    archive.once("error", (error: Error) => {
      entries.destroy(error);
    });
    archive.pipe(entries);
    for await (const entry of entries) {
      if (entry.header.type === "file") yield* entry as AsyncIterable<Buffer>;
      else entry.resume();
    }
  } catch (error) {
    throw engineFailure(error);
  }
}
