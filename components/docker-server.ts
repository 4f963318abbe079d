import type * as docker from "@pulumi/docker";
import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "./connection";
import type { PublishedPort } from "./core/docker/host";
import { pathForPlugins } from "./project-directory";
import type { Refusal } from "./core/statement";
import {
  caFile,
  createCertificate,
  createFiles,
  createServerContainer,
  createStack,
  createVolumes,
  type ServerVolumes,
} from "./docker-server-parts";
import type { DockerStack } from "./docker-stack";
import { Credential } from "./providers/resources";
import type { Certificate, EndpointArgs } from "./providers/docker-resources";
import { DockerServerResource } from "./providers/docker-server-resources";

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
}

/**
 * PostgreSQL 17 in a container of a Docker engine: images built there from Debian's packages, data and logs on volumes of
 * their own, TLS with a certificate that is renewed without a restart, and an account that may do no more than it has to.
 *
 * Replacing the container keeps the data; it is announced as a restart, and refused unless that is allowed.
 *
 * @example
 * const server = new DockerServer("server", {
 *   name: "shop-prod", version: "17", port: 5432, publish: ["127.0.0.1"], address: "127.0.0.1",
 *   memory: 8192, cpus: 4, shmSize: 1024,
 *   certificate: { names: ["localhost", "127.0.0.1", "server"], validity: 90, renewBefore: 30 },
 * });
 */
export class DockerServer extends pulumi.ComponentResource {
  readonly connection: Connection;
  readonly version: pulumi.Output<string>;
  readonly refusals: pulumi.Output<Refusal[]>;
  /** What further containers of the stack are made with. */
  readonly stack: DockerStack;
  readonly volumes: ServerVolumes;
  readonly certificate: Certificate;
  readonly resource: DockerServerResource;

  constructor(name: string, args: DockerServerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:DockerServer", name, {}, opts);
    const plan = resolveDockerServer(args);

    const { host, replacement, ...stack } = createStack(name, plan, this);
    this.stack = stack;
    this.volumes = createVolumes(stack, this);
    const administrator = new Credential(
      `${name}-administrator`,
      { passwordVersion: plan.passwordVersion },
      { parent: this },
    );
    this.certificate = createCertificate(name, plan, stack, this.volumes, this);
    const files = createFiles(name, stack, administrator, this.volumes, this);
    const container = createServerContainer(
      plan,
      stack,
      this.volumes,
      [replacement, this.certificate, files],
      this,
    );
    this.resource = createServer(
      name,
      plan,
      container,
      { administrator, certificate: this.certificate },
      this,
    );
    this.connection = createConnection(name, plan, this.resource, this);

    this.version = this.resource.version;
    this.refusals = pulumi
      .all([
        host.refusals,
        replacement.refusals,
        this.certificate.refusals,
        files.refusals,
        this.resource.refusals,
      ])
      .apply((all) => all.flat());
    this.registerOutputs({ version: this.version });
  }
}

/** The arguments with every default. */
export type DockerServerPlan = Required<Omit<DockerServerArgs, "subnet" | "baseImage">> &
  Pick<DockerServerArgs, "subnet" | "baseImage">;

function resolveDockerServer(args: DockerServerArgs): DockerServerPlan {
  const { disposable = false } = args;
  return {
    ...args,
    engine: args.engine ?? {},
    ulimits: args.ulimits ?? [],
    passwordVersion: args.passwordVersion ?? 1,
    restart: args.restart ?? "refuse",
    disposable,
    protect: args.protect ?? !disposable,
    images: pathForPlugins(args.images ?? "infra/images"),
    beside: args.beside ?? [],
    otherPorts: args.otherPorts ?? [],
  };
}

function createServer(
  name: string,
  plan: DockerServerPlan,
  container: docker.Container,
  { administrator, certificate }: { readonly administrator: Credential; readonly certificate: Certificate },
  parent: pulumi.Resource,
): DockerServerResource {
  const { password, verifier } = administrator;
  return new DockerServerResource(
    name,
    {
      engine: plan.engine,
      container: `${plan.name}-server`,
      containerId: container.id,
      host: plan.address,
      port: plan.port,
      administrator: "postgres",
      password,
      verifier,
      tls: { mode: "verify-full", ca: caFile(plan) },
    },
    { parent, dependsOn: [container, certificate] },
  );
}

function createConnection(
  name: string,
  plan: DockerServerPlan,
  server: DockerServerResource,
  parent: pulumi.Resource,
): Connection {
  const tls = { mode: "verify-full", ca: caFile(plan) } as const;
  const { host, port, password } = server;
  const provider = new postgresql.Provider(
    name,
    {
      host,
      port,
      username: "postgres",
      password,
      sslmode: tls.mode,
      sslrootcert: pathForPlugins(tls.ca),
      superuser: true,
      connectTimeout: 15,
      maxConnections: 4,
    },
    { parent },
  );
  return {
    host,
    port,
    user: pulumi.output("postgres"),
    password,
    tls,
    systemIdentifier: server.systemIdentifier,
    provider,
    control: { kind: "docker", engine: plan.engine, container: `${plan.name}-server` },
    capabilities: { canRestart: plan.restart === "allow", canWriteHba: true, isSuperuser: true },
    deletedWith: server,
  };
}
