/** One host on the way to a server, as it is declared: no secret, only where the secrets are. */
export interface SshWayHop {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /**
   * File of the private key; `~/` is the home directory of who runs this, any other relative path is one of the
   * project's directory. Absent: the keys of the agent, or where there is none the first of OpenSSH's usual files.
   */
  readonly keyFile?: string;
  /** The host's own key, as a line `type base64`. Absent: `knownHosts` tells. */
  readonly hostKey?: string;
  /** OpenSSH's known_hosts; paths as with `keyFile`. Absent: `~/.ssh/known_hosts`. */
  readonly knownHosts?: string;
}

/** The way to a server that only an SSH host reaches: the server's host and port are then as that host sees them. */
export interface SshWay extends SshWayHop {
  /** The host that the SSH connection itself goes through (`ProxyJump`). */
  readonly bastion?: SshWayHop;
}

/**
 * Port of the listener for the official plugin, the same in each run, as it is an input of the provider. Below the ports
 * that systems give out by themselves (32768 and up), and registered for nothing.
 */
export const pluginPort = 25_432;

/** `deploy@db1.example.com:22 through jump@bastion.example.com:22` */
export function renderWay({ bastion, ...hop }: SshWay): string {
  return bastion === undefined ? renderWayHop(hop) : `${renderWayHop(hop)} through ${renderWayHop(bastion)}`;
}

/** `deploy@db1.example.com:22` */
export function renderWayHop({ user, host, port }: SshWayHop): string {
  return `${user}@${host.includes(":") ? `[${host}]` : host}:${port}`;
}
