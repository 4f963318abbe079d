import type { PropertyMap, PropertyValue } from "../../../../components/providers/properties";

/** What the official plugin says about one property of a resource. */
export interface Attribute {
  readonly kind: "text" | "flag" | "integer" | "texts";
  /** Order and repetition say nothing (`texts` only). */
  readonly set?: true;
  readonly required?: true;
  /** Taken where the program gives nothing. */
  readonly default?: boolean | number | string;
  /** The server decides where the program gives nothing: no difference, unknown in a preview. */
  readonly computed?: true;
  /** A change makes the resource anew. */
  readonly replaces?: true;
  /** Lowest value of an `integer`. */
  readonly minimum?: number;
  /** Values that this edition accepts; the official plugin accepts others as well. */
  readonly only?: readonly (boolean | number | string)[];
  /** A word that the official plugin gives a meaning of its own, and this edition does not. */
  readonly never?: string;
}

/** The properties of a resource type. */
export interface Shape {
  /** The type's name, such as `Role`. */
  readonly type: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Properties that only the official plugin supports. */
  readonly refused: readonly string[];
}

/** What a property is without a value, as PostgreSQL and the official plugin understand it. */
export function zeroOf(attribute: Attribute): PropertyValue {
  if (attribute.kind === "texts") return [];
  if (attribute.kind === "text") return "";
  return attribute.kind === "flag" ? false : 0;
}

/** True for what counts as "not given": nothing, or an empty text or list. */
export function isAbsent(value: PropertyValue | undefined): boolean {
  if (value === undefined || value === null || value === "") return true;
  return Array.isArray(value) && value.length === 0;
}

/** Defaults that the official plugin writes into the inputs: the ones that are not false, 0 or empty. */
export function writtenDefaults(shape: Shape): readonly (readonly [string, PropertyValue])[] {
  return Object.entries(shape.attributes).flatMap(([name, { default: value }]) =>
    value === undefined || value === false || value === 0 || value === "" ? [] : [[name, value] as const],
  );
}

/** The names in an inputs' `__defaults`: properties that the plugin, not the program, has given. */
export function defaultNames(inputs: PropertyMap): readonly string[] {
  const names = inputs.__defaults;
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : [];
}
