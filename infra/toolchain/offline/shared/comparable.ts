import type { PropertyMap, PropertyValue } from "../../../../components/providers/properties";
import { asMap, isAbsent, zeroOf, type Attribute, type Properties } from "./attribute";

/**
 * A value in the one form in which it is compared: defaults filled in, sets sorted, texts in their canonical form.
 *
 * @param options.defaults false for a value of the state, which holds what the server has
 */
export function asComparable(
  attribute: Attribute,
  value: PropertyValue | undefined,
  { defaults = false }: { readonly defaults?: boolean } = { defaults: true },
): PropertyValue {
  const { kind, inner, canonical, set } = attribute;
  const plain = value ?? (defaults ? attribute.default : undefined) ?? zeroOf(attribute);
  if (kind === "text" && typeof plain === "string") return canonical?.(plain) ?? plain;
  if (kind === "texts" && Array.isArray(plain)) {
    const texts = (plain as readonly string[]).map((text) => canonical?.(text) ?? text);
    return set === true ? [...new Set(texts)].sort() : texts;
  }
  if (inner === undefined || isAbsent(plain)) return plain;
  if (!Array.isArray(plain)) return comparableMap(inner, plain as PropertyMap);
  const items = (plain as readonly PropertyValue[]).map((item) => comparableMap(inner, asMap(item) ?? {}));
  return set === true ? sorted(items, JSON.stringify) : items;
}

/** Inside of an object the state has defaults as well, written out or as nothing. */
function comparableMap({ attributes }: Properties, map: PropertyMap): PropertyMap {
  const entries = Object.entries(attributes).map(
    ([name, attribute]) => [name, asComparable(attribute, map[name] ?? undefined)] as const,
  );
  return Object.fromEntries(entries);
}

/**
 * The wanted value with what the program leaves to the server inside of its objects, such as the port of the host: it
 * is as the state has it.
 */
export function withDecided(
  { kind, inner, set }: Attribute,
  old: PropertyValue | undefined,
  wanted: PropertyValue | undefined,
): PropertyValue | undefined {
  if (inner === undefined || wanted === undefined || wanted === null) return wanted;
  const fill = (item: PropertyValue, before: PropertyValue | undefined): PropertyValue => {
    const decided = Object.entries(inner.attributes).flatMap(([name, { computed }]) => {
      const known = asMap(before)?.[name];
      const isOpen = computed === true && isAbsent(asMap(item)?.[name]);
      return isOpen && known !== undefined ? [[name, known] as const] : [];
    });
    return { ...asMap(item), ...Object.fromEntries(decided) };
  };
  if (kind === "object" || !Array.isArray(wanted)) return fill(wanted, old);
  // In a set, what belongs together is found by the properties that the program decides.
  const order = (items: readonly PropertyValue[]): readonly PropertyValue[] =>
    set === true
      ? sorted(items, (item) => JSON.stringify(comparableMap(declared(inner), asMap(item) ?? {})))
      : items;
  const olds = order(Array.isArray(old) ? (old as readonly PropertyValue[]) : []);
  return order(wanted as readonly PropertyValue[]).map((item, index) => fill(item, olds[index]));
}

function declared({ attributes, refused }: Properties): Properties {
  const own = Object.entries(attributes).filter(([, { computed }]) => computed !== true);
  return { attributes: Object.fromEntries(own), refused };
}

function sorted<Item>(items: readonly Item[], key: (item: Item) => string): Item[] {
  return items.toSorted((a, b) => (key(a) < key(b) ? -1 : 1));
}
