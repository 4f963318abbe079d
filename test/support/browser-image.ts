import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { createContext } from "../../infra/toolchain/context";
import { ensureBaseImage } from "../../infra/toolchain/docker/base-image";
import { buildContext } from "./docker-images";

/** Image of the tests' browser; it stays on the engine, so that the next run takes no time. */
export const browserImage = "pgstead-test-browser:1";

/** Debian's Chromium, and Node, which drives it from inside: the container has no network. */
const dockerfile = `ARG BASE
FROM \${BASE}
RUN set -eu; export DEBIAN_FRONTEND=noninteractive; apt-get update -qq; \\
    apt-get install -y -qq --no-install-recommends chromium nodejs fonts-dejavu-core >/dev/null; \\
    apt-get clean; rm -rf /var/lib/apt/lists/*; useradd --create-home browser
USER browser
WORKDIR /tmp
`;

/** Builds the image; from the cache within a second. */
export async function buildBrowserImage(docker: Docker): Promise<void> {
  const context = await mkdtemp(join(tmpdir(), "pgstead-browser-image-"));
  try {
    await writeFile(join(context, "Dockerfile"), dockerfile);
    const base = await ensureBaseImage(createContext(), docker);
    await buildContext(docker, { context, src: ["Dockerfile"] }, browserImage, { BASE: base });
  } finally {
    await rm(context, { recursive: true, force: true });
  }
}
