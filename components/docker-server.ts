import type * as docker from "@pulumi/docker";
import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import type { Connection } from "./connection";
import { pathForPlugins } from "./project-directory";
import type { RoleCredential } from "./core/credentials/age";
import type { Refusal } from "./core/statement";
import { resolveDockerServer, type DockerServerArgs, type DockerServerPlan } from "./docker-server-args";
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
import { describeCredential } from "./roles";
import type { Certificate } from "./providers/docker-resources";
import { DockerServerResource } from "./providers/docker-server-resources";

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
  /** When the administrator's password was made. */
  readonly credential: pulumi.Output<RoleCredential>;
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
    this.credential = describeCredential(administrator, { role: "postgres", login: "postgres" });

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
