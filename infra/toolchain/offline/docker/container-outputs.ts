import type Docker from "dockerode";
import type { PropertyMap, PropertyValue } from "../../../../components/providers/properties";
import type { Occasion } from "../shared/resource";
import { ineffective, updatable } from "./container-shape";
import type { ContainerValues } from "./container-values";
import { renderGoDuration } from "./go-duration";
import { orNothing } from "./labels";

const megabyte = 1024 * 1024;

/** What newer engines say and the types do not have yet. */
export type Inspected = Docker.ContainerInspectInfo & {
  readonly Config: { readonly StopSignal?: string; readonly StopTimeout?: number | null };
  readonly NetworkSettings: { readonly Bridge?: string };
};

/**
 * A container as the official plugin has it in the state. Pure.
 *
 * @param kept inputs or state: what the engine does not tell, or mixes with what the image has
 */
export function containerOutputs(
  found: Inspected,
  kept: Partial<ContainerValues>,
  occasion: Occasion,
): PropertyMap {
  const outputs = { ...unsupported, ...fromEngine(found, kept), ...fromProgram(kept) };
  if (occasion === "asked") return outputs;
  // What the engine makes of no memorySwap, twice the memory, only a refresh shows.
  const swap = { memorySwap: kept.memorySwap ?? 0 };
  if (occasion === "created") return { ...outputs, ...swap };
  // An update is taken at its word, also where the engine did nothing.
  const told = [...updatable, ...ineffective].flatMap((name) => {
    const value = (kept as PropertyMap)[name];
    return value === undefined || value === null ? [] : [[name, value] as const];
  });
  return { ...outputs, ...Object.fromEntries(told), ...swap };
}

