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
  if (name !== "ops") {
    await buildImage(docker, name, tag, { BASE: await ensureBaseImage(createContext(), docker) });
    return tag;
  }
  const base = await buildTestImage(docker, "postgres");
  const { Id } = await docker.getImage(base).inspect();
  await buildImage(docker, name, tag, { BASE: base, BASE_ID: Id });
  return tag;
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
