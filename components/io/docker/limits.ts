import type Docker from "dockerode";
import { findRefusedLimit, raiseHint, type Ulimit } from "../../core/docker/ulimits";
import { problemError } from "../../core/problem";
import { engineFailure } from "./failure";
import { removeHelper } from "./helper-container";

/**
 * Tries limits of the kernel on a container that ends at once: what the engine refuses must not cost a server that runs.
 *
 * @throws ProblemError the engine may not set one of them; says which
 */
export async function tryLimits(docker: Docker, image: string, ulimits: readonly Ulimit[]): Promise<void> {
  if (ulimits.length === 0) return;
  const trial = await docker.createContainer(order(image, ulimits)).catch((error: unknown) => {
    throw engineFailure(error);
  });
  try {
    await trial.start();
  } catch (error) {
    const failure = engineFailure(error);
    const limit = findRefusedLimit(failure.message);
    if (limit === undefined) throw failure;
    throw problemError(
      `pgstead:docker.ulimits.${limit}`,
      "the engine may not raise it this far; the server was not touched",
      `lower it, or ${raiseHint(limit)}.`,
      { cause: error },
    );
  } finally {
    await removeHelper(trial);
  }
}

function order(image: string, ulimits: readonly Ulimit[]): Docker.ContainerCreateOptions {
  return {
    Image: image,
    Entrypoint: ["true"],
    Cmd: [],
    Healthcheck: { Test: ["NONE"] },
    HostConfig: {
      AutoRemove: true,
      NetworkMode: "none",
      ReadonlyRootfs: true,
      CapDrop: ["ALL"],
      SecurityOpt: ["no-new-privileges"],
      Ulimits: ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    },
  };
}
