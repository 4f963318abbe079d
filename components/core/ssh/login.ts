/** Whom to believe that it is the host. */
export type HostTrust =
  /** Who shows this key: a line `type base64`, as in the host's `/etc/ssh/ssh_host_ed25519_key.pub`. */
  | { readonly kind: "key"; readonly key: string }
  /** Who shows a key that the file has for it: OpenSSH's known_hosts. */
  | { readonly kind: "known-hosts"; readonly file: string }
  /** Anybody who answers there, and whoever is in between. */
  | { readonly kind: "anybody" };

/** One host that is logged in to. */
export interface SshHop {
  readonly host: string;
  readonly port: number;
  readonly user: string;
  /** Text of a private key: OpenSSH's own format or PEM; Ed25519, ECDSA or RSA. */
  readonly privateKey?: string | undefined;
  /** Opens the private key, where that is encrypted. */
  readonly passphrase?: string | undefined;
  /** Also the answer to every question of a host that asks (keyboard-interactive). */
  readonly password?: string | undefined;
  /** Socket of an agent that has keys. */
  readonly agentSocket?: string | undefined;
  readonly trust: HostTrust;
  /** Attempts that may fail before the last one, as a host that is just starting refuses some; -1: any number. */
  readonly dialErrorLimit: number;
  /** Seconds that an attempt may take, up to the end of the login; 0: any time. */
  readonly dialTimeout: number;
}

/** How to reach a host over SSH. */
export interface SshLogin extends SshHop {
  /** The host that all goes through (`ProxyJump`). */
  readonly bastion?: SshHop | undefined;
}

/** A host as messages name it. */
export function renderHop({ user, host, port }: Pick<SshHop, "user" | "host" | "port">): string {
  return `SSH ${user}@${host.includes(":") ? `[${host}]` : host}:${port}`;
}

/** What a login may be proven with, in the order in which it is tried. */
export function waysIn({ privateKey, password, agentSocket }: SshHop): string[] {
  return [
    ...(privateKey === undefined ? [] : ["the private key"]),
    ...(password === undefined ? [] : ["the password"]),
    ...(agentSocket === undefined ? [] : ["the agent's keys"]),
  ];
}

/** Milliseconds before the next attempt: 0.1 s, half as much again each time, 5 s at most. */
export function nextAttemptMs(failed: number): number {
  return Math.min(5_000, 100 * 1.5 ** (failed - 1));
}
