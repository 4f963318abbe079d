import { resolve } from "node:path";
import type { DockerEndpoint } from "../../components/io/docker/engine";
import type { DockerConfig } from "../config/stack-config";

/** The Docker engine of a stack, as its configuration names it; a relative path is one of the project's directory. */
export function findEngine({ engine: { host, certPath } }: DockerConfig, root: string): DockerEndpoint {
  return {
    ...(host === undefined ? {} : { host }),
    ...(certPath === undefined ? {} : { certPath: resolve(root, certPath) }),
  };
}
