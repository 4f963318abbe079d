import type * as pulumi from "@pulumi/pulumi";
import { nodeCollectors } from "./core/monitoring/scrapes";
import { answers, createContainer, createVolume, type DockerStack } from "./docker-stack";

/** The host's memory, processors and disks. It is given nothing of the host's: no directory, no name space. */
export function createNodeExporter(stack: DockerStack, user: string, parent: pulumi.Resource): void {
  // Empty, and where nothing else is: the file system that it is on is the one of all volumes and images.
  const volume = createVolume(stack, "node-exporter", parent);
  createContainer(
    stack,
    {
      kind: "node-exporter",
      image: stack.images.monitoring,
      user,
      command: [
        "prometheus-node-exporter",
        "--collector.disable-defaults",
        ...nodeCollectors.map((name) => `--collector.${name}`),
        "--collector.filesystem.mount-points-exclude=^/(dev|etc|proc|sbin|sys|usr)($|/)",
        "--collector.filesystem.fs-types-exclude=^(cgroup2?|devpts|mqueue|overlay|proc|sysfs|tmpfs)$",
      ],
      memory: 64,
      cpus: 0.2,
      mounts: [{ volume, path: "/var/lib/docker" }],
      health: answers(9100, "/"),
      stopTimeout: 10,
    },
    parent,
  );
}
