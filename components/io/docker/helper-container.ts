import type Docker from "dockerode";
import { stackLabel } from "../../core/docker/host";
import { rebuildHint } from "../../core/docker/images";
import { NotOnEngineError, statusOf } from "./ask-engine";
import { isRunAlive, runLabel, thisRun } from "./run-label";
import { helperLabel, type VolumePlace } from "./volume-place";

/** Where a helper has the volume. */
export const helperMount = "/volume";

/**
 * A container for one piece of work on a volume: no network, no capability but those that files of others take, a root
 * that cannot be written, and nothing secret in what the engine tells of it.
 *
 * @param command program and arguments; undefined: it is never started, and only the engine reads through it
 * @throws NotOnEngineError the image is not on the engine, or not known yet
 */
export async function createHelper(
  docker: Docker,
  place: VolumePlace,
  command?: readonly string[],
): Promise<Docker.Container> {
  if (place.image === "") {
    const message = "no container has it mounted, and the image to read it through is built by this run";
    throw notThere(place, message, "look at it again after `up`.");
  }
  try {
    return await docker.createContainer({
      ...whatRuns(place, command),
      HostConfig: confinement(place, command),
    });
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
    const message = `the image ${place.image}, through which its files are reached, is not on the engine`;
    throw notThere(place, message, rebuildHint(place.container), error);
  }
}

function notThere({ volume }: VolumePlace, message: string, hint: string, cause?: unknown): NotOnEngineError {
  return new NotOnEngineError(`volume ${volume}`, [{ path: "", message, hint }], { cause });
}

function whatRuns(place: VolumePlace, command?: readonly string[]): Docker.ContainerCreateOptions {
  const [program = "true", ...args] = command ?? [];
  return {
    Image: place.image,
    Entrypoint: [program],
    Cmd: args,
    // The image's own may not be able to write what belongs to others.
    User: "0:0",
    WorkingDir: "/",
    Labels: { [stackLabel]: place.label, [helperLabel]: place.volume, [runLabel]: thisRun },
    AttachStdout: command !== undefined,
    AttachStderr: command !== undefined,
    Healthcheck: { Test: ["NONE"] },
  };
}

function confinement(place: VolumePlace, command?: readonly string[]): Docker.HostConfig {
  const isStarted = command !== undefined;
  return {
    AutoRemove: isStarted,
    NetworkMode: "none",
    ReadonlyRootfs: true,
    CapDrop: ["ALL"],
    CapAdd: isStarted ? ["CHOWN", "DAC_OVERRIDE", "FOWNER"] : [],
    SecurityOpt: ["no-new-privileges"],
    LogConfig: { Type: "none", Config: {} },
    Mounts: [
      {
        Type: "volume",
        Source: place.volume,
        Target: helperMount,
        ReadOnly: !isStarted,
        // What the image has there must not be copied to the volume.
        VolumeOptions: { NoCopy: true, Labels: {}, DriverConfig: { Name: "", Options: {} } },
      },
    ],
  };
}

/**
 * Removes a container and waits until it is gone: as long as it is there its volume cannot be removed.
 *
 * @param options.volumes true: its volumes without a name as well
 */
export async function removeHelper(container: Docker.Container, { volumes = false } = {}): Promise<void> {
  try {
    await container.remove({ force: true, v: volumes });
  } catch (error) {
    // Gone already, or the engine is at it: then the wait is for that.
    const status = statusOf(error);
    if (status !== 404 && status !== 409) throw error;
  }
  try {
    await container.wait({ condition: "removed" });
  } catch (error) {
    if (statusOf(error) !== 404) throw error;
  }
}

/** How long a helper of another machine may take: nobody here can know whether its run is alive. */
const longestRunSeconds = 600;

/** Removes the helpers of this volume whose runs were killed. Those of a run that is alive stay. */
export async function removeLeftovers(docker: Docker, { volume }: VolumePlace): Promise<void> {
  const filters = { label: [`${helperLabel}=${volume}`] };
  const found = await docker.listContainers({ all: true, filters });
  const dead = found.filter(({ Labels, Created }) => isLeftover(Labels[runLabel] ?? "", Created));
  await Promise.all(dead.map(({ Id }) => removeHelper(docker.getContainer(Id))));
}

/**
 * Callers of one process take turns on a volume (volume-files.ts), so what is labelled with this process is over.
 *
 * @param created by the engine's clock, in seconds
 */
function isLeftover(run: string, created: number): boolean {
  if (run === thisRun || isRunAlive(run) === false) return true;
  return Date.now() / 1000 - created > longestRunSeconds;
}
