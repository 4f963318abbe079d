import * as pulumi from "@pulumi/pulumi";
import {
  adminPasswordFile,
  grafanaEnvironment,
  grafanaPlaces,
  renderDashboardFiles,
  renderDashboardProvider,
  renderDatasource,
} from "./core/monitoring/grafana/provisioning";
import type { Thresholds } from "./core/monitoring/thresholds";
import { answers, createContainer, createVolume, onLoopback, type DockerStack } from "./docker-stack";
import { Files, type FilesArgs } from "./providers/docker-resources";
import { Credential } from "./providers/resources";

export interface GrafanaArgs {
  /** Image of Grafana with bash; the engine has it, or pulls it. */
  readonly image: string;
  /** Port on 127.0.0.1 of the engine's host. */
  readonly port: number;
}

/** Account in Grafana's image; what it writes belongs to it there. */
const account = { uid: 472, gid: 0 };
const port = 3000;

/**
 * Grafana with the stack's Prometheus and dashboards. What people keep in it is on a volume that goes with the stack; the
 * password of `admin` counts when that is made, and is Grafana's own matter from then on.
 *
 * @returns its files, and the first password
 */
export function createGrafana(
  stack: DockerStack,
  args: GrafanaArgs & { readonly scrapeInterval: number; readonly thresholds: Thresholds },
  parent: pulumi.Resource,
): { readonly files: readonly Files[]; readonly password: pulumi.Output<string> } {
  const { password } = new Credential("grafana-admin", { passwordVersion: 1 }, { parent });
  const datasources = createFiles(stack, "files", grafanaPlaces.datasources, parent, {
    "datasource.yaml": { content: renderDatasource(args.scrapeInterval), mode: "0444" },
    [adminPasswordFile]: { content: password, mode: "0400", secret: true },
  });
  const dashboards = createFiles(stack, "dashboards", grafanaPlaces.dashboards, parent, {
    "dashboards.yaml": { content: renderDashboardProvider(), mode: "0444" },
    ...Object.fromEntries(
      Object.entries(renderDashboardFiles(args.thresholds)).map(([name, content]) => [
        name,
        { content, mode: "0444" },
      ]),
    ),
  });
  createContainer(
    stack,
    {
      kind: "grafana",
      image: args.image,
      user: `${account.uid}:${account.gid}`,
      envs: grafanaEnvironment(),
      memory: 384,
      mounts: [
        datasources.mount,
        dashboards.mount,
        { volume: createVolume(stack, "grafana", parent), path: grafanaPlaces.data },
      ],
      ports: onLoopback(port, args.port),
      health: answers(port, "/api/health"),
      // It makes its database first.
      startPeriod: 60,
      stopTimeout: 30,
    },
    parent,
    { dependsOn: [datasources.written, dashboards.written] },
  );
  return { files: [datasources.written, dashboards.written], password };
}

/** Files on a volume of their own: Grafana has a directory for each kind. */
function createFiles(
  stack: DockerStack,
  kind: "files" | "dashboards",
  path: string,
  parent: pulumi.Resource,
  files: FilesArgs["files"],
) {
  const volume = createVolume(stack, `grafana-${kind}`, parent);
  const container = `${stack.name}-grafana`;
  const written = new Files(
    `grafana-${kind}`,
    {
      endpoint: stack.engine,
      volume: volume.name,
      // Of ours: whatever Grafana's has, this one can write files.
      image: stack.images.monitoring,
      container,
      mountPath: path,
      label: stack.label,
      owner: account,
      directoryMode: "0750",
      files,
      // It reads them when it starts.
      reload: { container, restart: true },
    },
    { parent },
  );
  return { written, mount: { volume, path, readOnly: true } };
}
