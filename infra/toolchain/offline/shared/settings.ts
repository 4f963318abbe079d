import type { DiffResult, PropertyDifference } from "../../../../components/providers/contract";
import {
  reveal,
  sameValue,
  type PropertyMap,
  type PropertyValue,
} from "../../../../components/providers/properties";

/** Settings of a provider that the engine itself writes. */
export const engineSettings: readonly string[] = ["version", "pluginDownloadURL", "__internal"];

/** A changed configuration of a provider never makes the resources anew. */
export function diffSettings(oldInputs: PropertyMap, newInputs: PropertyMap): DiffResult {
  const names = [...new Set([...Object.keys(oldInputs), ...Object.keys(newInputs)])].sort();
  const detailed = names.flatMap((name): [string, PropertyDifference][] => {
    if (sameValue(oldInputs[name], newInputs[name])) return [];
    if (oldInputs[name] === undefined) return [[name, "add"]];
    return [[name, newInputs[name] === undefined ? "delete" : "update"]];
  });
  return { changed: detailed.length > 0, detailed: Object.fromEntries(detailed) };
}

/** Settings reach a plugin as texts, or as JSON from the stack's configuration. */
export function settingText(value: PropertyValue | undefined): string {
  const plain = reveal(value) ?? "";
  return typeof plain === "string" ? plain : JSON.stringify(plain);
}
