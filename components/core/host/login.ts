import type { HostPlace } from "./place";
import type { SshWayHop } from "../ssh/way";

/** A host as the plugin `command` logs in to it. No secret is part of it: the key comes from the agent. */
export interface PluginHop {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Without it the plugin would believe anybody to be the host. */
  readonly hostKey: string;
}

export interface PluginLogin extends PluginHop {
  /** The bastion. */
  readonly proxy?: PluginHop;
}

/** Keys that a host has proven to have. */
interface HostKeys {
  readonly shown: string;
  readonly all: readonly string[];
}

/**
 * Types of host keys in the order in which Go's SSH library asks for them (golang.org/x/crypto/ssh, common.go,
 * defaultHostKeyAlgos), which the official plugin leaves as it is: a host with several shows the first of them, and it has
 * to be the one that the plugin is told.
 */
const askedFor = [
  "ecdsa-sha2-nistp256",
  "ecdsa-sha2-nistp384",
  "ecdsa-sha2-nistp521",
  "ssh-rsa",
  "ssh-ed25519",
];

/** The key that the plugin will be shown; where the host has not told its keys, the one that it has shown here. */
export function keyForPlugin({ shown, all }: HostKeys): string {
  for (const type of askedFor) {
    const found = all.find((key) => key.startsWith(`${type} `));
    if (found !== undefined) return found;
  }
  return shown;
}

/** The plugin's login of a host. */
export function pluginLogin(
  { ssh }: HostPlace,
  keys: { readonly host: HostKeys; readonly bastion?: HostKeys },
): PluginLogin {
  const { bastion } = ssh;
  const login = hopFor(ssh, keys.host);
  return bastion === undefined || keys.bastion === undefined
    ? login
    : { ...login, proxy: hopFor(bastion, keys.bastion) };
}

function hopFor({ host, port, user }: SshWayHop, keys: HostKeys): PluginHop {
  return { host, port, user, hostKey: keyForPlugin(keys) };
}