function fromEngine(found: Inspected, kept: Partial<ContainerValues>): PropertyMap {
  const { Config, HostConfig, NetworkSettings, State } = found;
  return {
    id: found.Id,
    name: found.Name.replace(/^\//, ""),
    image: imageOf(found, kept),
    platform: found.Platform,
    exitCode: State.Running ? null : State.ExitCode,
    command: Config.Cmd,
    entrypoints: texts(Config.Entrypoint),
    hostname: Config.Hostname,
    domainname: Config.Domainname,
    user: Config.User,
    workingDir: Config.WorkingDir,
    stopSignal: Config.StopSignal ?? "",
    stopTimeout: Config.StopTimeout ?? 0,
    tty: Config.Tty,
    stdinOpen: Config.OpenStdin,
    healthcheck: healthcheckOf(found),
    bridge: NetworkSettings.Bridge ?? "",
    networkDatas: networkDatas(found),
    ports: portsOf(found),
    ...limitsOf(HostConfig),
    ...securityOf(HostConfig),
    tmpfs: orNothing(HostConfig.Tmpfs),
    shmSize: Math.floor((HostConfig.ShmSize ?? 0) / megabyte),
    init: HostConfig.Init === true,
    rm: HostConfig.AutoRemove === true,
    publishAllPorts: HostConfig.PublishAllPorts === true,
    runtime: HostConfig.Runtime ?? "",
    ipcMode: HostConfig.IpcMode ?? "",
    usernsMode: HostConfig.UsernsMode ?? "",
    networkMode: HostConfig.NetworkMode ?? "",
    logDriver: HostConfig.LogConfig?.Type ?? "",
    logOpts: orNothing(HostConfig.LogConfig?.Config as Record<string, string> | undefined),
  };
}

/** An image that was named by a tag keeps its name: the tag may be another image by now. */
function imageOf({ Config, Image }: Inspected, kept: Partial<ContainerValues>): string {
  const isTag = kept.image !== undefined && !kept.image.startsWith("sha256:") && kept.image === Config.Image;
  return isTag ? Config.Image : Image;
}

function limitsOf(host: Docker.HostConfig): PropertyMap {
  const swap = host.MemorySwap ?? 0;
  return {
    memory: Math.floor((host.Memory ?? 0) / megabyte),
    memorySwap: swap > 0 ? Math.floor(swap / megabyte) : swap,
    memoryReservation: Math.floor((host.MemoryReservation ?? 0) / megabyte),
    cpuShares: host.CpuShares ?? 0,
    cpuSet: host.CpusetCpus ?? "",
    restart: host.RestartPolicy?.Name ?? "no",
    maxRetryCount: host.RestartPolicy?.MaximumRetryCount ?? 0,
    ulimits:
      (host.Ulimits as readonly { Name: string; Soft: number; Hard: number }[] | null | undefined)?.map(
        ({ Name, Soft, Hard }) => ({ name: Name, soft: Soft, hard: Hard }),
      ) ?? [],
  };
}

function securityOf(host: Docker.HostConfig): PropertyMap {
  const adds: readonly string[] = (host.CapAdd as readonly string[] | null | undefined) ?? [];
  const drops: readonly string[] = (host.CapDrop as readonly string[] | null | undefined) ?? [];
  return {
    capabilities: adds.length + drops.length === 0 ? null : { adds, drops },
    securityOpts: (host.SecurityOpt as readonly string[] | null | undefined) ?? [],
    privileged: host.Privileged === true,
    readOnly: host.ReadonlyRootfs === true,
  };
}

function healthcheckOf({ Config }: Inspected): PropertyMap | null {
  const check = Config.Healthcheck;
  if (check === undefined) return null;
  return {
    tests: check.Test ?? [],
    interval: renderGoDuration(check.Interval ?? 0),
    timeout: renderGoDuration(check.Timeout ?? 0),
    startPeriod: renderGoDuration(check.StartPeriod ?? 0),
    startInterval: renderGoDuration(check.StartInterval ?? 0),
    retries: check.Retries ?? 0,
  };
}

function networkDatas({ NetworkSettings }: Inspected): readonly PropertyMap[] {
  return Object.entries(NetworkSettings.Networks).map(([networkName, network]) => ({
    networkName,
    gateway: network.Gateway,
    globalIpv6Address: network.GlobalIPv6Address,
    globalIpv6PrefixLength: network.GlobalIPv6PrefixLen,
    ipAddress: network.IPAddress,
    ipPrefixLength: network.IPPrefixLen,
    ipv6Gateway: network.IPv6Gateway,
    macAddress: network.MacAddress,
  }));
}

type Bindings = Readonly<Record<string, readonly { HostIp: string; HostPort: string }[] | null>>;

/** The published ports; of a container that does not run, the ones that it would have. */
function portsOf({ State, NetworkSettings, HostConfig }: Inspected): readonly PropertyMap[] {
  const found = (State.Running ? NetworkSettings.Ports : (HostConfig.PortBindings ?? {})) as Bindings;
  const ports = Object.entries(found).flatMap(([key, bindings]) => {
    const [internal = "", protocol = "tcp"] = key.split("/");
    return (bindings ?? []).map(({ HostIp, HostPort }) => ({
      external: Number(HostPort),
      internal: Number(internal),
      ip: HostIp,
      protocol,
    }));
  });
  return ports.sort((a, b) => a.internal - b.internal);
}

/** What only the program knows: it is as declared. */
function fromProgram(kept: Partial<ContainerValues>): PropertyMap {
  return {
    envs: [...(kept.envs ?? [])],
    labels: (kept.labels ?? []).map(({ label, value }) => ({ label, value })),
    groupAdds: kept.groupAdds?.length ? [...kept.groupAdds] : null,
    cpus: kept.cpus ?? null,
    destroyGraceSeconds: kept.destroyGraceSeconds === 0 ? null : (kept.destroyGraceSeconds ?? null),
    start: kept.start ?? true,
    mustRun: kept.mustRun ?? true,
    wait: kept.wait ?? false,
    waitTimeout: kept.waitTimeout ?? 60,
    removeVolumes: kept.removeVolumes ?? true,
    containerReadRefreshTimeoutMilliseconds: kept.containerReadRefreshTimeoutMilliseconds ?? 15_000,
    networksAdvanced: (kept.networksAdvanced ?? []).map(({ name, aliases, ipv4Address }) => ({
      aliases: [...(aliases ?? [])],
      driverOpts: [],
      gwPriority: 0,
      ipv4Address: ipv4Address ?? "",
      ipv6Address: "",
      linkLocalIps: [],
      macAddress: "",
      name,
    })),
    volumes: (kept.volumes ?? []).map(({ containerPath, hostPath, volumeName, readOnly }) => ({
      containerPath,
      fromContainer: "",
      hostPath: hostPath ?? "",
      readOnly: readOnly ?? false,
      selinuxRelabel: "",
      volumeName: volumeName ?? "",
    })),
    uploads: (kept.uploads ?? []).map((upload) => ({
      content: upload.content ?? "",
      contentBase64: upload.contentBase64 ?? "",
      executable: upload.executable ?? false,
      file: upload.file,
      permissions: upload.permissions ?? "",
      source: upload.source ?? "",
      sourceHash: upload.sourceHash ?? "",
    })),
  };
}

function texts(value: string | readonly string[] | null | undefined): PropertyValue {
  return typeof value === "string" ? [value] : (value ?? []);
}

/** Outputs of properties that this edition refuses, as the official plugin has them when nothing is given. */
const unsupported: PropertyMap = {
  ...{ attach: false, logs: false, containerLogs: null },
  ...{ cgroupParent: null, cgroupnsMode: null, cpuPeriod: null, cpuQuota: null, gpus: null, pidMode: null },
  ...{ deviceReadBps: [], deviceReadIops: [], deviceRequests: [], deviceWriteBps: [], deviceWriteIops: [] },
  ...{ devices: [], dns: null, dnsOpts: null, dnsSearches: null, hosts: [], mounts: [] },
  ...{ storageOpts: null, sysctls: null },
};
