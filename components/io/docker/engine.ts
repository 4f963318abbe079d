import type { Agent } from "node:http";
import Docker from "dockerode";
import { parseEngineAddress, type TcpAddress } from "../../core/docker/address";
import { problemError } from "../../core/problem";
import { certificateDirectory, readClientCertificate } from "./client-certificate";
import { tcpAgent } from "./connection";
import { sshAgent } from "./ssh";
import { errorMessage } from "../../core/error-message";

/** How to reach a Docker engine, in the words of Docker's own client. */
export interface DockerEndpoint {
  /**
   * As `DOCKER_HOST` has it: `unix:///var/run/docker.sock`, `ssh://user@host`, `tcp://host:2376`.
   *
   * Default: `DOCKER_HOST` of the environment, else the local socket.
   */
  readonly host?: string;
  /** The engine's authority and this client's certificate and key as PEM: TLS, for `tcp://`. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
  /** Directory of `ca.pem`, `cert.pem` and `key.pem` instead (`DOCKER_CERT_PATH`). */
  readonly certPath?: string;
}

/** Where an engine listens on this machine unless somebody says otherwise. */
export const localSocket = "/var/run/docker.sock";

/** The engine's address as it will be used. */
export function dockerHost(endpoint: DockerEndpoint): string {
  const { DOCKER_HOST = "" } = process.env;
  return endpoint.host ?? (DOCKER_HOST === "" ? `unix://${localSocket}` : DOCKER_HOST);
}

/**
 * A client of the engine's API; nothing is sent yet.
 *
 * The version of the API is not pinned: engines since 20.10 (1.41) have everything that is used here.
 *
 * @throws ProblemError an address that no client understands, or certificates that cannot be read
 */
export function connectDocker(endpoint: DockerEndpoint): Docker {
  const address = parseEngineAddress(dockerHost(endpoint));
  switch (address.kind) {
    case "socket":
      return client({ socketPath: address.path });
    case "ssh":
      // The engine does not look at the name: the way to it is the agent's.
      return client({ host: "engine", protocol: "http", agent: sshAgent(address) });
    case "tcp":
      return client(overTcp(address, endpoint));
    case "fault":
      throw problemError("Docker engine", address.message, `${address.hint}.`);
  }
}

/** The client takes an agent as well, which its types do not say. */
interface ClientOptions extends Docker.DockerOptions {
  readonly agent?: Agent;
}

/** What the environment says of another engine is not mixed in: the client would prefer it. */
const unset = {
  ...{ host: undefined, port: undefined, socketPath: undefined, agent: undefined, timeout: undefined },
  ...{ ca: undefined, cert: undefined, key: undefined, pathPrefix: "/" },
};

function client(options: ClientOptions): Docker {
  try {
    return new Docker({ protocol: "http", ...unset, ...options });
  } catch (error) {
    // It reads the environment nevertheless.
    const reason = errorMessage(error);
    const hint = "mend or unset DOCKER_HOST and DOCKER_CERT_PATH.";
    throw problemError("Docker engine", `the environment names one that cannot be used: ${reason}`, hint, {
      cause: error,
    });
  }
}

function overTcp({ host, port, isSecure }: TcpAddress, endpoint: DockerEndpoint): ClientOptions {
  const certificate = clientCertificate(endpoint);
  const isTls = isSecure || certificate.ca !== undefined;
  return {
    host: host.includes(":") ? `[${host}]` : host,
    port: port ?? (isTls ? 2376 : 2375),
    protocol: isTls ? "https" : "http",
    agent: tcpAgent(isTls),
    ...(isTls ? certificate : {}),
  };
}

/** As declared; else, where the environment asks for TLS, the files that Docker's own client would take. */
function clientCertificate({
  ca,
  cert,
  key,
  certPath,
}: DockerEndpoint): Pick<Docker.DockerOptions, "ca" | "cert" | "key"> {
  if (ca !== undefined) return { ca, cert, key };
  const directory = certPath ?? certificateDirectory();
  return directory === undefined ? {} : { ...readClientCertificate(directory) };
}
