import type { Attribute, Properties, Shape } from "../shared/attribute";
import { judgeTogether } from "./container-together";
import { canonicalDuration, wrongDuration } from "./go-duration";
import { labelsAttribute } from "./labels";
import { officialPlugin } from "./version";

const duration: Attribute = {
  kind: "text",
  default: "0s",
  verify: wrongDuration,
  canonical: canonicalDuration,
};

/** Newer engines write `CAP_CHOWN` where `CHOWN` was given. */
const capabilities: Attribute = {
  kind: "texts",
  set: true,
  canonical: (text) => text.toUpperCase().replace(/^CAP_/, ""),
};

const network: Properties = {
  attributes: {
    name: { kind: "text", required: true },
    aliases: { kind: "texts", set: true },
    ipv4Address: { kind: "text" },
  },
  refused: ["ipv6Address", "macAddress", "linkLocalIps", "driverOpts", "gwPriority"],
};

const port: Properties = {
  attributes: {
    internal: { kind: "integer", minimum: 1, required: true },
    // The engine finds a free one.
    external: { kind: "integer", computed: true },
    ip: { kind: "text", default: "0.0.0.0" },
    protocol: { kind: "text", default: "tcp" },
  },
  refused: [],
};

const volume: Properties = {
  attributes: {
    containerPath: { kind: "text", required: true, verify: absolute },
    hostPath: { kind: "text" },
    volumeName: { kind: "text" },
    readOnly: { kind: "flag" },
  },
  refused: ["fromContainer", "selinuxRelabel"],
};

const upload: Properties = {
  attributes: {
    file: { kind: "text", required: true, verify: absolute },
    content: { kind: "text" },
    contentBase64: { kind: "text" },
    source: { kind: "text" },
    sourceHash: { kind: "text" },
    executable: { kind: "flag" },
    permissions: { kind: "text", verify: wrongPermissions },
  },
  refused: ["owner", "group"],
};

const healthcheck: Properties = {
  attributes: {
    tests: { kind: "texts", required: true },
    interval: duration,
    timeout: duration,
    startPeriod: duration,
    startInterval: duration,
    retries: { kind: "integer", default: 0 },
  },
  refused: [],
};

const ulimit: Properties = {
  attributes: {
    name: { kind: "text", required: true },
    soft: { kind: "integer", minimum: -1, required: true },
    hard: { kind: "integer", minimum: -1, required: true },
  },
  refused: [],
};

/**
 * What an input of a container may be. Without `replaces` are the properties that the official plugin says it updates:
 * those of {@link updatable} it does, the others stay as they were until something else replaces the container.
 */
export const containerShape: Shape = {
  plugin: officialPlugin,
  type: "Container",
  together: judgeTogether,
  attributes: {
    name: { kind: "text", required: true, replaces: true },
    image: { kind: "text", required: true, replaces: true },
    command: { kind: "texts", computed: true, replaces: true },
    entrypoints: { kind: "texts", computed: true, replaces: true },
    envs: { kind: "texts", set: true, computed: true, replaces: true },
    labels: { ...labelsAttribute, computed: true },
    hostname: { kind: "text", computed: true, replaces: true },
    // Nothing is a difference of nothing, as an image may have them.
    user: { kind: "text", computed: true, replaces: true },
    workingDir: { kind: "text", computed: true, replaces: true },
    groupAdds: { kind: "texts", set: true, replaces: true },
    capabilities: {
      kind: "object",
      replaces: true,
      inner: { attributes: { adds: capabilities, drops: capabilities }, refused: [] },
    },
    securityOpts: { kind: "texts", set: true, computed: true, replaces: true },
    readOnly: { kind: "flag", replaces: true },
    tmpfs: { kind: "map" },
    shmSize: { kind: "integer", computed: true, replaces: true },
    ulimits: { kind: "objects", set: true, replaces: true, inner: ulimit },
    init: { kind: "flag", computed: true },
    memory: { kind: "integer" },
    memorySwap: { kind: "integer", minimum: -1 },
    cpuShares: { kind: "integer" },
    cpuSet: { kind: "text" },
    cpus: { kind: "text", replaces: true, verify: wrongCpus },
    restart: { kind: "text", default: "no", only: ["no", "on-failure", "always", "unless-stopped"] },
    maxRetryCount: { kind: "integer" },
    stopSignal: { kind: "text", computed: true, replaces: true },
    stopTimeout: { kind: "integer", computed: true, replaces: true },
    destroyGraceSeconds: { kind: "integer" },
    logDriver: { kind: "text", computed: true, replaces: true },
    logOpts: { kind: "map", replaces: true },
    networkMode: { kind: "text", default: "bridge", replaces: true },
    networksAdvanced: { kind: "objects", set: true, replaces: true, inner: network },
    ports: { kind: "objects", set: true, replaces: true, inner: port },
    volumes: { kind: "objects", set: true, replaces: true, inner: volume },
    uploads: { kind: "objects", set: true, replaces: true, inner: upload },
    healthcheck: { kind: "object", computed: true, inner: healthcheck },
    start: { kind: "flag", default: true },
    mustRun: { kind: "flag", default: true },
    wait: { kind: "flag", default: false },
    waitTimeout: { kind: "integer", default: 60, minimum: 1 },
    removeVolumes: { kind: "flag", default: true },
    containerReadRefreshTimeoutMilliseconds: { kind: "integer", default: 15_000, minimum: 1 },
  },
  refused: [
    ...["attach", "cgroupParent", "cgroupnsMode", "cpuPeriod", "cpuQuota", "deviceCgroupRules"],
    ...["deviceReadBps", "deviceReadIops", "deviceRequests", "deviceWriteBps", "deviceWriteIops", "devices"],
    ...[
      "dns",
      "dnsOpts",
      "dnsSearches",
      "domainname",
      "gpus",
      "hosts",
      "ipcMode",
      "logs",
      "memoryReservation",
    ],
    ...["mounts", "pidMode", "platform", "privileged", "publishAllPorts", "rm", "runtime", "stdinOpen"],
    ...["storageOpts", "sysctls", "tty", "usernsMode"],
  ],
};

/** Properties that the engine changes in a container that exists. */
export const updatable = ["restart", "maxRetryCount", "memory", "memorySwap", "cpuShares", "cpuSet"] as const;

/** Properties that the official plugin says it updates, and that only a new container has. */
export const ineffective: readonly string[] = ["healthcheck", "init", "tmpfs"];

function absolute(property: string, text: string): string | undefined {
  return text.startsWith("/") ? undefined : `\`${property}\` must be an absolute path in the container`;
}

function wrongPermissions(property: string, text: string): string | undefined {
  return /^0[0-7]{3}$/.test(text) ? undefined : `\`${property}\` must be four octal digits, such as 0644`;
}

function wrongCpus(property: string, text: string): string | undefined {
  return Number(text) > 0 ? undefined : `\`${property}\` must be a number of processors, such as 1.5`;
}
