import { readFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { problemError } from "../../core/problem";

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
  return endpoint.host ?? process.env.DOCKER_HOST ?? `unix://${localSocket}`;
}

/**
 * A client of the engine's API; nothing is sent yet.
 *
 * The version of the API is not pinned: engines since 20.10 (1.41) have everything that is used here.
 *
 * @throws ProblemError an address that no client understands
 */
export function connectDocker(endpoint: DockerEndpoint): Docker {
  const host = dockerHost(endpoint);
  const url = parse(host);
  switch (url?.protocol) {
    case "unix:":
      return new Docker({ socketPath: url.pathname });
    case "npipe:":
      return new Docker({ socketPath: url.pathname.replaceAll("/", "\\") });
    case "ssh:":
      return new Docker({ ...addressOf(url, 22), protocol: "ssh", ...sshLogin(url) });
    case "tcp:":
    case "http:":
    case "https:":
      return new Docker(overTcp(url, endpoint));
    default:
      throw problemError(
        "Docker engine",
        `${JSON.stringify(host)} is not the address of an engine`,
        "write it as DOCKER_HOST has it: unix:///var/run/docker.sock, ssh://user@host or tcp://host:2376.",
      );
  }
}

function parse(host: string): URL | undefined {
  try {
    return new URL(host);
  } catch {
    return undefined;
  }
}

function addressOf(url: URL, port: number): { readonly host: string; readonly port: number } {
  return { host: url.hostname, port: url.port === "" ? port : Number(url.port) };
}

/** The keys of the agent, as Docker's own client over ssh has them. */
function sshLogin(url: URL): Docker.DockerOptions {
  const agent = process.env.SSH_AUTH_SOCK;
  const username = url.username === "" ? process.env.USER : decodeURIComponent(url.username);
  return {
    ...(username === undefined ? {} : { username }),
    ...(agent === undefined ? {} : { sshOptions: { agentForward: false, agent } }),
  };
}

function overTcp(url: URL, endpoint: DockerEndpoint): Docker.DockerOptions {
  const { ca, cert, key } = clientCertificate(endpoint);
  const isSecure = url.protocol === "https:" || ca !== undefined;
  const secrets = isSecure ? { ca, cert, key } : {};
  return { ...addressOf(url, isSecure ? 2376 : 2375), protocol: isSecure ? "https" : "http", ...secrets };
}

/** As declared; else, with `DOCKER_TLS_VERIFY`, the files that Docker's own client would take. */
function clientCertificate(endpoint: DockerEndpoint): Pick<DockerEndpoint, "ca" | "cert" | "key"> {
  const isAsked = endpoint.certPath !== undefined || (process.env.DOCKER_TLS_VERIFY ?? "") !== "";
  if (endpoint.ca !== undefined || !isAsked) return endpoint;
  const directory = endpoint.certPath ?? process.env.DOCKER_CERT_PATH ?? join(homedir(), ".docker");
  const read = (name: string): string => readFileSync(join(directory, name), "utf8");
  return { ca: read("ca.pem"), cert: read("cert.pem"), key: read("key.pem") };
}
