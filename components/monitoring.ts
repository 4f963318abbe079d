import * as pulumi from "@pulumi/pulumi";
import { collectorsOf } from "./core/host/exporter";
import { renderAlertmanager, type RoutingPlan } from "./core/monitoring/alertmanager";
import { renderAlerts, renderPrometheus, type AlertsPlan } from "./core/monitoring/prometheus";
import { receiverFile, secretOf } from "./core/monitoring/receiver";
import { exporterTarget, renderExporterLogins, type MeasuredDatabase } from "./core/monitoring/scrapes";
import type { Refusal } from "./core/statement";
import type { DockerServer } from "./docker-server";
import {
  answers,
  createContainer,
  createVolume,
  onLoopback,
  type DockerStack,
  type ServiceContainerArgs,
} from "./docker-stack";
import { createGrafana, type GrafanaArgs } from "./grafana";
import { createNodeExporter } from "./node-exporter";
import { Files } from "./providers/docker-resources";

export interface MonitoringArgs extends RoutingPlan, AlertsPlan {
  readonly server: DockerServer;

  /** Login of the exporter: a role of profile `monitor` (`pg_monitor`). */
  readonly role: string;

  /** Where it logs in; tables of this database are measured with the server. @default - `postgres` */
  readonly database?: string;

  /**
   * Whether statements are measured (`pg_stat_statements`): the extension has to be in that database. Up to 100 of them,
   * with five series each.
   *
   * @default - false
   */
  readonly statements?: boolean;

  /** Other databases whose tables are measured, once a minute, by their own roles of that profile. @default - none */
  readonly others?: readonly MeasuredDatabase[];

  /** Passwords by role. A new one restarts the exporter, and nothing else. */
  readonly passwords: pulumi.Input<Readonly<Record<string, string>>>;

  /** Days that Prometheus keeps its samples. @default - 15 */
  readonly retention?: number;

  /** Seconds between two scrapes. @default - 15: Prometheus' own, a minute, would miss a short outage */
  readonly scrapeInterval?: number;

  /** What receivers of alerts are reached with, by their names. Another one is a new file, and no restart. */
  readonly receiverSecrets?: pulumi.Output<Readonly<Record<string, string>>>;

  /** Port of Prometheus on 127.0.0.1 of the engine's host. @default - none: only containers of the stack reach it */
  readonly prometheusPort?: number;

  /** Port of Alertmanager on 127.0.0.1 of the engine's host. @default - none */
  readonly alertmanagerPort?: number;

  /** Grafana with the dashboards. @default - none */
  readonly grafana?: GrafanaArgs;

  /** What has to be in order first: the role, and its way in. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/**
 * postgres_exporter, node_exporter, Prometheus, Alertmanager and, if wanted, Grafana as containers of a `DockerServer`'s stack. Their configuration is files
 * on volumes of their own: a change is a reload.
 */
export class Monitoring extends pulumi.ComponentResource {
  readonly refusals: pulumi.Output<Refusal[]>;
  /** First password of Grafana's `admin`; undefined: there is no Grafana. */
  readonly grafanaPassword: pulumi.Output<string> | undefined;

