import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { createContext } from "../../infra/toolchain/context";
import { ensureBaseImage } from "../../infra/toolchain/docker/base-image";
import { applicationFixture, requirements } from "./alembic-application";
import { buildContext } from "./docker-images";

/** Image of the tests' application; it stays on the engine, so that the next run takes no time. */
export const applicationImage = "pgstead-test-alembic:1";

/** Where the application is in the image. */
export const applicationDirectory = "/srv/shop";

/** Debian's Python, Alembic from PyPI, and the application as its own account. */
const dockerfile = `ARG BASE
FROM \${BASE}
RUN set -eu; export DEBIAN_FRONTEND=noninteractive; apt-get update -qq; \\
    apt-get install -y -qq --no-install-recommends ca-certificates python3 python3-venv >/dev/null; \\
    apt-get clean; rm -rf /var/lib/apt/lists/*; useradd --create-home shop
COPY requirements.txt authority.pem /tmp/
RUN set -eu; python3 -m venv /opt/shop; \\
    if [ -s /tmp/authority.pem ]; then export PIP_CERT=/tmp/authority.pem; fi; \\
    /opt/shop/bin/pip install --quiet --no-cache-dir --disable-pip-version-check -r /tmp/requirements.txt
COPY --chown=shop shop ${applicationDirectory}
USER shop
ENV PATH=/opt/shop/bin:/usr/bin:/bin
WORKDIR ${applicationDirectory}
`;

/** Builds the image as somebody else would who has an application with Alembic. */
export async function buildApplicationImage(docker: Docker): Promise<void> {
  const directory = await mkdtemp(join(tmpdir(), "pgstead-alembic-image-"));
  try {
    await writeFile(join(directory, "Dockerfile"), dockerfile);
    await writeFile(join(directory, "requirements.txt"), `${requirements.join("\n")}\n`);
    await writeFile(join(directory, "authority.pem"), await ownAuthorities());
    await cp(applicationFixture, join(directory, "shop"), { recursive: true });
    const context = { context: directory, src: ["Dockerfile", "requirements.txt", "authority.pem", "shop"] };
    await buildContext(docker, context, applicationImage, {
      BASE: await ensureBaseImage(createContext(), docker),
    });
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

/** Where this machine's pip believes authorities of its own, the image's has to as well. */
async function ownAuthorities(): Promise<string> {
  const { PIP_CERT: file = "" } = process.env;
  return file === "" ? "" : readFile(file, "utf8");
}
