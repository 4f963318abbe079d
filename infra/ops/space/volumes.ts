import type { ServerSpace, VolumeSpace } from "../../../components/core/operations/disk";
import type { CommandContext } from "../command";
import { findEngine } from "../find-engine";

/** The volumes that a server's files are on, or why they cannot be told. */
export type VolumesLook = { readonly volumes: readonly VolumeSpace[] } | { readonly unseen: string };

/** Finds out how much room a server's files have. What speaks to an engine is loaded where there is one. */
export async function readVolumes(
  { config, root }: Pick<CommandContext, "config" | "root">,
  space: ServerSpace,
): Promise<VolumesLook> {
  const { target, docker } = config;
  if (target === "existing" || target === "ha") {
    return {
      unseen: `free space cannot be told: the machine of a server on target ${target} is not looked at`,
    };
  }
  if (space.dataDirectory === null) {
    return { unseen: "free space cannot be told: the login may not see where the data is" };
  }
  const { readContainerVolumes, readLocalVolumes } = await import("../../../components/io/volume-room.js");
  try {
    return {
      volumes:
        docker === undefined
          ? await readLocalVolumes(space)
          : await readContainerVolumes(findEngine(docker, root), `${docker.name}-server`, space),
    };
  } catch (error) {
    // The server has answered: what it said is worth telling all the same.
    return { unseen: `free space cannot be told: ${(error as Error).message}` };
  }
}
