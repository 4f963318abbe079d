import { base64 } from "@scure/base";
import { isSameKey, parseHostKey, type HostKey } from "./host-key";

/** HMAC-SHA1 of a text: known_hosts may hide the names of its hosts so (`HashKnownHosts`). */
export type HashName = (salt: Uint8Array, name: string) => Uint8Array;

/** Keys that a known_hosts file has for one host. */
export interface KnownKeys {
  readonly trusted: readonly HostKey[];
  /** Keys that must never be believed (`@revoked`). */
  readonly revoked: readonly HostKey[];
}

/** What is to be thought of the key that a host shows. */
export type HostVerdict = "trusted" | "unknown" | "changed" | "revoked";

/**
 * The keys of a host, as OpenSSH reads the file (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT"). Authorities of host
 * certificates (`@cert-authority`) are passed over: a host shows its plain key here.
 */
export function keysOf(
  text: string,
  { host, port }: { readonly host: string; readonly port: number },
  hash: HashName,
): KnownKeys {
  const name = port === 22 ? host.toLowerCase() : `[${host.toLowerCase()}]:${port}`;
  const found = { trusted: [] as HostKey[], revoked: [] as HostKey[] };
  for (const line of text.split(/\r?\n/)) {
    const words = line.trim().split(/\s+/);
    const marker = words[0]?.startsWith("@") === true ? words.shift() : undefined;
    const [names = "", ...rest] = words;
    if (names === "" || names.startsWith("#") || marker === "@cert-authority") continue;
    const key = parseHostKey(rest.join(" "));
    if (key === undefined || !isNamed(names, name, hash)) continue;
    (marker === "@revoked" ? found.revoked : found.trusted).push(key);
  }
  return found;
}

export function judgeHostKey({ trusted, revoked }: KnownKeys, shown: Uint8Array): HostVerdict {
  if (revoked.some((key) => isSameKey(key, shown))) return "revoked";
  if (trusted.some((key) => isSameKey(key, shown))) return "trusted";
  return trusted.length === 0 ? "unknown" : "changed";
}

function isNamed(names: string, name: string, hash: HashName): boolean {
  if (names.startsWith("|1|")) {
    const [, , salt = "", hashed = ""] = names.split("|");
    return base64.encode(hash(base64.decode(salt), name)) === hashed;
  }
  const patterns = names.toLowerCase().split(",");
  if (patterns.some((pattern) => pattern.startsWith("!") && isLike(pattern.slice(1), name))) return false;
  return patterns.some((pattern) => isLike(pattern, name));
}

/** `*` stands for any characters, `?` for one. */
function isLike(pattern: string, name: string): boolean {
  const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replaceAll("*", ".*").replaceAll("?", ".")}$`).test(name);
}
