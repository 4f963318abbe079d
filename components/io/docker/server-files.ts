import { randomBytes } from "node:crypto";
import type Docker from "dockerode";
import { draftPrefix } from "../../core/files/model";
import { problemError } from "../../core/problem";
import { askEngine } from "./ask-engine";
import { containerGone } from "./container";
import { connectDocker, type DockerEndpoint } from "./engine";
import { isNotFound } from "./failure";
import { createHelper, helperMount, removeHelper } from "./helper-container";
import { packFiles } from "./volume-archive";
import { run } from "./volume-files";
import type { VolumePlace } from "./volume-place";

/** A server's container, whose data volume has the generation that is in use as `current`. */
export interface ServerContainer {
  readonly endpoint: DockerEndpoint;
  readonly container: string;
}

/** Where the data volume is, in every container that has it. */
const dataMount = "/var/lib/postgresql/data";

/** Account of the server, in its image. */
const owner = { uid: 999, gid: 999 };

/**
 * Writes a file of the data directory whole, or not at all, whether its server runs or not: onto the volume, flushed, then
 * renamed. Removes it where there is no text. Takes about a second.
 */
export async function changeServerFile(
  server: ServerContainer,
  name: string,
  text: string | undefined,
): Promise<void> {
  const change = async (): Promise<void> => {
    const docker = connectDocker(server.endpoint);
    const place = await findData(docker, server);
    const draft = `${draftPrefix}${randomBytes(8).toString("hex")}`;
    const helper = await createHelper(docker, place, ["sh", "-c", script, "sh", draft, name]);
    try {
      const files = text === undefined ? [] : [{ name, content: text, mode: "0600" }];
      await helper.putArchive(await packFiles(draft, files, owner, { whole: "whole" }), {
        path: helperMount,
      });
      const output = await run(docker, helper);
      if (output.includes(doneMark)) return;
      const last = output.trim().split("\n").at(-1) ?? "";
      const hint = "is its disk full? Nothing was changed; mend that and run this again.";
      throw problemError(`${name} of ${server.container}`, `cannot be written: ${last}`, hint);
    } finally {
      await removeHelper(helper);
    }
  };
  await askEngine(server.endpoint, `${name} of container ${server.container}`, change, 120_000);
}

const doneMark = "pgstead: done";

/** Arguments: draft, name. Without a file in the draft the old one goes. */
const script = `
set -eu
cd ${helperMount}
trap 'rm -rf -- "$1"' EXIT
[ -f "$1/whole" ]
if [ -f "$1/files/$2" ]; then
  sync "$1/files/$2"
  mv -f -- "$1/files/$2" "current/$2"
else
  rm -f -- "current/$2"
fi
sync current
echo "${doneMark}"
`;

async function findData(docker: Docker, { endpoint, container }: ServerContainer): Promise<VolumePlace> {
  try {
    const { Image, Mounts, Config } = await docker.getContainer(container).inspect();
    const volume = Mounts.find(({ Destination }) => Destination === dataMount)?.Name;
    if (volume === undefined) throw new Error(`${container} has no volume at ${dataMount}`);
    return { endpoint, volume, image: Image, container, label: Config.Labels["pgstead.stack"] ?? "" };
  } catch (error) {
    if (isNotFound(error)) throw containerGone(container);
    throw error;
  }
}
