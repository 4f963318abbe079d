import { createHash, createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { explainHostKey, SshError } from "../../core/ssh/failure";
import { hostKeyTypes, parseHostKey, signaturesOf } from "../../core/ssh/host-key";
import { judgeHostKey, keysOf, type KnownKeys } from "../../core/ssh/known-hosts";
import type { SshHop } from "../../core/ssh/login";
import { errorMessage } from "../../core/error-message";

/** Whom to believe, ready for a connection. */
export interface HostProof {
  /** What the host may prove itself with; undefined: anything. */
  readonly signatures: readonly string[] | undefined;
  /** Undefined: the host is believed. */
  judge(shown: Uint8Array): SshError | undefined;
}

/** @throws SshError where the declared key is none, or known_hosts cannot be read */
export function hostProof(hop: SshHop): HostProof {
  if (hop.trust.kind === "anybody") return { signatures: undefined, judge: () => undefined };
  const keys = knownKeys(hop);
  return {
    // Without a key the host may show any: its fingerprint is in the error then.
    signatures: keys.trusted.length === 0 ? undefined : signaturesOf(keys.trusted),
    judge(shown) {
      const verdict = judgeHostKey(keys, shown);
      return verdict === "trusted" ? undefined : explainHostKey(hop, verdict, fingerprint(shown));
    },
  };
}

/** As `ssh-keygen -l` writes it. */
function fingerprint(key: Uint8Array): string {
  return `SHA256:${createHash("sha256").update(key).digest("base64").replace(/=+$/, "")}`;
}

function knownKeys(hop: SshHop): KnownKeys {
  const { trust } = hop;
  if (trust.kind === "known-hosts") {
    return keysOf(readKnownHosts(hop, trust.file), hop, (salt, name) =>
      createHmac("sha1", salt).update(name).digest(),
    );
  }
  const key = trust.kind === "key" ? parseHostKey(trust.key) : undefined;
  if (key !== undefined) return { trusted: [key], revoked: [] };
  const hint = `give the line of one: \`ssh-keyscan -t ed25519 ${hop.host}\`, without the name. Types: ${hostKeyTypes.join(", ")}.`;
  throw new SshError("host-key", hop, "the declared host key is none", hint);
}

function readKnownHosts(hop: SshHop, file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch (cause) {
    const said = errorMessage(cause);
    const hint = "log in once with `ssh`, which makes it, and compare the fingerprint that it shows.";
    throw new SshError("host-key", hop, `its known_hosts cannot be read (${said})`, hint, { cause });
  }
}
