import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type { DockerServerPlan } from "./docker-server-args";
import { backRestFiles } from "./core/physical/configuration";
import { createImages } from "./docker-images";
import { createContainer, createVolume, stackLabels, type DockerStack } from "./docker-stack";
import { Certificate, Files } from "./providers/docker-resources";
import { DockerHost, ServerReplacement } from "./providers/docker-server-resources";
import type { Credential } from "./providers/resources";

/** Volumes that the server has; other containers of the stack mount them as well. */
export interface ServerVolumes {
  readonly data: docker.Volume;
  readonly socket: docker.Volume;
  readonly logs: docker.Volume;
  readonly repository: docker.Volume;
  readonly serverFiles: docker.Volume;
}

/** Account of the server, in its image. */
export const serverUser = { uid: 999, gid: 999 };

/** The engine is looked at before anything is made on it. */
export function createStack(
  name: string,
  plan: DockerServerPlan,
  parent: pulumi.Resource,
): DockerStack & { readonly host: DockerHost; readonly replacement: ServerReplacement } {
  const { engine, disposable, protect } = plan;
  const label = [pulumi.getOrganization(), pulumi.getProject(), pulumi.getStack()].join("/");
  const host = new DockerHost(name, { ...desiredHost(plan, label), engine }, { parent });
  const provider = new docker.Provider(name, { ...engine }, { parent, dependsOn: [host] });
  const images = createImages(
    {
      name: plan.name,
      version: plan.version,
      directory: plan.images,
      label,
      ...(plan.baseImage === undefined ? {} : { base: plan.baseImage }),
    },
    { parent, provider },
  );
  const made = { name: plan.name, engine, images };
  const replacement = createReplacement(name, plan, made, parent);
  // Another network takes all containers with it: the server is stopped before, or the whole change is refused.
  const network = new docker.Network(
    name,
    {
      name: plan.name,
      labels: stackLabels(label),
      ...(plan.subnet === undefined ? {} : { ipamConfigs: [{ subnet: plan.subnet }] }),
    },
    { parent, provider, deleteBeforeReplace: true, dependsOn: [replacement] },
  );
  return { ...made, label, provider, network: network.id, disposable, protect, host, replacement };
}

/** Names of what a stack has, the containers of operation and monitoring included. */
function desiredHost(
  { name, publish, port, beside, otherPorts, pulled, cpus, memory }: DockerServerPlan,
  stack: string,
) {
  const named = (kinds: readonly string[]): string[] => kinds.map((kind) => `${name}-${kind}`);
  const own = publish.map((address) => ({ container: `${name}-server`, address, port, key: "server.port" }));
  return {
    stack,
    name,
    containers: named(["server", ...beside]),
    volumes: named([...volumeKinds, ...(beside.includes("grafana") ? grafanaVolumes : [])]),
    networks: [name],
    ports: [...own, ...otherPorts],
    ...(pulled.length === 0 ? {} : { pulled }),
    cpus,
    memory,
    readAhead: named(["server", ...beside].map(filesOf).filter((kind) => volumeKinds.includes(kind))),
  };
}

/** The volume of the files that a container is given. */
const filesOf = (container: string): string => `${container}-files`;

const volumeKinds = [
  "data",
  "logs",
  "repository",
  "socket",
  "server-files",
  "ops-files",
  "exporter-files",
  "node-exporter",
  "prometheus-files",
  "alertmanager-files",
  "prometheus",
  "alertmanager",
];

const grafanaVolumes = ["grafana", "grafana-files", "grafana-dashboards"];

export function createVolumes(stack: DockerStack, parent: pulumi.Resource): ServerVolumes {
  const keeps = { keeps: true };
  return {
    data: createVolume(stack, "data", parent, keeps),
    logs: createVolume(stack, "logs", parent, keeps),
    repository: createVolume(stack, "repository", parent, keeps),
    socket: createVolume(stack, "socket", parent),
    serverFiles: createVolume(stack, "server-files", parent),
  };
}

/** A local copy of the authority's certificate, for tools that take a file only; relative to the project. */
export function caFile({ name }: { readonly name: string }): string {
  return `.pgstead/${name}-ca.crt`;
}

