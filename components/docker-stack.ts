import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { stackLabel } from "./core/docker/host";
import type { EndpointArgs } from "./providers/docker-resources";

/** What everything of one stack on an engine has in common. */
export interface DockerStack {
  /** What all names begin with. */
  readonly name: string;
  readonly engine: EndpointArgs;
  /** `organization/project/stack`: the value of the label `pgstead.stack`. */
  readonly label: string;
  readonly provider: docker.Provider;
  /** The containers' own network. */
  readonly network: pulumi.Output<string>;
  readonly images: DockerImages;
  /** True: `destroy` takes the data as well. */
  readonly disposable: boolean;
  /** True: volumes with data are protected in Pulumi's state. */
  readonly protect: boolean;
}

/** Ids of the images. */
export interface DockerImages {
  readonly postgres: pulumi.Output<string>;
  readonly ops: pulumi.Output<string>;
  readonly monitoring: pulumi.Output<string>;
}

/** The labels of everything that is made. */
export function stackLabels(label: string): { label: string; value: string }[] {
  return [{ label: stackLabel, value: label }];
}

/**
 * A named volume.
 *
 * @param options.keeps true: its content is the user's; it is protected, and stays when the stack goes, unless the stack is
 * disposable
 */
export function createVolume(
  stack: Omit<DockerStack, "images" | "network">,
  kind: string,
  parent: pulumi.Resource,
  options: { readonly keeps?: boolean } = {},
): docker.Volume {
  const keeps = options.keeps === true && !stack.disposable;
  const name = `${stack.name}-${kind}`;
  return new docker.Volume(
    kind,
    { name, labels: stackLabels(stack.label) },
    { parent, provider: stack.provider, protect: keeps && stack.protect, retainOnDelete: keeps },
  );
}

/** A container of the stack, without what all of them have. */
export interface ServiceContainerArgs {
  readonly kind: string;
  readonly image: pulumi.Input<string>;
  /** `uid:gid`; never root. */
  readonly user: string;
  readonly command?: readonly string[];
  /** Nothing secret: `docker inspect` shows it. */
  readonly envs?: readonly string[];
  /** MB; there is no swap on top of it. */
  readonly memory: number;
  readonly cpus?: number;
  /** MB of /dev/shm. */
  readonly shmSize?: number;
  readonly mounts: readonly Mount[];
  readonly ports?: readonly { readonly internal: number; readonly external: number; readonly ip: string }[];
  readonly ulimits?: readonly { readonly name: string; readonly soft: number; readonly hard: number }[];
  /** The check that Docker shows as health: a program and its arguments. */
  readonly health: readonly string[];
  /** Seconds between two checks: each starts a process in the container. @default - 30, as Docker has it */
  readonly healthInterval?: number;
  /** Seconds that a start may take before a failing check counts. */
  readonly startPeriod?: number;
  /** Seconds between the stop signal and the kill. */
  readonly stopTimeout: number;
  readonly stopSignal?: string;
}

/** A volume, or a directory of the engine's host, and where a container has it. */
export type Mount = ({ readonly volume: docker.Volume } | { readonly hostPath: string }) & {
  readonly path: string;
  readonly readOnly?: boolean;
};

/**
 * A container that may do no more than it has to: an account that is not root, no capability, no new privileges, a root
 * that it cannot write, limits of memory and of what it logs; started again when it ends. Replaced when anything of it
 * changes but its memory, which the engine changes in place.
 */
export function createContainer(
  stack: DockerStack,
  args: ServiceContainerArgs,
  parent: pulumi.Resource,
  options: { readonly dependsOn?: readonly pulumi.Resource[] } = {},
): docker.Container {
  const { kind, command, envs, cpus, shmSize, ports, ulimits, stopSignal } = args;
  return new docker.Container(
    kind,
    {
      ...hardened,
      name: `${stack.name}-${kind}`,
      hostname: kind,
      image: args.image,
      user: args.user,
      memory: args.memory,
      // The same: without it the engine would add as much again as swap.
      memorySwap: args.memory,
      tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=64m,mode=1777" },
      volumes: args.mounts.map(({ path, readOnly = false, ...what }) => ({
        ...("volume" in what ? { volumeName: what.volume.name } : { hostPath: what.hostPath }),
        containerPath: path,
        readOnly,
      })),
      networksAdvanced: [{ name: stack.network, aliases: [kind] }],
      labels: stackLabels(stack.label),
      healthcheck: healthcheck(args),
      stopTimeout: args.stopTimeout,
      // Without it the plugin kills what it removes.
      destroyGraceSeconds: args.stopTimeout,
      ...(stopSignal === undefined ? {} : { stopSignal }),
      ...(command === undefined ? {} : { command: [...command] }),
      ...(envs === undefined ? {} : { envs: [...envs] }),
      ...(cpus === undefined ? {} : { cpus: String(cpus) }),
      ...(shmSize === undefined ? {} : { shmSize }),
      ...(ports === undefined || ports.length === 0 ? {} : { ports: [...ports] }),
      ...(ulimits === undefined || ulimits.length === 0 ? {} : { ulimits: [...ulimits] }),
    },
    // Name and ports are the same before and after: the old one has to go first.
    {
      parent,
      provider: stack.provider,
      // The plugin has no way to change these three, and says nothing.
      replaceOnChanges: ["healthcheck", "init", "tmpfs"],
      deleteBeforeReplace: true,
      dependsOn: [...(options.dependsOn ?? [])],
    },
  );
}

const hardened: Partial<docker.ContainerArgs> = {
  readOnly: true,
  init: true,
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges"],
  restart: "unless-stopped",
  logDriver: "json-file",
  logOpts: { "max-size": "10m", "max-file": "5" },
  mustRun: true,
};

function healthcheck({ health, healthInterval = 30, startPeriod = 10 }: ServiceContainerArgs) {
  return {
    tests: ["CMD", ...health],
    interval: `${healthInterval}s`,
    timeout: "5s",
    retries: 3,
    startPeriod: `${startPeriod}s`,
  };
}

/**
 * The check that somebody answers 200 in the container; of another answer `docker inspect` shows all. Bash speaks HTTP
 * well enough, and starts in a hundredth of the time that Node.js takes.
 */
export function answers(port: number, path: string): string[] {
  const script = `exec 3<>/dev/tcp/127.0.0.1/${port}; printf 'GET ${path} HTTP/1.0\\r\\n\\r\\n' >&3; read -r line <&3; [[ $line == *' 200 '* ]] || { printf '%s\\n' "$line"; cat <&3; exit 1; }`;
  return ["bash", "-c", script];
}

/** A port of a container on 127.0.0.1 of the engine's host, if there is to be one. */
export function onLoopback(internal: number, external: number | undefined) {
  return external === undefined ? [] : [{ internal, external, ip: "127.0.0.1" }];
}
