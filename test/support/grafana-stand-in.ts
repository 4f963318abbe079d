import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { buildContext } from "./docker-images";

/**
 * An image that stands where Grafana's would, made of an image with Node: it has Grafana's account, its directory, and an
 * answer at `/api/health`. It shows what the container is given; nothing of what Grafana does with it.
 */
export async function buildGrafanaStandIn(docker: Docker, base: string, tag: string): Promise<void> {
  const server = 'require("node:http").createServer((_, answer) => answer.end("{}")).listen(3000)';
  const lines = [
    `FROM ${base}`,
    "USER root",
    "RUN install -d -o 472 -g 0 -m 0755 /var/lib/grafana",
    "USER 472:0",
    "ENTRYPOINT []",
    `CMD ${JSON.stringify(["node", "-e", server])}`,
  ];
  const context = await mkdtemp(join(tmpdir(), "pgstead-stand-in-"));
  try {
    await writeFile(join(context, "Dockerfile"), `${lines.join("\n")}\n`);
    await buildContext(docker, { context, src: ["Dockerfile"] }, tag, {});
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}
