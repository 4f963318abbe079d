import type { DiffResult, PropertyDifference } from "../../../../components/providers/contract";
import {
  isSecret,
  reveal,
  sameValue,
  type PropertyMap,
  type PropertyValue,
} from "../../../../components/providers/properties";
import { asMap } from "../shared/attribute";

type Value = PropertyValue | undefined;

/**
 * What differs between the inputs that the state has and those of the program, by path, as the official plugin tells it:
 * only `triggers` as a whole replaces. What changed inside of it (`triggers[0]`) is an update, which the SDK's own
 * `replaceOnChanges` makes a replacement.
 */
export function diffInputs(
  state: PropertyMap,
  inputs: PropertyMap,
  { names, ignoreChanges }: { readonly names: readonly string[]; readonly ignoreChanges: readonly string[] },
): DiffResult {
  const detailed = names
    .filter((name) => !ignoreChanges.includes(name))
    .flatMap((name) => differences(name, state[name], inputs[name]));
  return {
    changed: detailed.length > 0,
    detailed: Object.fromEntries(
      detailed.map(([path, kind]) => [path, path === "triggers" ? (`${kind}-replace` as const) : kind]),
    ),
  };
}

type Kind = Extract<PropertyDifference, "add" | "delete" | "update">;

function differences(path: string, before: Value, after: Value): [string, Kind][] {
  const [old, now] = [before ?? undefined, after ?? undefined];
  if (old === undefined && now === undefined) return [];
  if (old === undefined) return [[path, "add"]];
  if (now === undefined) return [[path, "delete"]];
  // What is secret is told of as a whole, whatever is in it.
  if (isSecret(old) || isSecret(now)) return sameValue(old, now) ? [] : [[path, "update"]];
  if (hashOf(old) !== undefined && hashOf(old) === hashOf(now)) return [];
  if (hashOf(old) !== undefined || hashOf(now) !== undefined) return [[path, "update"]];
  if (Array.isArray(old) && Array.isArray(now)) return ofLists(path, old as Value[], now as Value[]);
  const [oldMap, nowMap] = [asMap(old), asMap(now)];
  if (oldMap === undefined || nowMap === undefined) return sameValue(old, now) ? [] : [[path, "update"]];
  const names = [...new Set([...Object.keys(oldMap), ...Object.keys(nowMap)])].sort();
  return names.flatMap((name) => differences(`${path}${step(name)}`, oldMap[name], nowMap[name]));
}

function ofLists(path: string, before: readonly Value[], after: readonly Value[]): [string, Kind][] {
  const length = Math.max(before.length, after.length);
  return Array.from({ length }).flatMap((_, index) =>
    differences(`${path}[${index}]`, before[index], after[index]),
  );
}

function step(name: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
}

const signature = "4dabf18193072939515e22adb298388d";
const [assetSignature, archiveSignature] = [
  "c44067f5952c0a294b673a41bacd8c17",
  "0def7320c3a5731c473e5ecbe6d01bc7",
];

/** What a program gives as an asset or an archive. */
export interface Asset {
  readonly kind: "asset" | "archive";
  readonly text?: string;
  readonly path?: string;
  readonly hash?: string;
}

/** Undefined for anything else, and for what is not known yet. */
export function assetOf(value: Value): Asset | undefined {
  const map = asMap(reveal(value));
  const kind = map?.[signature];
  if (map === undefined || (kind !== assetSignature && kind !== archiveSignature)) return undefined;
  const text = (name: string) => (typeof map[name] === "string" ? { [name]: map[name] } : {});
  return {
    kind: kind === assetSignature ? "asset" : "archive",
    ...text("text"),
    ...text("path"),
    ...text("hash"),
  };
}

/** Assets with the same content are the same, wherever they lie. */
function hashOf(value: Value): string | undefined {
  return assetOf(value)?.hash;
}
