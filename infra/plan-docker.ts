import type { PublishedPort } from "../components/core/docker/host";
import type { DockerServerArgs } from "../components/docker-server-args";
import type { MonitoringArgs } from "../components/monitoring";
import type { OperationsArgs } from "../components/operations";
import type { PointInTimeRecoveryArgs } from "../components/point-in-time-recovery";
import type { StackConfig } from "./config";
import { kindsBeside } from "./config/resolve-docker";
import type { DockerConfig, MonitoringConfig } from "./config/stack-config";

/** Without what the program alone knows: the authority's key, and the base image of a closed network. */
export interface DockerServerPlan extends Omit<DockerServerArgs, "certificate"> {
  readonly certificate: Omit<DockerServerArgs["certificate"], "ca"> & {
    /** File of an authority that the user has; its key is a secret of the stack. */
    readonly caFile?: string;
  };
  readonly operations: Omit<OperationsArgs["context"], "version">;
  /** Port of the ops container on 127.0.0.1 of the engine's host. */
  readonly healthPort?: number;
  /** Absent: no physical backups. */
  readonly recovery?: Omit<PointInTimeRecoveryArgs, "server" | "dependsOn" | "secondSecrets">;
  /** Absent: no monitoring containers. */
  readonly monitoring?: Omit<
    MonitoringArgs,
    "server" | "database" | "passwords" | "receiverSecrets" | "dependsOn"
  > & {
    /** Database whose role it is. */
    readonly database: string;
  };
}

/** Every ten minutes: what somebody changes by hand is known before it is forgotten, for a few milliseconds of reads. */
const driftSchedule = "*/10 * * * *";

/** What the configuration of a stack in containers means for its components. */
export function planDocker(config: StackConfig, docker: DockerConfig): DockerServerPlan {
  const { server, disposable, protect } = config;
  const { certificate, logs, monitoring, physical, ...declared } = docker;
  const { ca, ...issued } = certificate;
  const monitored = planMonitoring(monitoring, config.thresholds);
  return {
    ...declared,
    port: server.port,
    passwordVersion: server.administrator.passwordVersion,
    restart: server.restart,
    disposable,
    protect,
    certificate: { ...issued, ...(ca === undefined ? {} : { caFile: ca }) },
    beside: kindsBeside(monitored),
    otherPorts: publishedBy(docker),
    pulled:
      monitored?.grafana === undefined
        ? []
        : [{ image: monitored.grafana.image, key: "monitoring.grafana.image" }],
    operations: {
      declared: { server, databases: config.databases },
      certificate: issued,
      logs,
      ...(config.backup.logical === undefined ? {} : { backup: config.backup.logical }),
      ...(physical === undefined ? {} : { physical }),
      ...(config.backup.copies === undefined ? {} : { copies: config.backup.copies }),
      ...(config.backup.drill === undefined ? {} : { drill: config.backup.drill }),
      samples: config.samples,
      drift: { schedule: driftSchedule },
      thresholds: config.thresholds,
    },
    ...planRecovery(docker, server.restart),
    ...(monitored === undefined ? {} : { monitoring: monitored }),
  };
}

function planRecovery(
  { physical, cpus }: DockerConfig,
  restart: StackConfig["server"]["restart"],
): Pick<DockerServerPlan, "recovery"> {
  if (physical === undefined) return {};
  const { keepFull, archiveTimeout, second } = physical;
  // Half of the server's cores, as it goes on with its work meanwhile; the disk is the limit beyond four.
  const processes = Math.max(1, Math.min(4, Math.floor(cpus / 2)));
  return {
    recovery: {
      ...{ keepFull, archiveTimeout, processes, restart },
      ...(second === undefined ? {} : { second: { s3: second.s3, keepFull: second.keepFull } }),
    },
  };
}

function planMonitoring(
  monitoring: MonitoringConfig | undefined,
  thresholds: StackConfig["thresholds"],
): DockerServerPlan["monitoring"] {
  if (monitoring?.monitor === undefined) return undefined;
  const { monitor, ...args } = monitoring;
  return { ...args, ...monitor, thresholds };
}

function publishedBy({ name, monitoring, healthPort }: DockerConfig): PublishedPort[] {
  const { prometheusPort, alertmanagerPort, grafana } = monitoring ?? {};
  const ports = [
    { kind: "prometheus", key: "monitoring.prometheusPort", port: prometheusPort },
    { kind: "alertmanager", key: "monitoring.alertmanagerPort", port: alertmanagerPort },
    { kind: "ops", key: "monitoring.healthPort", port: healthPort },
    { kind: "grafana", key: "monitoring.grafana.port", port: grafana?.port },
  ];
  return ports.flatMap(({ kind, key, port }) =>
    port === undefined ? [] : [{ container: `${name}-${kind}`, address: "127.0.0.1", port, key }],
  );
}
