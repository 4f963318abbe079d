import { currentLogin } from "../../components/core/credentials/turns";
import { parseMemory } from "../../components/core/settings/value";
import { resolveAlerting } from "./resolve-alerts";
import { resolvePlace } from "./resolve-copies";
import type { WrittenConfig } from "./schema";
import type { DockerConfig, MonitoringConfig, PhysicalConfig } from "./stack-config";

const megabyte = 1024;

/** What is declared of a server in containers, complete. What is not well-formed has been told of already. */
export function resolveDocker(config: WrittenConfig, stack: string): DockerConfig {
  const { docker, server, monitoring } = config;
  const { name = defaultName(stack), host, certPath, publish, subnet, ulimits, baseImage } = docker;
  const memory = parseMemory(server.memory ?? "") ?? 0;
  return {
    name,
    engine: { ...optional("host", host), ...optional("certPath", certPath) },
    publish,
    address: docker.address ?? publish[0] ?? "127.0.0.1",
    ...optional("subnet", subnet),
    ...optional("baseImage", baseImage),
    version: server.version ?? "17",
    memory: Math.floor(memory / megabyte),
    cpus: server.cpus ?? 1,
    shmSize: resolveShm(server.shmSize, memory),
    ulimits: Object.entries(ulimits)
      .map(([limit, { soft, hard = soft }]) => ({ name: limit, soft, hard }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1)),
    logs: {
      days: server.logs?.days ?? 14,
      maxBytes: (parseMemory(server.logs?.maxSize ?? "1GB") ?? 0) * 1024,
    },
    certificate: resolveCertificate(server.certificate, docker.address, publish),
    ...optional("physical", resolvePhysical(config.backup.physical)),
    ...optional("monitoring", resolveMonitoring(monitoring, config)),
    ...optional("healthPort", monitoring.healthPort),
  };
}

function resolvePhysical(written: WrittenConfig["backup"]["physical"]): PhysicalConfig | undefined {
  if (written === undefined) return undefined;
  const { second, ...physical } = written;
  return {
    ...physical,
    ...(second === undefined ? {} : { second: { ...second, s3: resolvePlace(second.s3) } }),
  };
}

/** Two stacks of one name on one engine need a name of their own: the preview says so. */
export function defaultName(stack: string): string {
  return `pgstead-${stack}`;
}

/** Containers beside the server, by the endings of their names; undefined: there is no monitoring. */
export function kindsBeside(monitoring: { readonly grafana?: object } | undefined): readonly string[] {
  if (monitoring === undefined) return ["ops"];
  const grafana = monitoring.grafana === undefined ? [] : ["grafana"];
  return ["ops", "exporter", "node-exporter", "prometheus", "alertmanager", ...grafana];
}

/** A quarter of the memory: parallel queries rarely need more, and it counts as memory of the container. */
function resolveShm(written: string | undefined, memory: number): number {
  const chosen = parseMemory(written ?? "") ?? Math.min(Math.max(memory / 4, 64 * megabyte), 4096 * megabyte);
  return Math.floor(chosen / megabyte);
}

function resolveCertificate(
  written: WrittenConfig["server"]["certificate"],
  address: string | undefined,
  publish: readonly string[],
): DockerConfig["certificate"] {
  const { names = [], validity = 90, renewBefore = 30, ca } = written ?? {};
  const everywhere = new Set(["0.0.0.0", "::"]);
  const called = [
    "localhost",
    "127.0.0.1",
    "server",
    ...publish,
    ...(address === undefined ? [] : [address]),
  ];
  const all = new Set([...called, ...names].filter((name) => !everywhere.has(name)));
  return { names: [...all].toSorted(), validity, renewBefore, ...optional("ca", ca) };
}

function resolveMonitoring(
  written: WrittenConfig["monitoring"],
  config: WrittenConfig,
): MonitoringConfig | undefined {
  if (!written.enabled) return undefined;
  const { prometheusPort, alertmanagerPort, retention } = written;
  const { enabled, ...grafana } = written.grafana;
  const [monitor, ...others] = findMonitors(config);
  return {
    retention,
    ...resolveAlerting(written),
    ...optional("prometheusPort", prometheusPort),
    ...optional("alertmanagerPort", alertmanagerPort),
    ...optional("grafana", enabled ? grafana : undefined),
    ...optional("monitor", monitor),
    others: others.map(({ database, role }) => ({ database, role })),
  };
}

/** Roles of profile monitor, one of each database; first one that has pg_stat_statements, which tells of all databases. */
export function findMonitors({ database, databases, roles }: WrittenConfig) {
  const declared = [
    {
      name: database?.name ?? "",
      roles: database?.roles ?? roles ?? {},
      extensions: database?.extensions ?? [],
    },
    ...Object.entries(databases ?? {}).map(([name, one]) => ({
      name,
      roles: one.roles ?? {},
      extensions: one.extensions,
    })),
  ].filter(({ name }) => name !== "");
  const found = declared
    .toSorted((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((one) => {
      const keys = Object.keys(one.roles).toSorted();
      const key = keys.find((candidate) => one.roles[candidate]?.profile === "monitor");
      if (key === undefined) return [];
      // The exporter finds its view in public alone.
      const statements = one.extensions.some(
        ({ name, schema }) => name === "pg_stat_statements" && schema === "public",
      );
      const { name = `${one.name}_${key}`, passwordVersion = 1, rotation = "single" } = one.roles[key] ?? {};
      const role = rotation === "single" ? name : currentLogin(name, passwordVersion);
      return [{ database: one.name, role, statements }];
    });
  return found.toSorted((a, b) => Number(b.statements) - Number(a.statements));
}

function optional<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Readonly<Record<Name, Value>>> {
  return (value === undefined ? {} : { [name]: value }) as Partial<Readonly<Record<Name, Value>>>;
}
