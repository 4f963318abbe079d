import { pluginLogin, type PluginLogin } from "../../core/host/login";
import { meansScript, parseMeans, refusePasswordOnly, type HostMeans } from "../../core/host/needs";
import type { HostPlace } from "../../core/host/place";
import type { Refusal } from "../../core/statement";
import { readWay } from "../ssh/read-way";
import { readHostKeys, runOnHost } from "./shell";

export interface HostLook {
  /** How the plugin `command` logs in. */
  readonly login: PluginLogin;
  readonly means: HostMeans;
  /** Hosts on the way that nothing but a password opens. */
  readonly refusals: readonly Refusal[];
}

/** What has to be known of a host before commands run on it. @throws SshError, ProblemError */
export async function lookAtHost(place: HostPlace, signal?: AbortSignal): Promise<HostLook> {
  const { stdout } = await runOnHost(place, meansScript, { signal });
  return {
    login: pluginLogin(place, await readHostKeys(place)),
    means: parseMeans(stdout),
    refusals: refusePasswordOnly(readWay(place.ssh)),
  };
}
