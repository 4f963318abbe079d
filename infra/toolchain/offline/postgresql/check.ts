import { identifierBytes, maxIdentifierBytes } from "../../../../components/core/identifier";
import type { CheckFailure } from "../../../../components/providers/contract";
import {
  hasUnknown,
  reveal,
  type PropertyMap,
  type PropertyValue,
} from "../../../../components/providers/properties";
import { defaultNames, writtenDefaults, type Attribute, type Shape } from "./attribute";
import { pluginVersion } from "./version";

const official = `the official plugin supports it: pulumi plugin install resource postgresql ${pluginVersion}`;

/** Judges what the program gives, and completes it as the official plugin does (`__defaults` names the additions). */
export function checkInputs(
  shape: Shape,
  oldInputs: PropertyMap,
  newInputs: PropertyMap,
): { inputs: PropertyMap; failures: readonly CheckFailure[] } {
  const given = Object.fromEntries(
    Object.entries(newInputs).filter(([name, value]) => name !== "__defaults" && !isNothing(value)),
  );
  const failures = [
    ...missing(shape, given),
    ...Object.entries(given).flatMap(([name, value]) => judge(shape, name, value)),
  ];
  return { inputs: withDefaults(shape, oldInputs, given), failures };
}

function withDefaults(shape: Shape, oldInputs: PropertyMap, given: PropertyMap): PropertyMap {
  const kept = defaultNames(oldInputs);
  const added = writtenDefaults(shape)
    .filter(([name]) => !(name in given))
    // A default that an earlier version gave stays, so that a new version changes nothing by itself.
    .map(([name, value]) => [name, (kept.includes(name) ? oldInputs[name] : undefined) ?? value] as const);
  const names = added.map(([name]) => name).sort();
  return { ...given, ...Object.fromEntries(added), __defaults: names };
}

function missing(shape: Shape, given: PropertyMap): CheckFailure[] {
  return Object.entries(shape.attributes)
    .filter(([name, attribute]) => attribute.required === true && !(name in given))
    .map(([property]) => ({
      property,
      reason: `${shape.type} needs \`${property}\`: the offline edition makes up no names; give one, or use the official plugin`,
    }));
}

function judge(shape: Shape, name: string, value: PropertyValue | undefined): CheckFailure[] {
  const attribute = shape.attributes[name];
  const fail = (reason: string): CheckFailure[] => [{ property: name, reason }];
  if (shape.refused.includes(name)) {
    return fail(
      `\`${name}\` of ${shape.type} is not supported by the offline edition of the postgresql plugin; ${official}`,
    );
  }
  if (attribute === undefined) {
    return fail(
      `${shape.type} has no property \`${name}\`; it has ${Object.keys(shape.attributes).join(", ")}`,
    );
  }
  if (hasUnknown(value)) return [];
  const plain = reveal(value);
  const wrong = wrongValue(name, attribute, plain);
  if (wrong !== undefined) return fail(wrong);
  if (attribute.only !== undefined && !attribute.only.some((accepted) => accepted === plain)) {
    const accepted = attribute.only.map((item) => JSON.stringify(item)).join(" or ");
    return fail(
      `the offline edition of the postgresql plugin supports \`${name}\` of ${shape.type} only as ${accepted}; ${official}`,
    );
  }
  if (typeof plain === "string" && plain.toUpperCase() === attribute.never) {
    return fail(
      `the offline edition of the postgresql plugin does not support \`${name}\` of ${shape.type} as ${attribute.never}; write the value itself, or leave it out`,
    );
  }
  return [];
}

/** What is wrong with a value; it is not repeated, as it may be secret. */
function wrongValue(
  name: string,
  attribute: Attribute,
  value: PropertyValue | undefined,
): string | undefined {
  switch (attribute.kind) {
    case "flag":
      return typeof value === "boolean" ? undefined : `\`${name}\` must be true or false`;
    case "integer": {
      const minimum = attribute.minimum ?? 0;
      if (Number.isInteger(value) && Number(value) >= minimum) return undefined;
      return `\`${name}\` must be a whole number of at least ${minimum}`;
    }
    case "texts":
      return isTexts(value) ? wrongTexts(name, value) : `\`${name}\` must be a list of texts`;
    case "text":
      if (typeof value !== "string") return `\`${name}\` must be a text`;
      return attribute.required === true ? wrongIdentifier(name, value) : undefined;
  }
}

function wrongTexts(name: string, texts: readonly string[]): string | undefined {
  if (name === "searchPaths" && texts.some((text) => text.includes(", "))) {
    return "`searchPaths` must hold one schema an entry: an entry with a comma and a space cannot be read back";
  }
  return texts.map((text) => wrongIdentifier(name, text)).find((wrong) => wrong !== undefined);
}

function wrongIdentifier(name: string, value: string): string | undefined {
  if (value === "") return `\`${name}\` must not be empty`;
  if (value.includes("\0")) return `\`${name}\` must not hold a zero byte`;
  const bytes = identifierBytes(value);
  if (bytes <= maxIdentifierBytes) return undefined;
  return `\`${name}\` is ${bytes} bytes long; PostgreSQL cuts names after ${maxIdentifierBytes}, so choose a shorter one`;
}

function isTexts(value: PropertyValue | undefined): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}

function isNothing(value: PropertyValue | undefined): boolean {
  return value === undefined || value === null;
}
