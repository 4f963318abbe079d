import type { ServerControl } from "../control";
import { connectDocker, type DockerEndpoint } from "./engine";
import { changeServerFile } from "./server-files";
import { startServerContainer, stopServerContainer } from "./server";
import { dataDirectory, readFileIn } from "./start-failure";

/** Starts and stops the server in a container, and reads and writes files of its data directory. */
export function dockerControl(place: {
  readonly engine: DockerEndpoint;
  readonly container: string;
}): ServerControl {
  const { engine: endpoint, container } = place;
  const docker = connectDocker(endpoint);
  const server = { endpoint, container };
  // A restart inside of a run cannot be given up half-way: the server would stay down.
  const waiting = { say: () => Promise.resolve(), signal: new AbortController().signal };
  return {
    start: () => startServerContainer(docker, container, waiting),
    stop: () => stopServerContainer(docker, container),
    readFile: (name) => readFileIn(docker, container, `${dataDirectory}/${name}`),
    writeFile: (name, text) => changeServerFile(server, name, text),
    removeFile: (name) => changeServerFile(server, name, undefined),
  };
}
