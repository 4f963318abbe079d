import { resolve } from "node:path";
import type Docker from "dockerode";
import type { ContainerValues, NetworkValues, PortValues, VolumeValues } from "./container-values";
import { parseGoDuration } from "./go-duration";
import { toLabels } from "./labels";
import type { PropertyValue } from "../../../../components/providers/properties";

const megabyte = 1024 * 1024;

/** What the engine is asked to create. Pure, but for paths, which are of the directory that Pulumi runs in. */
export function createRequest(values: ContainerValues): Docker.ContainerCreateOptions {
  const { name, image, command, entrypoints, envs, user, hostname, workingDir, stopSignal, stopTimeout } =
    values;
  return {
    name,
    Image: image,
    ...(isEmpty(command) ? {} : { Cmd: [...command] }),
    ...(isEmpty(entrypoints) ? {} : { Entrypoint: [...entrypoints] }),
    ...(isEmpty(envs) ? {} : { Env: [...envs] }),
    ...(isNothing(user) ? {} : { User: user }),
    ...(isNothing(hostname) ? {} : { Hostname: hostname }),
    ...(isNothing(workingDir) ? {} : { WorkingDir: workingDir }),
    ...(isNothing(stopSignal) ? {} : { StopSignal: stopSignal }),
    ...(isNothing(stopTimeout) ? {} : { StopTimeout: stopTimeout }),
    Labels: toLabels(values.labels as PropertyValue | undefined),
    ...healthcheckOf(values),
    ExposedPorts: Object.fromEntries((values.ports ?? []).map((port) => [portKey(port), {}])),
    HostConfig: hostConfig(values),
  };
}

function healthcheckOf({ healthcheck }: ContainerValues): Pick<Docker.ContainerCreateOptions, "Healthcheck"> {
  if (healthcheck === undefined || healthcheck === null) return {};
  const {
    tests,
    interval = "",
    timeout = "",
    startPeriod = "",
    startInterval = "",
    retries = 0,
  } = healthcheck;
  const start = parseGoDuration(startInterval) ?? 0;
  return {
    Healthcheck: {
      Test: [...tests],
      Interval: parseGoDuration(interval) ?? 0,
      Timeout: parseGoDuration(timeout) ?? 0,
      StartPeriod: parseGoDuration(startPeriod) ?? 0,
      Retries: retries,
      // Engines before 25 do not know it.
      ...(start === 0 ? {} : { StartInterval: start }),
    },
  };
}

function hostConfig(values: ContainerValues): Docker.HostConfig {
  const { capabilities, groupAdds, securityOpts, logDriver, logOpts, cpus, shmSize, networkMode } = values;
  return {
    ...limits(values),
    Binds: (values.volumes ?? []).flatMap(bind),
    PortBindings: portBindings(values.ports ?? []),
    ReadonlyRootfs: values.readOnly === true,
    // The official plugin asks for none where nothing is said.
    Init: values.init === true,
    Tmpfs: { ...values.tmpfs },
    LogConfig: { Type: logDriver ?? "", Config: { ...logOpts } },
    Ulimits: (values.ulimits ?? []).map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    NetworkMode: networkMode ?? "bridge",
    ...(capabilities
      ? { CapAdd: [...(capabilities.adds ?? [])], CapDrop: [...(capabilities.drops ?? [])] }
      : {}),
    ...(isEmpty(groupAdds) ? {} : { GroupAdd: [...groupAdds] }),
    ...(isEmpty(securityOpts) ? {} : { SecurityOpt: [...securityOpts] }),
    ...(isNothing(shmSize) ? {} : { ShmSize: shmSize * megabyte }),
    ...(isNothing(cpus) ? {} : { NanoCpus: Math.round(Number(cpus) * 1e9) }),
  };
}

/** What the engine can change in a container that exists. */
export function limits(values: ContainerValues): Docker.HostConfig {
  const { memory, memorySwap, cpuShares, cpuSet, restart, maxRetryCount } = values;
  const swap = memorySwap ?? 0;
  return {
    Memory: (memory ?? 0) * megabyte,
    MemorySwap: swap > 0 ? swap * megabyte : swap,
    CpuShares: cpuShares ?? 0,
    CpusetCpus: cpuSet ?? "",
    RestartPolicy: { Name: restart ?? "no", MaximumRetryCount: maxRetryCount ?? 0 },
  };
}

/** `data:/var/lib:ro`; without a volume or a path the engine makes a volume without a name, by `VOLUME` of the image. */
function bind({ containerPath, hostPath, volumeName, readOnly }: VolumeValues): string[] {
  const source = isNothing(hostPath) ? volumeName : resolve(hostPath);
  return isNothing(source) ? [] : [`${source}:${containerPath}:${readOnly === true ? "ro" : "rw"}`];
}

function portBindings(ports: readonly PortValues[]): Docker.PortMap {
  const bindings: Record<string, { HostIp: string; HostPort: string }[]> = {};
  for (const port of ports) {
    const HostPort = port.external === undefined ? "" : String(port.external);
    (bindings[portKey(port)] ??= []).push({ HostIp: port.ip ?? "", HostPort });
  }
  return bindings;
}

function portKey({ internal, protocol }: PortValues): string {
  return `${internal}/${protocol ?? "tcp"}`;
}

/** How a container is connected to one of its networks. */
export function endpoint({ aliases, ipv4Address }: NetworkValues): Docker.EndpointSettings {
  const address = isNothing(ipv4Address) ? {} : { IPv4Address: ipv4Address };
  return { Aliases: [...(aliases ?? [])], IPAMConfig: address };
}

function isEmpty(list: readonly string[] | null | undefined): list is null | undefined | [] {
  return list === null || list === undefined || list.length === 0;
}

function isNothing(value: string | number | null | undefined): value is null | undefined | "" {
  return value === null || value === undefined || value === "";
}