  constructor(name: string, args: MonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:Monitoring", name, {}, opts);
    createNodeExporter(args.server.stack, user, this);
    const { server, scrapeInterval = defaultInterval, thresholds, grafana } = args;
    const drawn =
      grafana === undefined
        ? undefined
        : createGrafana(server.stack, { ...grafana, scrapeInterval, thresholds }, this);
    this.grafanaPassword = drawn?.password;
    const files = [
      createExporter(args, this),
      createPrometheus(args, this),
      createAlertmanager(args, this),
      ...(drawn?.files ?? []),
    ];
    this.refusals = pulumi.all(files.map(({ refusals }) => refusals)).apply((all) => all.flat());
    this.registerOutputs({});
  }
}

/** Seconds between two scrapes. */
const defaultInterval = 15;

/** Account of the monitoring programs, in their image. */
const account = { uid: 990, gid: 990 };
const user = `${account.uid}:${account.gid}`;
const filesPath = "/etc/pgstead/monitoring";

type FileMap = ConstructorParameters<typeof Files>[1]["files"];

/** A container with a volume of files; it is made after them. */
function createService(
  stack: DockerStack,
  args: Omit<ServiceContainerArgs, "image" | "user" | "stopTimeout">,
  files: {
    readonly content: FileMap;
    readonly reload: { readonly signal?: "SIGHUP"; readonly restart?: true };
  },
  options: { readonly parent: pulumi.Resource; readonly dependsOn?: readonly pulumi.Resource[] },
): Files {
  const { parent, dependsOn = [] } = options;
  const volume = createVolume(stack, `${args.kind}-files`, parent);
  const container = `${stack.name}-${args.kind}`;
  const written = new Files(
    args.kind,
    {
      endpoint: stack.engine,
      volume: volume.name,
      image: stack.images.monitoring,
      container,
      mountPath: filesPath,
      label: stack.label,
      owner: account,
      directoryMode: "0750",
      files: files.content,
      reload: { container, ...files.reload },
    },
    { parent },
  );
  const mounts = [{ volume, path: filesPath, readOnly: true }, ...args.mounts];
  const image = stack.images.monitoring;
  createContainer(stack, { ...args, image, user, mounts, stopTimeout: 30 }, parent, {
    dependsOn: [written, ...dependsOn],
  });
  return written;
}

function createExporter(args: MonitoringArgs, parent: pulumi.Resource): Files {
  const { server, role, database = "postgres", statements = false, others = [], dependsOn = [] } = args;
  const passwords = pulumi.secret(args.passwords);
  const password = passwords.apply((all) => all[role] ?? "");
  const options = {
    sslmode: "verify-full",
    sslrootcert: `${filesPath}/ca.crt`,
    application_name: "postgres_exporter",
  };
  const logins = passwords.apply((all) => renderExporterLogins(others, all, options));
  const content = {
    // Beside each other: both change where two logins take turns, and the exporter may have no half of them.
    "exporter.user": { content: role, mode: "0444" },
    "exporter.password": { content: password, mode: "0400", secret: true },
    "exporter.yml": { content: logins, mode: "0400", secret: true },
    "ca.crt": { content: server.certificate.caCertificate, mode: "0444" },
  };
  const parameters = new URLSearchParams(options).toString();
  return createService(
    server.stack,
    {
      kind: "exporter",
      command: [
        "prometheus-postgres-exporter",
        `--config.file=${filesPath}/exporter.yml`,
        ...collectorsOf({ statements }).map((name) => `--collector.${name}`),
      ],
      envs: [
        `DATA_SOURCE_URI=${exporterTarget(database)}?${parameters}`,
        `DATA_SOURCE_USER_FILE=${filesPath}/exporter.user`,
        `DATA_SOURCE_PASS_FILE=${filesPath}/exporter.password`,
      ],
      memory: 128,
      mounts: [],
      health: answers(9187, "/"),
    },
    // It reads the password once, when it starts.
    { content, reload: { restart: true } },
    { parent, dependsOn: [server.resource, ...dependsOn] },
  );
}

function createPrometheus(
  {
    server,
    others,
    retention = 15,
    scrapeInterval = defaultInterval,
    prometheusPort,
    ...alerts
  }: MonitoringArgs,
  parent: pulumi.Resource,
): Files {
  const { stack } = server;
  const content = {
    "prometheus.yml": { content: renderPrometheus(pulumi.getStack(), scrapeInterval, others), mode: "0444" },
    "alerts.yml": { content: renderAlerts(alerts), mode: "0444" },
  };
  return createService(
    stack,
    {
      kind: "prometheus",
      command: [
        "prometheus",
        `--config.file=${filesPath}/prometheus.yml`,
        "--storage.tsdb.path=/var/lib/prometheus",
        `--storage.tsdb.retention.time=${retention}d`,
        // Whichever comes first: samples must not fill the disk.
        "--storage.tsdb.retention.size=2GB",
        "--web.listen-address=:9090",
      ],
      memory: 512,
      mounts: [{ volume: createVolume(stack, "prometheus", parent), path: "/var/lib/prometheus" }],
      ports: onLoopback(9090, prometheusPort),
      health: answers(9090, "/-/healthy"),
    },
    { content, reload: { signal: "SIGHUP" } },
    { parent },
  );
}

function createAlertmanager(args: MonitoringArgs, parent: pulumi.Resource): Files {
  const { server, alertmanagerPort } = args;
  const { stack } = server;
  return createService(
    stack,
    {
      kind: "alertmanager",
      command: [
        "prometheus-alertmanager",
        `--config.file=${filesPath}/alertmanager.yml`,
        "--storage.path=/var/lib/alertmanager",
        "--web.listen-address=:9093",
        // There is one only: nobody to agree with.
        "--cluster.listen-address=",
      ],
      memory: 128,
      mounts: [{ volume: createVolume(stack, "alertmanager", parent), path: "/var/lib/alertmanager" }],
      ports: onLoopback(9093, alertmanagerPort),
      health: answers(9093, "/-/healthy"),
    },
    {
      content: {
        "alertmanager.yml": { content: renderAlertmanager(args, filesPath), mode: "0444" },
        ...receiverFiles(args),
      },
      reload: { signal: "SIGHUP" },
    },
    { parent },
  );
}

/** What receivers are reached with, a file each: it is read whenever something is sent. */
function receiverFiles({ receivers, receiverSecrets }: MonitoringArgs): FileMap {
  const secrets = receiverSecrets ?? pulumi.secret({} as Readonly<Record<string, string>>);
  const needed = receivers.filter((receiver) => secretOf(receiver) !== undefined);
  return Object.fromEntries(
    needed.map(({ name }) => {
      const content = secrets.apply((found) => found[name] ?? "");
      return [receiverFile(name), { content, mode: "0400", secret: true }];
    }),
  );
}
