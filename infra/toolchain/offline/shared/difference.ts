import type { DiffResult, PropertyDifference } from "../../../../components/providers/contract";
import {
  hasUnknown,
  isUnknown,
  reveal,
  sameValue,
  type PropertyMap,
  type PropertyValue,
} from "../../../../components/providers/properties";
import type { Attribute, Shape } from "./attribute";
import { isAbsent } from "./attribute";
import { asComparable, withDecided } from "./comparable";

/**
 * What an update would change: the state (what the server had when it was last read) against the inputs.
 *
 * `ignoreChanges` drops properties by name only: `"*"` makes the engine keep the old inputs, which cannot cover a
 * property that only the state has. The official plugins behave so as well.
 */
export function diffAttributes(
  shape: Shape,
  state: PropertyMap,
  inputs: PropertyMap,
  ignoreChanges: readonly string[],
): DiffResult {
  const changed = changedNames(shape, state, inputs).filter((name) => !ignoreChanges.includes(name));
  const detailed = Object.fromEntries(
    changed.flatMap((name) => {
      const attribute = shape.attributes[name];
      return attribute === undefined ? [] : details(name, attribute, state[name], inputs[name]);
    }),
  );
  const replaces = Object.values(detailed).some((kind) => kind.endsWith("-replace"));
  return {
    changed: changed.length > 0,
    detailed,
    // The name is the program's, so the old and the new object cannot exist together.
    deleteBeforeReplace: replaces,
    ofOutputs: Object.keys(detailed),
  };
}

/** Names of the properties whose value an update would change. */
export function changedNames(shape: Shape, state: PropertyMap, inputs: PropertyMap): readonly string[] {
  return Object.entries(shape.attributes)
    .filter(([name, attribute]) => differs(attribute, state[name], inputs[name]))
    .map(([name]) => name);
}

function differs(
  attribute: Attribute,
  before: PropertyValue | undefined,
  given: PropertyValue | undefined,
): boolean {
  if (hasUnknown(given)) return true;
  const [old, wanted] = [reveal(before), reveal(given)];
  if (isAbsent(wanted) && attribute.computed === true) return false;
  return !sameValue(
    asComparable(attribute, old, {}),
    asComparable(attribute, withDecided(attribute, old, wanted)),
  );
}

function details(
  name: string,
  attribute: Attribute,
  before: PropertyValue | undefined,
  given: PropertyValue | undefined,
): (readonly [string, PropertyDifference])[] {
  const kind = (word: "add" | "delete" | "update"): PropertyDifference =>
    attribute.replaces === true ? `${word}-replace` : word;
  const [old, next] = [reveal(before), reveal(given) ?? attribute.default];
  if (isAbsent(old)) return [[name, kind("add")]];
  if (isAbsent(next)) return [[name, kind("delete")]];
  if (attribute.kind !== "texts" || isUnknown(next)) return [[name, kind("update")]];
  return elements(old as readonly PropertyValue[], next as readonly PropertyValue[], attribute).map(
    ([index, word]) => [`${name}[${index}]`, kind(word)] as const,
  );
}

type Element = readonly [number, "add" | "delete" | "update"];

/** Positions at which two lists differ; in a set only what came and what went counts. */
function elements(
  old: readonly PropertyValue[],
  next: readonly PropertyValue[],
  attribute: Attribute,
): Element[] {
  const length = Math.max(old.length, next.length);
  return Array.from({ length }, (_, index) => index).flatMap((index): Element[] => {
    const gone = index < old.length && !(attribute.set ? next.includes(old[index] ?? null) : false);
    const came = index < next.length && !(attribute.set ? old.includes(next[index] ?? null) : false);
    if (attribute.set !== true && sameValue(old[index], next[index])) return [];
    if (gone && came) return [[index, "update"]];
    if (gone) return [[index, "delete"]];
    return came ? [[index, "add"]] : [];
  });
}
