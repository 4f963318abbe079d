import type Docker from "dockerode";
import { ProblemError } from "../../../components/core/problem";
import { askEngine } from "../../../components/io/docker/ask-engine";
import { readContainer } from "../../../components/io/docker/container";
import { connectDocker } from "../../../components/io/docker/engine";
import { isNotFound } from "../../../components/io/docker/failure";
import type { DockerObjects, StateObject } from "./state-containers";

/** Milliseconds for all questions to one engine. */
const patience = 15_000;

/** What an engine says of the containers of a state. */
export interface EngineAnswer {
  /** Those that it does not have. */
  readonly gone: readonly StateObject[];
  /** True: it has none of the containers and none of the volumes, as another engine would. */
  readonly isElsewhere: boolean;
}

/** Asks an engine which containers are there; undefined where it does not answer, or not with an answer. Reads only. */
export async function findGone(objects: DockerObjects): Promise<EngineAnswer | undefined> {
  const { endpoint } = objects;
  try {
    // Within the question: certificates that cannot be read are a failure of the engine as well.
    return await askEngine(
      endpoint,
      "containers of the stack",
      () => ask(connectDocker(endpoint), objects),
      patience,
    );
  } catch (error) {
    if (error instanceof ProblemError) return undefined;
    throw error;
  }
}

async function ask(docker: Docker, { containers, volumes }: DockerObjects): Promise<EngineAnswer> {
  const gone: StateObject[] = [];
  for (const container of containers) {
    if ((await readContainer(docker, container.id)).kind === "absent") gone.push(container);
  }
  if (gone.length < containers.length || volumes.length === 0) return { gone, isElsewhere: false };
  for (const { id } of volumes) {
    if (await hasVolume(docker, id)) return { gone, isElsewhere: false };
  }
  return { gone, isElsewhere: true };
}

async function hasVolume(docker: Docker, name: string): Promise<boolean> {
  try {
    await docker.getVolume(name).inspect();
    return true;
  } catch (error) {
    if (isNotFound(error)) return false;
    throw error;
  }
}
