import type { Plan, Refusal, Statement } from "../statement";

/** Label of everything that a stack makes on an engine; its value says which stack. */
export const stackLabel = "pgstead.stack";

/** Label of the images that are built for a stack. Containers inherit it, so it is another one than {@link stackLabel}. */
export const imageLabel = "pgstead.image";

/** What a stack is to have on a Docker engine. */
export interface DesiredHost {
  /** Value of the label, `organization/project/stack`. */
  readonly stack: string;
  /** What all names begin with. */
  readonly name: string;
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
  readonly networks: readonly string[];
  readonly ports: readonly PublishedPort[];
  /** Images that are not built: the engine has them, or pulls them. */
  readonly pulled?: readonly PulledImage[];
  /** Limits of the server's container: cores, and memory in MB. */
  readonly cpus: number;
  readonly memory: number;
}

/** A port of the engine's host that a container is to have. */
export interface PublishedPort {
  readonly container: string;
  readonly address: string;
  readonly port: number;
  /** Configuration key that it comes from. */
  readonly key: string;
}

/** An image of somebody else. */
export interface PulledImage {
  readonly image: string;
  /** Configuration key that it comes from. */
  readonly key: string;
}

/** What is found on the engine. */
export interface ActualHost {
  readonly version: string;
  /** API's version, such as `1.41`. */
  readonly apiVersion: string;
  /** Of the engine's host, in Docker's words: `x86_64`, `aarch64`. */
  readonly architecture: string;
  /** `linux` or `windows`. */
  readonly os: string;
  readonly rootless: boolean;
  /** Cores and memory (bytes) of the engine's host. */
  readonly cpus: number;
  readonly memory: number;
  /** Things that have a declared name, by kind, with the stack that their label names. */
  readonly named: readonly {
    readonly kind: "container" | "volume" | "network";
    readonly name: string;
    readonly stack: string | undefined;
    /** Of a container: whether it runs. */
    readonly running?: boolean;
  }[];
  /** Declared ports that cannot be had, and why. */
  readonly taken: readonly (PublishedPort & { readonly reason: "in use" | "no such address" })[];
  /** Declared images that the engine has not; `fault`: why it cannot have them, in the engine's words. */
  readonly missing: readonly (PulledImage & { readonly fault?: string })[];
  /** Free bytes where the engine keeps its data; undefined: not to be seen from here. */
  readonly freeBytes: number | undefined;
}

/** Engines before 20.10 lack options that are used here. */
const oldestApi = [1, 41] as const;

/** Architectures that Debian has PostgreSQL's server packages for, in Docker's words. */
const architectures = ["x86_64", "amd64", "aarch64", "arm64"];

/** Images take about 1.5 GB while they are built, and a server needs room for its first write-ahead log. */
const leastFree = 2 * 1024 ** 3;

/**
 * What stands in the way of making the stack on this engine, all of it, and which containers do not run.
 *
 * @param known containers that the last run declared; undefined: the stack is new
 */
export function planHost(desired: DesiredHost, actual: ActualHost, known?: readonly string[]): Plan {
  const isNew = known === undefined;
  const refusals = [
    ...refuseEngine(actual),
    ...refuseCapacity(desired, actual),
    ...refuseNames(desired, actual),
    ...actual.taken.map(refusePort),
    ...actual.missing.flatMap(refuseImage),
    ...(isNew ? [...refuseSpace(actual), ...refuseEarlierData(desired, actual)] : []),
  ];
  const pulls = actual.missing
    .filter(({ fault }) => fault === undefined)
    .map(({ image, key }) =>
      step(pullWords(image), `pgstead:${key} names it, and the engine does not have it`),
    );
  return { statements: [...pulls, ...(isNew ? [] : planContainers(desired, actual, known))], refusals };
}

/** Name of the server's own container, which {@link DesiredHost} has first: another resource looks after that. */
function planContainers(
  { containers, stack }: DesiredHost,
  { named }: ActualHost,
  known: readonly string[],
): Statement[] {
  const [, ...beside] = containers;
  return beside
    .filter((name) => known.includes(name))
    .flatMap((name) => {
      const found = named.find((one) => one.kind === "container" && one.name === name);
      if (found === undefined) return [gone(name)];
      return found.stack !== stack || found.running !== false
        ? []
        : [step(startWords(name), "it does not run")];
    });
}

/** The step that starts a container. */
export function startWords(name: string): string {
  return `start container ${name}`;
}

/** The step that gets an image. */
export function pullWords(image: string): string {
  return `pull image ${image}`;
}

function refuseImage({ image, key, fault }: ActualHost["missing"][number]): Refusal[] {
  if (fault === undefined) return [];
  const hint = `where the engine reaches a registry that has it, run this again; else bring it there (\`docker save ${image}\` elsewhere, \`docker load\` on its host), name one that it can have (pgstead:${key}), or do without (pgstead:monitoring.grafana.enabled: false)`;
  return [
    { subject: `image ${image}`, message: `the engine does not have it, and cannot get it: ${fault}`, hint },
  ];
}

