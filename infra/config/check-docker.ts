import { isOnThisMachine, parseEngineAddress } from "../../components/core/docker/address";
import { checkNames } from "../../components/core/certificate/names";
import { parseMemory } from "../../components/core/settings/value";
import { findAddressFault, hostNetwork } from "../../components/core/hba/address";
import type { Problem } from "../../components/core/problem";
import { checkAlerts } from "./check-alerts";
import { at } from "./check-server";
import type { Fault } from "./names";
import { checkPhysical } from "./check-physical";
import { subnetFault } from "./check-subnet";
import { kindsBeside, resolveDocker } from "./resolve-docker";
import type { WrittenConfig } from "./schema";
import { renderPath, renderValue } from "./shape";

/**
 * What the types alone cannot tell about a server in containers.
 *
 * @param given the keys as they were written: a limit that is not well-formed is told of elsewhere, and is not missing
 */
export function checkDocker(config: WrittenConfig, given: Readonly<Record<string, unknown>>): Problem[] {
  if (config.target !== "docker") return [];
  return [
    ...checkEngine(config),
    ...checkPublished(config.docker),
    ...checkLimits(given.server),
    ...checkServer(config.server),
    ...checkMonitoring(config),
    ...checkAlerts(config, given.monitoring),
    ...checkPhysical(config),
  ];
}

function checkEngine(config: WrittenConfig): Problem[] {
  const { docker } = config;
  const beside = kindsBeside(resolveDocker(config, "").monitoring);
  return [
    ...at(["docker", "name"], nameFault(docker.name)),
    ...at(["docker", "host"], engineFault(docker.host)),
    ...at(["docker", "subnet"], subnetFault(docker.subnet, ["server", ...beside])),
    ...(docker.certPath !== undefined && docker.host?.startsWith("tcp://") !== true
      ? at(["docker", "certPath"], {
          message: "is for an engine over TLS, and pgstead:docker.host is none (tcp://)",
          hint: "remove it, or write the engine's address, such as `host: tcp://db1.example.com:2376`",
        })
      : []),
    ...Object.entries(docker.ulimits).flatMap(([name, { soft, hard = soft }]) =>
      at(["docker", "ulimits", name], ulimitFault(name, soft, hard)),
    ),
  ];
}

/** Objects of Docker are made of this name and an ending. */
function nameFault(name: string | undefined): Fault | undefined {
  if (name === undefined || /^[a-z0-9][a-z0-9-]{0,39}$/.test(name)) return undefined;
  return {
    message: `${renderValue(name)} cannot begin the names of containers, volumes and images`,
    hint: "write at most 40 small letters, digits and -, such as shop-prod",
  };
}

function engineFault(host: string | undefined): Fault | undefined {
  if (host === undefined) return undefined;
  const address = parseEngineAddress(host);
  return address.kind === "fault" ? address : undefined;
}

/** Limits of the kernel that Docker knows ("docker run --ulimit"). */
const limits = [
  "core",
  "cpu",
  "data",
  "fsize",
  "locks",
  "memlock",
  "msgqueue",
  "nice",
  "nofile",
  "nproc",
  "rss",
  "rtprio",
  "rttime",
  "sigpending",
  "stack",
];

function ulimitFault(name: string, soft: number, hard: number): Fault | undefined {
  if (!limits.includes(name)) {
    return { message: "is no limit that Docker knows", hint: `known are: ${limits.join(", ")}` };
  }
  if (hard >= soft) return undefined;
  return {
    message: `its hard limit ${hard} is below the soft one, ${soft}`,
    hint: "raise hard to soft or more, or remove it",
  };
}

function checkPublished({ publish, address, host }: WrittenConfig["docker"]): Problem[] {
  const wrong = publish.flatMap((entry, index) =>
    isAddress(entry)
      ? publish.indexOf(entry) === index
        ? []
        : at(["docker", "publish", index], {
            message: `${entry} is listed twice`,
            hint: "remove one of the two",
          })
      : at(["docker", "publish", index], {
          message: `${renderValue(entry)} is no address of the Docker host`,
          hint: "write an IPv4 or IPv6 address that the host has, such as 127.0.0.1; 0.0.0.0 is all of them",
        }),
  );
  if (publish.length === 0) {
    return at(["docker", "publish"], {
      message: "is empty: this machine could not reach the server",
      hint: "write at least one address, such as [127.0.0.1]",
    });
  }
  return [
    ...wrong,
    ...at(["docker", "address"], address === undefined ? addressFault(publish, host) : undefined),
  ];
}

/** Where this machine would look for the server unless somebody says where it is. */
function addressFault([first = ""]: readonly string[], host: string | undefined): Fault | undefined {
  if (["0.0.0.0", "::"].includes(first)) {
    return {
      message: "is missing: nobody can connect to an address that stands for all of them",
      hint: "say where this machine reaches the server, such as `address: 127.0.0.1`",
    };
  }
  const engine = parseEngineAddress(host ?? "");
  if (engine.kind === "fault" || isOnThisMachine(engine) || !/^(?:127\.|::1$)/.test(first)) return undefined;
  return {
    message: `is missing: ${first} of the engine's host is not reached from this machine`,
    hint: "publish the server on an address that is (pgstead:docker.publish), or say where a tunnel to it begins here, such as `address: 127.0.0.1`",
  };
}

