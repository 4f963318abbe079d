import type Docker from "dockerode";
import { askEngine } from "../../../components/io/docker/ask-engine";
import { readContainer, stopContainer } from "../../../components/io/docker/container";
import { connectDocker } from "../../../components/io/docker/engine";
import { isNotFound } from "../../../components/io/docker/failure";
import { stackLabel } from "../../../components/core/docker/host";
import type { DockerObjects, LeftOver } from "./state-containers";

/** Seconds that a server gets for its checkpoint. */
const stopSeconds = 60;

/** Milliseconds for all of them on one engine: each may need the time to stop. */
const patience = 180_000;

/**
 * Removes what a killed run was making on an engine: it is in no state, and the next run would fail on its name for
 * ever. Only what has the label of the stack is removed; containers are stopped first, volumes stay.
 *
 * @param mayStop false: containers that run are left, as somebody may work with them
 * @throws EngineUnreachableError nobody answers
 * @throws ProblemError the engine does not remove it
 */
export function removeLeftOvers(
  { endpoint, leftOvers }: Pick<DockerObjects, "endpoint" | "leftOvers">,
  { mayStop }: { mayStop: boolean },
): Promise<readonly RemovedLeftOver[]> {
  const removeAll = async (): Promise<readonly RemovedLeftOver[]> => {
    const docker = connectDocker(endpoint);
    const found: RemovedLeftOver[] = [];
    // A network goes only after the containers that are on it.
    for (const kind of ["container", "network"] as const) {
      for (const leftOver of leftOvers.filter((one) => one.kind === kind)) {
        const fate =
          kind === "container"
            ? await removeContainer(docker, leftOver, mayStop)
            : await removeNetwork(docker, leftOver);
        if (fate !== undefined) found.push({ ...leftOver, fate });
      }
    }
    return found;
  };
  return askEngine(endpoint, "what a killed run left", removeAll, patience);
}

/** What became of something that was there. */
export interface RemovedLeftOver extends LeftOver {
  readonly fate: "removed" | "in use";
}

type Fate = Promise<RemovedLeftOver["fate"] | undefined>;

async function removeContainer(docker: Docker, { name, stack }: LeftOver, mayStop: boolean): Fate {
  const found = await readContainer(docker, name);
  if (found.kind === "absent" || found.labels[stackLabel] !== stack) return undefined;
  if (found.running && !mayStop) return "in use";
  await stopContainer(docker, found.id, stopSeconds);
  await unlessGone(docker.getContainer(found.id).remove({ force: true }));
  return "removed";
}

async function removeNetwork(docker: Docker, { name, stack }: LeftOver): Fate {
  const filters = { name: [name], label: [`${stackLabel}=${stack}`] };
  // The engine finds names that contain it as well.
  const found = (await docker.listNetworks({ filters })).filter((network) => network.Name === name);
  if (found.length === 0) return undefined;
  for (const { Id } of found) {
    const { Containers } = (await docker.getNetwork(Id).inspect()) as { Containers?: object };
    if (Object.keys(Containers ?? {}).length > 0) return "in use";
    await unlessGone(docker.getNetwork(Id).remove());
  }
  return "removed";
}

async function unlessGone(removal: Promise<unknown>): Promise<void> {
  try {
    await removal;
  } catch (error) {
    if (!isNotFound(error)) throw error;
  }
}
