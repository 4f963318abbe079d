import type * as pulumi from "@pulumi/pulumi";
import type { PublishedPort, PulledImage } from "./core/docker/host";
import { pathForPlugins } from "./project-directory";
import type { EndpointArgs } from "./providers/docker-resources";

export interface DockerServerArgs {
  /** What the names of containers, volumes, the network and images begin with. A change would make another server. */
  readonly name: string;

  /**
   * The Docker engine.
   *
   * @default - `DOCKER_HOST` of the environment, else the local socket
   */
  readonly engine?: EndpointArgs;

  /** `17`, or with a minor version: the tag of the image. A change replaces the container, which is a restart. */
  readonly version: string;

  /** Port that is published. A change replaces the container. */
  readonly port: number;

  /** Addresses of the engine's host that it is published on; at least one. A change replaces the container. */
  readonly publish: readonly string[];

  /** Where this machine reaches it. The server's certificate has to have it. */
  readonly address: string;

  /** Network of the containers in CIDR notation. @default - Docker chooses */
  readonly subnet?: string;

  /** Limit of the server's container in MB, without swap. Changed in place; settings made from it may need a restart. */
  readonly memory: number;

  /** Limit of cores. A change replaces the container. */
  readonly cpus: number;

  /** Size of /dev/shm in MB, for parallel queries. A change replaces the container. */
  readonly shmSize: number;

  /**
   * Limits of the kernel, which the engine has to be allowed to raise. A change replaces the container.
   *
   * @default - the engine's own
   */
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];

  /** Raise it to give the administrator a new password: no restart. @default - 1 */
  readonly passwordVersion?: number;

  /** Whether `up` may replace the container of a running server, which ends its sessions. @default - `refuse` */
  readonly restart?: "allow" | "refuse";

  /** True: `destroy` takes the data as well. @default - false */
  readonly disposable?: boolean;

  /** Whether the volumes with data are protected in Pulumi's state. @default - not disposable */
  readonly protect?: boolean;

  /** The server's certificate. */
  readonly certificate: {
    readonly names: readonly string[];
    /** Days. */
    readonly validity: number;
    readonly renewBefore: number;
    /** An authority that there is. @default - one is made */
    readonly ca?: { readonly certificate: string; readonly key: pulumi.Input<string> };
  };

  /** Directory of the images' sources. @default - `infra/images` of the project */
  readonly images?: string;

  /** Image of Debian trixie that all are built on. @default - the one that the Dockerfiles name */
  readonly baseImage?: string;

  /**
   * Containers of the stack beside the server, by the endings of their names: `ops`, `exporter` … They are looked at with
   * it: one that does not run is started, one that is gone is told.
   *
   * @default - none
   */
  readonly beside?: readonly string[];

  /** Ports that other containers of the stack publish: looked at beforehand with the server's own. @default - none */
  readonly otherPorts?: readonly PublishedPort[];

  /** Images of other containers of the stack that are not built: looked for beforehand, and pulled. @default - none */
  readonly pulled?: readonly PulledImage[];
}

/** The arguments with every default. */
export type DockerServerPlan = Required<Omit<DockerServerArgs, "subnet" | "baseImage">> &
  Pick<DockerServerArgs, "subnet" | "baseImage">;

/** Fills in what was left out. */
export function resolveDockerServer(args: DockerServerArgs): DockerServerPlan {
  const { disposable = false } = args;
  return {
    ...args,
    engine: engineForPlugins(args.engine ?? {}),
    ulimits: args.ulimits ?? [],
    passwordVersion: args.passwordVersion ?? 1,
    restart: args.restart ?? "refuse",
    disposable,
    protect: args.protect ?? !disposable,
    images: pathForPlugins(args.images ?? "infra/images"),
    beside: args.beside ?? [],
    otherPorts: args.otherPorts ?? [],
    pulled: args.pulled ?? [],
  };
}

function engineForPlugins({ certPath, ...engine }: EndpointArgs): EndpointArgs {
  return { ...engine, ...(certPath === undefined ? {} : { certPath: pathForPlugins(certPath) }) };
}