function gone(name: string): Statement {
  const reason =
    "it is not there; where somebody removed it, plain Pulumi has to forget it first: `pulumi refresh --target`";
  return step(`make container ${name} again`, reason);
}

function step(sql: string, reason: string): Statement {
  return { sql, reason, risk: "none", kind: "server", step: true };
}

function refuseEngine({ apiVersion, version, os, architecture }: ActualHost): Refusal[] {
  const [major = 0, minor = 0] = apiVersion.split(".").map(Number);
  const isOld = major < oldestApi[0] || (major === oldestApi[0] && minor < oldestApi[1]);
  const engine = (message: string, hint: string): Refusal => ({ subject: "Docker engine", message, hint });
  return [
    ...(isOld
      ? [
          engine(
            `it is ${version} (API ${apiVersion}), and 20.10 (API 1.41) is the oldest that is supported`,
            "upgrade it",
          ),
        ]
      : []),
    ...(os === "linux" ? [] : [engine(`it runs ${os} containers`, "switch it to Linux containers")]),
    ...(architectures.includes(architecture)
      ? []
      : [
          engine(
            `its host is ${architecture}, for which there are no packages`,
            "use a host of x86_64 or arm64 (pgstead:docker.host)",
          ),
        ]),
  ];
}

/** The engine would refuse it too, when the old container is gone already. */
function refuseCapacity({ cpus, memory }: DesiredHost, actual: ActualHost): Refusal[] {
  const there = Math.floor(actual.memory / 1024 ** 2);
  return [
    ...(cpus <= actual.cpus
      ? []
      : [
          {
            subject: "pgstead:server.cpus",
            message: `${cpus} cores are declared, and the engine's host has ${actual.cpus}`,
            hint: `write ${actual.cpus} or less`,
          },
        ]),
    ...(memory <= there
      ? []
      : [
          {
            subject: "pgstead:server.memory",
            message: `${memory}MB are declared, and the engine's host has ${there}MB`,
            hint: "write less than that: the other containers and the host need some as well",
          },
        ]),
  ];
}

/** A name that somebody else has is not ours to replace; nor is a volume, which would be filled or read. */
function refuseNames(desired: DesiredHost, { named }: ActualHost): Refusal[] {
  const wanted = { container: desired.containers, volume: desired.volumes, network: desired.networks };
  return named
    .filter(({ kind, name, stack }) => wanted[kind].includes(name) && stack !== desired.stack)
    .map(({ kind, name, stack }) => ({
      subject: `${kind} ${name}`,
      message:
        stack === undefined ? "there is one that pgstead did not make" : `it belongs to the stack ${stack}`,
      // What another stack has may be its data: nobody is told to remove that.
      hint: `choose another beginning of the names: pgstead:docker.name (now ${desired.name})${stack === undefined ? `, or remove that ${kind} if nobody needs it` : ""}`,
    }));
}

/** What an earlier life of the stack has left is somebody's data: it is neither taken over nor mixed with new roles. */
function refuseEarlierData({ name, stack }: DesiredHost, { named }: ActualHost): Refusal[] {
  const volume = `${name}-data`;
  const has = (kind: string, wanted: string): boolean =>
    named.some((one) => one.kind === kind && one.name === wanted && one.stack === stack);
  if (!has("volume", volume)) return [];
  if (has("container", `${name}-server`)) {
    const message = "a container of this stack has it, and the state knows neither";
    const hint = "put the stack's state back; it knows the passwords as well";
    return [{ subject: `volume ${volume}`, message, hint }];
  }
  return [
    {
      subject: `volume ${volume}`,
      message: "it holds the data of an earlier stack of this name, whose state is gone",
      hint: `to begin anew, remove it: \`docker volume rm ${volume}\`; to keep it, give this stack another pgstead:docker.name and copy what you need`,
    },
  ];
}

function refusePort({ address, port, reason, key }: ActualHost["taken"][number]): Refusal {
  const subject = `port ${port} on ${address}`;
  if (reason === "in use") {
    const hint = `end what has it, or choose another one (pgstead:${key})`;
    return { subject, message: "another program has it", hint };
  }
  return {
    subject,
    message: "the engine's host has no such address",
    hint: "mend pgstead:docker.publish",
  };
}

function refuseSpace({ freeBytes }: ActualHost): Refusal[] {
  if (freeBytes === undefined || freeBytes >= leastFree) return [];
  return [
    {
      subject: "disk of the Docker engine",
      message: `${Math.floor(freeBytes / 1024 ** 2)} MB are free, and images and a new server need 2 GB`,
      hint: "make room: `docker system df` tells what takes it",
    },
  ];
}

/** What differs where the engine runs without root; undefined: it has root. */
export function describeRootless({ rootless }: ActualHost): string | undefined {
  if (!rootless) return undefined;
  return "the engine runs without root: limits of memory and cores need cgroup v2 with delegation, ports below 1024 cannot be published, and clients appear with the address of the engine's own network";
}
