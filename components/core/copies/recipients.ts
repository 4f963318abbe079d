import { bech32 } from "@scure/base";

/** Kinds of public keys that age itself knows, with their length in bytes. */
const kinds: Readonly<Record<string, number>> = {
  age: 32,
  /** After-quantum: ML-KEM-768 beside X25519. */
  age1pq: 1_216,
};

/** Why a text is no recipient of age; undefined: it is one. */
export function recipientFault(text: string): "secret" | "unknown" | "damaged" | undefined {
  if (/^age-secret-key-/i.test(text)) return "secret";
  const [, kind = ""] = /^(age1pq|age)1[a-z0-9]+$/.exec(text) ?? [];
  if (kind === "") return "unknown";
  try {
    const { prefix, words } = bech32.decode(text as `${string}1${string}`, false);
    return bech32.fromWords(words).length === kinds[prefix] ? undefined : "damaged";
  } catch {
    return "damaged";
  }
}
