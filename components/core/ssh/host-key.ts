import { base64 } from "@scure/base";

/** The public key of a host, as its files `/etc/ssh/ssh_host_*_key.pub`, known_hosts and `ssh-keyscan` have it. */
export interface HostKey {
  /** `ssh-ed25519`, `ssh-rsa`, `ecdsa-sha2-nistp256`, … */
  readonly type: string;
  /** What the host shows, byte by byte. */
  readonly bytes: Uint8Array;
}

/** Signatures with which a host proves a key of that type. SHA-1 (`ssh-rsa`) is none of them: OpenSSH 8.8 took it away. */
const signatures: Readonly<Record<string, readonly string[]>> = {
  "ssh-ed25519": ["ssh-ed25519"],
  "ecdsa-sha2-nistp256": ["ecdsa-sha2-nistp256"],
  "ecdsa-sha2-nistp384": ["ecdsa-sha2-nistp384"],
  "ecdsa-sha2-nistp521": ["ecdsa-sha2-nistp521"],
  "ssh-rsa": ["rsa-sha2-512", "rsa-sha2-256"],
};

/** Types of host keys that this program can check. */
export const hostKeyTypes: readonly string[] = Object.keys(signatures);

/** A line `type base64 [comment]`; undefined: it is none, or of a type that is not known here. */
export function parseHostKey(line: string): HostKey | undefined {
  const [type = "", text = ""] = line.trim().split(/\s+/);
  if (!hostKeyTypes.includes(type)) return undefined;
  const bytes = decode(text);
  return bytes !== undefined && typeOf(bytes) === type ? { type, bytes } : undefined;
}

/** The type of a key as a host shows it: its first field. Undefined for bytes that are no key. */
export function typeOf(bytes: Uint8Array): string | undefined {
  if (bytes.length < 4) return undefined;
  const length = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
  if (length === 0 || length > 64 || bytes.length <= 4 + length) return undefined;
  return String.fromCharCode(...bytes.subarray(4, 4 + length));
}

/**
 * What a host may prove itself with so that one of these keys shows: else a host with several would show the one that
 * it likes best, and that would be taken for another host's.
 */
export function signaturesOf(keys: readonly HostKey[]): string[] {
  return [...new Set(keys.flatMap(({ type }) => signatures[type] ?? []))];
}

export function isSameKey(key: HostKey, shown: Uint8Array): boolean {
  return key.bytes.length === shown.length && key.bytes.every((byte, index) => byte === shown[index]);
}

function decode(text: string): Uint8Array | undefined {
  try {
    return base64.decode(text);
  } catch {
    return undefined;
  }
}
