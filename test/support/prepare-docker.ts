/** What tier docker needs: an engine, the bundle of the operations code, the base image, and the images of a stack. */
import type Docker from "dockerode";
import { engineFailure } from "../../components/io/docker/failure";
import { connectDocker } from "../../components/io/docker/engine";
import { ensureBaseImage } from "../../infra/toolchain/docker/base-image";
import { ensureOpsBundle } from "../../infra/toolchain/docker/bundle-ops";
import { createContext } from "../../infra/toolchain/context";
import { main } from "../../infra/toolchain/main";
import { withProgress } from "../../infra/toolchain/progress";
import { buildTestImage, testImages, type ImageName } from "./docker-images";

/** Tests of the docker plugin have it by the name that users know. */
async function tagBase(docker: Docker, base: string): Promise<void> {
  const isThere = await docker
    .getImage("debian:trixie-slim")
    .inspect()
    .then(
      () => true,
      () => false,
    );
  if (!isThere) await docker.getImage(base).tag({ repo: "debian", tag: "trixie-slim" });
}

main(async () => {
  const { project, say } = createContext();
  const docker = connectDocker({});
  try {
    await docker.ping();
  } catch (error) {
    throw engineFailure(error);
  }
  await ensureOpsBundle(project, say);
  await tagBase(docker, await ensureBaseImage(createContext(), docker));
  for (const name of Object.keys(testImages) as ImageName[]) {
    await withProgress(say, `building image ${testImages[name]}`, () => buildTestImage(docker, name));
  }
  return 0;
});
