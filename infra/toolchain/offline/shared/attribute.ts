import type { CheckFailure } from "../../../../components/providers/contract";
import type { PropertyMap, PropertyValue } from "../../../../components/providers/properties";

/** What the official plugin says about one property of a resource. */
export interface Attribute {
  /** A `map` has names of the program's choice; an `object` has those of `inner`, `objects` is a list of them. */
  readonly kind: "text" | "flag" | "integer" | "texts" | "map" | "object" | "objects";
  /** Order and repetition say nothing (`texts` and `objects` only). */
  readonly set?: true;
  /** The properties of an `object` and of each of `objects`. */
  readonly inner?: Properties;
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
  /** What is wrong with a text, or with a text of a list: a sentence that names the property. */
  readonly verify?: (name: string, text: string) => string | undefined;
  /** The one way to write a text that may be written in several: texts that become the same are no difference. */
  readonly canonical?: (text: string) => string;
}

export interface Properties {
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Properties that only the official plugin supports. */
  readonly refused: readonly string[];
}

/** The official plugin that an edition stands in for. */
export interface OfficialPlugin {
  readonly name: string;
  readonly version: string;
}

/** The properties of a resource type. */
export interface Shape extends Properties {
  readonly plugin: OfficialPlugin;
  /** The type's name, such as `Role`. */
  readonly type: string;
  /** What is wrong with inputs that are right one by one; they may hold what is not known yet. */
  readonly together?: (inputs: PropertyMap) => readonly CheckFailure[];
}

/** What a property is without a value, as the server and the official plugin understand it. */
export function zeroOf({ kind }: Attribute): PropertyValue {
  switch (kind) {
    case "texts":
    case "objects":
      return [];
    case "map":
      return {};
    case "object":
      return null;
    case "text":
      return "";
    case "flag":
      return false;
    case "integer":
      return 0;
  }
}

/** True for what counts as "not given": nothing, or an empty text, list or map. */
export function isAbsent(value: PropertyValue | undefined): boolean {
  if (value === undefined || value === null || value === "") return true;
  if (Array.isArray(value)) return value.length === 0;
  return typeof value === "object" && Object.keys(value).length === 0;
}

/** Defaults that the official plugin writes into the inputs: the ones that are not false, 0 or empty. */
export function writtenDefaults({
  attributes,
}: Pick<Properties, "attributes">): readonly (readonly [string, PropertyValue])[] {
  return Object.entries(attributes).flatMap(([name, { default: value }]) =>
    value === undefined || value === false || value === 0 || value === "" ? [] : [[name, value] as const],
  );
}

/** The names in an inputs' `__defaults`: properties that the plugin, not the program, has given. */
export function defaultNames(inputs: PropertyMap): readonly string[] {
  const names = inputs.__defaults;
  return Array.isArray(names) ? names.filter((name): name is string => typeof name === "string") : [];
}

/** A value as a text; anything else is an empty one. */
export function asText(value: PropertyValue | undefined): string {
  return typeof value === "string" ? value : "";
}

/** A value as a property map; undefined for anything else. */
export function asMap(value: PropertyValue | undefined): PropertyMap | undefined {
  const isMap = typeof value === "object" && value !== null && !Array.isArray(value);
  return isMap ? (value as PropertyMap) : undefined;
}
