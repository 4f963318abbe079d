import type { Reload } from "../../core/files/model";
import { connectDocker, type DockerEndpoint } from "./engine";
import { askEngine, statusOf } from "./ask-engine";

/**
 * Has a container read its files again: a signal to its main process, or a restart of it. One that does not run, or
 * is not there, reads them when it starts: false is then the answer.
 *
 * A restart waits as long as the container's own stop timeout says (10 s unless it has another).
 */
export async function reloadContainer(endpoint: DockerEndpoint, reload: Reload): Promise<boolean> {
  const container = connectDocker(endpoint).getContainer(reload.container);
  const work = async (): Promise<boolean> => {
    try {
      const { State } = await container.inspect();
      if (!State.Running) return false;
      if (reload.restart === true) await container.restart();
      else await container.kill({ signal: reload.signal ?? "SIGHUP" });
      return true;
    } catch (error) {
      // 409: it stopped in between.
      const status = statusOf(error);
      if (status === 404 || (status === 409 && reload.restart !== true)) return false;
      throw error;
    }
  };
  return askEngine(endpoint, `reload of container ${reload.container}`, work, 600_000);
}