export function createCertificate(
  name: string,
  plan: DockerServerPlan,
  stack: DockerStack,
  { serverFiles }: ServerVolumes,
  parent: pulumi.Resource,
): Certificate {
  const { names, validity, renewBefore, ca } = plan.certificate;
  return new Certificate(
    name,
    {
      names: [...names],
      validity,
      renewBefore,
      ...(ca === undefined ? {} : { ca }),
      place: { ...serverPlace(stack, serverFiles), owner: serverUser },
      reload: { container: `${stack.name}-server`, signal: "SIGHUP" },
      caFile: caFile(plan),
    },
    { parent },
  );
}

const serverFilesPath = "/etc/pgstead/server";

/** The volume of the server's files, as resources that write to it need it. */
export function serverPlace(stack: DockerStack, volume: docker.Volume) {
  return {
    endpoint: stack.engine,
    volume: volume.name,
    image: stack.images.postgres,
    container: `${stack.name}-server`,
    mountPath: serverFilesPath,
    label: stack.label,
  };
}

/** What a new server gets its administrator from: a verifier, never the password. */
export function createFiles(
  name: string,
  stack: DockerStack,
  { verifier }: Credential,
  { serverFiles }: ServerVolumes,
  parent: pulumi.Resource,
): Files {
  return new Files(
    name,
    {
      ...serverPlace(stack, serverFiles),
      owner: serverUser,
      directoryMode: "0750",
      others: ["server.crt", "server.key", "ca.crt", ...Object.values(backRestFiles)],
      files: {
        "administrator.verifier": { content: pulumi.interpolate`${verifier}\n`, mode: "0400", secret: true },
      },
    },
    { parent },
  );
}

function createReplacement(
  name: string,
  plan: DockerServerPlan,
  stack: Pick<DockerStack, "name" | "engine" | "images">,
  parent: pulumi.Resource,
): ServerReplacement {
  const {
    version,
    port,
    publish,
    subnet = "Docker's choice",
    cpus,
    shmSize,
    ulimits,
    restart,
    memory,
  } = plan;
  const limits = ulimits.map(({ name: limit, soft, hard }) => `${limit} ${soft}:${hard}`).join(", ");
  return new ServerReplacement(
    name,
    {
      engine: stack.engine,
      container: `${stack.name}-server`,
      image: stack.images.postgres,
      spec: {
        version,
        "published ports": publish.map((address) => `${address}:${port}`).join(", "),
        network: subnet,
        cpus: String(cpus),
        shmSize: `${shmSize}MB`,
        ulimits: limits === "" ? "none" : limits,
      },
      ulimits: ulimits.map((limit) => ({ ...limit })),
      major: Number.parseInt(version, 10),
      restart,
      memory,
    },
    { parent },
  );
}

export function createServerContainer(
  plan: DockerServerPlan,
  stack: DockerStack,
  volumes: ServerVolumes,
  dependsOn: readonly pulumi.Resource[],
  parent: pulumi.Resource,
): docker.Container {
  const { port, publish, memory, cpus, shmSize, ulimits } = plan;
  return createContainer(
    stack,
    {
      kind: "server",
      image: stack.images.postgres,
      user: `${serverUser.uid}:${serverUser.gid}`,
      envs: ["PGSTEAD_ADMINISTRATOR=postgres"],
      memory,
      cpus,
      shmSize,
      ulimits,
      mounts: [
        { volume: volumes.data, path: "/var/lib/postgresql/data" },
        { volume: volumes.socket, path: "/var/run/postgresql" },
        { volume: volumes.logs, path: "/var/log/postgresql" },
        { volume: volumes.repository, path: "/var/lib/pgbackrest" },
        { volume: volumes.serverFiles, path: serverFilesPath, readOnly: true },
      ],
      ports: publish.map((ip) => ({ internal: 5432, external: port, ip })),
      health: ["pg_isready", "-q", "-h", "/var/run/postgresql"],
      healthInterval: 10,
      // A recovery after a crash may take minutes, and is no reason to call it ill.
      startPeriod: 600,
      // SIGINT is PostgreSQL's fast shutdown: sessions end, a checkpoint is written.
      stopSignal: "SIGINT",
      stopTimeout: 300,
    },
    parent,
    { dependsOn },
  );
}
