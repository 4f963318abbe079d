import { stat } from "node:fs/promises";
import { posix } from "node:path";
import { joinVolumes, type ServerSpace, type VolumeSpace } from "../core/operations/disk";
import { execIn } from "./docker/container";
import { connectDocker, type DockerEndpoint } from "./docker/engine";
import { readVolumeRoom } from "./log-directory";

/** Where a server has files, and what they are. */
interface Place {
  readonly holds: string;
  readonly path: string;
}

/** The directories of a server whose volumes may fill. */
function placesOf({ dataDirectory, logDirectory, tablespaces }: ServerSpace): Place[] {
  if (dataDirectory === null) return [];
  return [
    { holds: "data", path: dataDirectory },
    ...(logDirectory === null ? [] : [{ holds: "log", path: posix.resolve(dataDirectory, logDirectory) }]),
    ...tablespaces
      .filter(({ location }) => location !== "")
      .map(({ name, location }) => ({ holds: `tablespace ${name}`, path: location })),
  ];
}

/** The room of a server whose files are on this machine. */
export async function readLocalVolumes(space: ServerSpace): Promise<VolumeSpace[]> {
  const rooms = placesOf(space).map(async ({ holds, path }) => {
    const [{ dev }, { volumeSize, volumeFree }] = await Promise.all([stat(path), readVolumeRoom(path)]);
    return { holds, path, device: String(dev), sizeBytes: volumeSize, freeBytes: volumeFree };
  });
  return joinVolumes(await Promise.all(rooms));
}

/** For one look into a container, in milliseconds. */
const lookTimeoutMs = 10_000;

/** The room of a server in a container, as the container sees it. */
export async function readContainerVolumes(
  endpoint: DockerEndpoint,
  container: string,
  space: ServerSpace,
): Promise<VolumeSpace[]> {
  const places = placesOf(space);
  if (places.length === 0) return [];
  const command = ["df", "-P", "-B1", "--", ...places.map(({ path }) => path)];
  const { exitCode, stdout, stderr } = await execIn(connectDocker(endpoint), container, command, {
    timeoutMs: lookTimeoutMs,
  });
  if (exitCode !== 0) throw new Error(`df in container ${container}: ${stderr.trim()}`);
  // Filesystem, size, used, available, capacity, mounted on: one line for each path, in their order.
  const lines = stdout.trim().split("\n").slice(1);
  const rooms = places.map((place, index) => {
    const [device = "", , used, free] = (lines[index] ?? "").split(/\s+/);
    // What is kept for the machine's administrator is in neither.
    const room = { sizeBytes: Number(used) + Number(free), freeBytes: Number(free) };
    if (!Number.isFinite(room.sizeBytes) || !Number.isFinite(room.freeBytes)) {
      throw new Error(`df in container ${container} answered ${JSON.stringify(stdout)}`);
    }
    // Two file systems in memory have the same name; a disk has one, and what is free of it changes meanwhile.
    const volume = device.startsWith("/") ? device : `${device} of ${place.holds}`;
    return { ...place, ...room, device: volume };
  });
  return joinVolumes(rooms);
}
