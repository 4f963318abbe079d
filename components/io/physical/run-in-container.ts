import { problemError } from "../../core/problem";
import { execIn } from "../docker/container";
import { connectDocker, type DockerEndpoint } from "../docker/engine";
import type { RunThere } from "./pgbackrest";

/**
 * Runs programs in a container that has the repository, from the machine of the operator.
 *
 * Given up, the program there goes on to its end: the next run finds what it made, or that it is still under way.
 */
export function runInContainer(endpoint: DockerEndpoint, container: string): RunThere {
  const docker = connectDocker(endpoint);
  return (command, { timeoutMs, signal }) => {
    const running = execIn(docker, container, command, { timeoutMs });
    return signal === undefined ? running : orGivenUp(running, signal, container);
  };
}

function orGivenUp<Result>(work: Promise<Result>, signal: AbortSignal, container: string): Promise<Result> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => {
      const message = "it was not waited for any longer, and goes on there";
      reject(problemError(`a program in ${container}`, message, "run this again once it has ended"));
    };
    if (signal.aborted) giveUp();
    signal.addEventListener("abort", giveUp, { once: true });
    const settle = (): void => {
      signal.removeEventListener("abort", giveUp);
    };
    work.finally(settle).then(resolve, reject);
  });
}