function isAddress(text: string): boolean {
  return !text.includes("/") && findAddressFault(hostNetwork(text)) === undefined;
}

function checkLimits(server: unknown): Problem[] {
  const written = typeof server === "object" && server !== null ? server : {};
  return (["memory", "cpus"] as const)
    .filter((key) => !Object.hasOwn(written, key))
    .flatMap((key) =>
      at(["server", key], {
        message: "is missing: it is the limit of the server's container, and its settings follow it",
        hint: `add it, such as \`${key === "memory" ? "memory: 8GB" : "cpus: 4"}\``,
      }),
    );
}

function checkServer(server: WrittenConfig["server"]): Problem[] {
  const { validity = 90, renewBefore = 30 } = server.certificate ?? {};
  return [
    ...at(["server", "version"], versionFault(server.version)),
    ...at(["server", "shmSize"], sizeFault(server.shmSize, "64MB", server.memory)),
    ...at(["server", "logs", "maxSize"], sizeFault(server.logs?.maxSize, "10MB")),
    ...(renewBefore < validity
      ? []
      : at(["server", "certificate", "renewBefore"], {
          message: `${renewBefore} days is not less than the ${validity} days that a certificate is valid: each one would be renewed at once`,
          hint: `set it below ${validity}`,
        })),
    ...checkCertificateNames(server),
    ...at(["server", "administrator", "name"], administratorFault(server.administrator.name)),
  ];
}

function checkCertificateNames({ certificate }: WrittenConfig["server"]): Problem[] {
  const names = certificate?.names ?? [];
  return names.length === 0 ? [] : checkNames(renderPath(["server", "certificate", "names"]), names);
}

/** Inside of the containers the account is the login: `peer` lets nobody else in over the socket. */
function administratorFault(name: string): Fault | undefined {
  if (name === "postgres") return undefined;
  return {
    message: `on target docker the administrator is postgres, as the account in the containers is, not ${name}`,
    hint: "remove it",
  };
}

function versionFault(version: string | undefined): Fault | undefined {
  if (version === undefined || /^17(?:\.\d+)?$/.test(version)) return undefined;
  if (/^\d+(?:\.\d+)?$/.test(version)) {
    return {
      message: `the images are of PostgreSQL 17, not ${version}; data of one major version does not start with another`,
      hint: 'write "17" or a minor version of it, such as "17.11"',
    };
  }
  return { message: `${renderValue(version)} is no version`, hint: 'write "17" or "17.11"' };
}

function sizeFault(written: string | undefined, least: string, most?: string): Fault | undefined {
  const size = parseMemory(written ?? least);
  if (size === undefined) {
    return { message: `${renderValue(written)} is not a size`, hint: "write a number and kB, MB or GB" };
  }
  if (size < (parseMemory(least) ?? 0))
    return { message: `is less than ${least}`, hint: `write ${least} or more` };
  const limit = parseMemory(most ?? "");
  if (limit === undefined || size <= limit) return undefined;
  return { message: `is more than the memory of the server, ${most ?? ""}`, hint: "lower it" };
}

function checkMonitoring(config: WrittenConfig): Problem[] {
  const { monitoring } = resolveDocker(config, "");
  const { enabled, grafana } = config.monitoring;
  return [
    ...(monitoring !== undefined && monitoring.monitor === undefined
      ? at(["monitoring"], {
          message: "needs a login for the exporter, and no role has the profile monitor",
          hint: "add one, such as `monitor: { login: true, profile: monitor, connectionLimit: 5 }`, or set pgstead:monitoring.enabled to false",
        })
      : []),
    ...(grafana.enabled && !enabled
      ? at(["monitoring", "grafana", "enabled"], {
          message: "shows what Prometheus has, and pgstead:monitoring.enabled is false",
          hint: "remove one of the two",
        })
      : []),
    ...at(["monitoring", "grafana", "image"], imageFault(grafana.image)),
    ...checkPorts(config),
  ];
}

/** Without a tag or a digest it would be another one with each pull. */
function imageFault(image: string): Fault | undefined {
  // A number after a colon and before a slash is a port.
  const isNamed = /^[a-z0-9][\w./:-]*(?::\w[\w.-]*|@sha256:[0-9a-f]{64})$/.test(image);
  if (isNamed && !image.endsWith(":latest")) {
    return undefined;
  }
  return {
    message: `${renderValue(image)} names no version of an image`,
    hint: "write it with a tag or a digest, such as grafana/grafana:12.4.4",
  };
}

function checkPorts({ server, monitoring }: WrittenConfig): Problem[] {
  const { prometheusPort, alertmanagerPort, healthPort, grafana } = monitoring;
  const published = [
    { path: ["prometheusPort"], port: prometheusPort },
    { path: ["alertmanagerPort"], port: alertmanagerPort },
    { path: ["healthPort"], port: healthPort },
    { path: ["grafana", "port"], port: grafana.enabled ? grafana.port : undefined },
  ];
  const ports = [server.port ?? 5432, ...published.map(({ port }) => port)];
  return published.flatMap(({ path, port }, index) =>
    port === undefined || ports.indexOf(port) === index + 1
      ? []
      : at(["monitoring", ...path], {
          message: `port ${port} is published twice`,
          hint: "choose another one",
        }),
  );
}
