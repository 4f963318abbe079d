import { isMap, isScalar, type Document, type Node, type YAMLMap } from "yaml";
import { isSecret, type KeyPath } from "./secret";

/**
 * Takes over from a file that is replaced what only its stack has: how its secrets are encrypted, and the secrets. They
 * cannot be made again from anything else.
 *
 * @returns where the secrets stand, and whether it says how they are encrypted
 */
export function keepOwn(
  document: Document,
  replaced: Document,
): { readonly kept: readonly KeyPath[]; readonly isEncrypted: boolean } {
  const keys = ["secretsprovider", "encryptedkey", "encryptionsalt"].filter((key) => replaced.has(key));
  for (const key of keys) document.set(key, replaced.get(key));
  const config = replaced.get("config", true);
  const kept = isMap(config) ? secretsOf(config, replaced, []) : [];
  const placed = kept.filter(({ path }) => mayHold(document, path));
  for (const { path, value } of placed) document.setIn(["config", ...path], document.createNode(value));
  return { kept: placed.map(({ path }) => path), isEncrypted: keys.length > 0 };
}

interface Secret {
  readonly path: KeyPath;
  readonly value: unknown;
}

/** Those in maps: an entry of a list has no place of its own. */
function secretsOf(map: YAMLMap, document: Document, path: KeyPath): Secret[] {
  return map.items.flatMap(({ key, value }): Secret[] => {
    const here = [...path, isScalar(key) ? String(key.value) : String(key)];
    const content: unknown = (value as Node | null)?.toJS(document);
    if (isSecret(content)) return [{ path: here, value: content }];
    return isMap(value) ? secretsOf(value, document, here) : [];
  });
}

/** Whether all above it are maps, or not there. */
function mayHold(document: Document, path: KeyPath): boolean {
  return path.every((_, index) => {
    const node = document.getIn(["config", ...path.slice(0, index)], true);
    return node === undefined || isMap(node);
  });
}
