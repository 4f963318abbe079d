import { join } from "node:path";
import type Docker from "dockerode";
import { projectRoot } from "../../components/io/places";
import { ensureBaseImage } from "../../infra/toolchain/docker/base-image";
import { createContext } from "../../infra/toolchain/context";
import { followEngine } from "../../infra/toolchain/docker/engine-progress";

export type ImageName = "postgres" | "ops" | "monitoring";

/** Tags of the images that tests share; they stay on the engine, so that the next run takes no time. */
export const testImages: Readonly<Record<ImageName, string>> = {
  postgres: "pgstead-test-postgres:17",
  ops: "pgstead-test-ops:17",
  monitoring: "pgstead-test-monitoring:17",
};

const sources: Readonly<Record<ImageName, readonly string[]>> = {
  postgres: ["Dockerfile", ".dockerignore", "container.conf", "entrypoint.sh", "generation.sh"],
  ops: ["Dockerfile", ".dockerignore", "build/ops.cjs", "build/ops.inputs.json"],
  monitoring: ["Dockerfile", ".dockerignore"],
};

/** Builds an image from the checkout's sources as a stack does, and gives its tag. From the cache: within a second. */
export async function buildTestImage(docker: Docker, name: ImageName): Promise<string> {
  const tag = testImages[name];
  const before = await identityOf(docker, tag);
  await buildTagged(docker, name, tag);
  if (before !== undefined && before !== (await identityOf(docker, tag))) await removeUnused(docker, before);
  return tag;
}

async function buildTagged(docker: Docker, name: ImageName, tag: string): Promise<void> {
  if (name !== "ops") {
    await buildImage(docker, name, tag, { BASE: await ensureBaseImage(createContext(), docker) });
    return;
  }
  const base = await buildTestImage(docker, "postgres");
  const { Id } = await docker.getImage(base).inspect();
  await buildImage(docker, name, tag, { BASE: base, BASE_ID: Id });
}

/** Undefined: no image has the tag. */
async function identityOf(docker: Docker, tag: string): Promise<string | undefined> {
  const named = await docker.listImages({ filters: { reference: [tag] } });
  return named[0]?.Id;
}

/**
 * What a tag meant before. It stays where something needs it: another tag, a container of a run beside this one, an image
 * that was built on it (409); that run may also have removed it (404).
 */
async function removeUnused(docker: Docker, id: string): Promise<void> {
  const users = await docker.listContainers({ all: true, filters: { ancestor: [id] } });
  if (users.length > 0) return;
  try {
    const { RepoTags: tags } = await docker.getImage(id).inspect();
    if (tags.length === 0) await docker.getImage(id).remove();
  } catch (error) {
    const { statusCode } = error as { statusCode?: number };
    if (statusCode !== 404 && statusCode !== 409) throw error;
  }
}

/** Builds an image with the engine's API; fails with the last lines of what was printed. */
export function buildImage(
  docker: Docker,
  name: ImageName,
  tag: string,
  buildargs: Readonly<Record<string, string>>,
): Promise<void> {
  const context = { context: join(projectRoot(), "infra", "images", name), src: [...sources[name]] };
  return buildContext(docker, context, tag, buildargs);
}

/** The same of any directory. */
export async function buildContext(
  docker: Docker,
  context: { context: string; src: string[] },
  tag: string,
  buildargs: Readonly<Record<string, string>>,
): Promise<void> {
  const stream = await docker.buildImage(context, {
    t: tag,
    buildargs,
    networkmode: "host", // where containers' own network has no way to Debian's archives
    rm: true,
    forcerm: true,
  });
  const printed: string[] = [];
  try {
    await followEngine(docker, stream, ({ stream: text = "" }) => {
      printed.push(text);
    });
  } catch (error) {
    throw new Error(`${tag}: ${(error as Error).message}\n${printed.join("").slice(-3000)}`, {
      cause: error,
    });
  }
}
