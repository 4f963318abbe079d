import type { CheckFailure } from "../../../../components/providers/contract";
import {
  hasUnknown,
  isSecret,
  isUnknown,
  reveal,
  revealMap,
  secret,
  type PropertyMap,
  type PropertyValue,
} from "../../../../components/providers/properties";
import {
  asMap,
  defaultNames,
  writtenDefaults,
  type Attribute,
  type Properties,
  type Shape,
} from "./attribute";
import { editionOf, wayOut } from "./official";

/** Judges what the program gives, and completes it as the official plugin does (`__defaults` names the additions). */
export function checkInputs(
  shape: Shape,
  oldInputs: PropertyMap,
  newInputs: PropertyMap,
): { inputs: PropertyMap; failures: readonly CheckFailure[] } {
  const given = present(newInputs);
  const scope: Scope = { shape, properties: shape, owner: shape.type, path: "" };
  const inputs = completed(shape, oldInputs, given);
  const failures = judgeAll(scope, given);
  // What is wrong by itself says nothing together with others.
  const together = failures.length === 0 ? (shape.together?.(revealMap(inputs)) ?? []) : [];
  return { inputs, failures: [...failures, ...together] };
}

function present(map: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(map).filter(
      ([name, value]) => name !== "__defaults" && value !== undefined && value !== null,
    ),
  );
}

function completed(properties: Properties, old: PropertyMap, given: PropertyMap): PropertyMap {
  const kept = defaultNames(old);
  const added = writtenDefaults(properties)
    .filter(([name]) => !(name in given))
    // A default that an earlier version gave stays, so that a new version changes nothing by itself.
    .map(([name, value]) => [name, (kept.includes(name) ? old[name] : undefined) ?? value] as const);
  const inside = Object.entries(given).map(
    ([name, value]) => [name, completedValue(properties.attributes[name], old[name], value)] as const,
  );
  const names = added.map(([name]) => name).sort();
  return { ...Object.fromEntries([...inside, ...added]), __defaults: names };
}

/** What is inside of an object has defaults of its own. */
function completedValue(
  attribute: Attribute | undefined,
  old: PropertyValue | undefined,
  value: PropertyValue | undefined,
): PropertyValue | undefined {
  const inner = attribute?.inner;
  if (inner === undefined || value === undefined || isUnknown(value)) return value;
  if (isSecret(value)) {
    const open = completedValue(
      attribute,
      isSecret(old) ? (old as PropertyMap).value : old,
      (value as PropertyMap).value,
    );
    return secret(open ?? null);
  }
  if (Array.isArray(value)) {
    const olds: readonly PropertyValue[] = Array.isArray(old) ? (old as readonly PropertyValue[]) : [];
    return (value as readonly PropertyValue[]).map(
      (item, index) => completedValue({ kind: "object", inner }, olds[index], item) ?? null,
    );
  }
  const map = asMap(value);
  return map === undefined ? value : completed(inner, asMap(old) ?? {}, present(map));
}

/** Where in a resource a judgement is made. */
interface Scope {
  readonly shape: Shape;
  readonly properties: Properties;
  /** As messages name it: `Container`, or `ports of Container`. */
  readonly owner: string;
  /** What stands before a property's name: `ports[0].`. */
  readonly path: string;
}

function judgeAll(scope: Scope, given: PropertyMap): CheckFailure[] {
  return [
    ...missing(scope, given),
    ...Object.entries(given).flatMap(([name, value]) => judge(scope, name, value)),
  ];
}

function missing({ properties, owner, path }: Scope, given: PropertyMap): CheckFailure[] {
  return Object.entries(properties.attributes)
    .filter(([name, attribute]) => attribute.required === true && !(name in given))
    .map(([name]) => ({
      property: `${path}${name}`,
      reason:
        name === "name" && path === ""
          ? `${owner} needs \`name\`: the offline edition makes up no names; give one, or use the official plugin`
          : `${owner} needs \`${name}\``,
    }));
}

function judge(scope: Scope, name: string, value: PropertyValue | undefined): CheckFailure[] {
  const { shape, properties, owner, path } = scope;
  const attribute = properties.attributes[name];
  const fail = (reason: string): CheckFailure[] => [{ property: `${path}${name}`, reason }];
  if (properties.refused.includes(name)) {
    return fail(
      `\`${name}\` of ${owner} is not supported by ${editionOf(shape.plugin)}; ${wayOut(shape.plugin)}`,
    );
  }
  if (attribute === undefined) {
    return fail(
      `${owner} has no property \`${name}\`; it has ${Object.keys(properties.attributes).join(", ")}`,
    );
  }
  if (attribute.inner !== undefined) return judgeInside(scope, name, attribute, value);
  if (hasUnknown(value)) return [];
  const plain = reveal(value);
  const wrong = wrongValue(name, attribute, plain);
  if (wrong !== undefined) return fail(wrong);
  const unsupported = unsupportedValue(scope, name, attribute, plain);
  return unsupported === undefined ? [] : fail(unsupported);
}

function judgeInside(
  { shape, owner, path }: Scope,
  name: string,
  { kind, inner }: Attribute,
  value: PropertyValue | undefined,
): CheckFailure[] {
  if (inner === undefined || isUnknown(value)) return [];
  // The wrapper of a secret may stand anywhere around what is judged; no message repeats a value.
  const plain = reveal(value);
  const property = `${path}${name}`;
  const inside = (item: PropertyValue | undefined, at: string): CheckFailure[] => {
    if (isUnknown(item)) return [];
    const map = asMap(item);
    if (map === undefined) return [{ property: at, reason: `\`${name}\` of ${owner} must be a map` }];
    const scope: Scope = { shape, properties: inner, owner: `${name} of ${owner}`, path: `${at}.` };
    return judgeAll(scope, present(map));
  };
  if (kind === "object") return inside(plain, property);
  if (!Array.isArray(plain)) return [{ property, reason: `\`${name}\` of ${owner} must be a list` }];
  return (plain as readonly PropertyValue[]).flatMap((item, index) => inside(item, `${property}[${index}]`));
}

function unsupportedValue(
  { shape, owner }: Scope,
  name: string,
  attribute: Attribute,
  plain: PropertyValue | undefined,
): string | undefined {
  if (attribute.only !== undefined && !attribute.only.some((accepted) => accepted === plain)) {
    const accepted = attribute.only.map((item) => JSON.stringify(item)).join(" or ");
    return `${editionOf(shape.plugin)} supports \`${name}\` of ${owner} only as ${accepted}; ${wayOut(shape.plugin)}`;
  }
  if (typeof plain === "string" && plain.toUpperCase() === attribute.never) {
    return `${editionOf(shape.plugin)} does not support \`${name}\` of ${owner} as ${attribute.never}; write the value itself, or leave it out`;
  }
  return undefined;
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
      if (!isTexts(value)) return `\`${name}\` must be a list of texts`;
      return firstWrong(value.map((text) => attribute.verify?.(name, text)));
    case "text":
      if (typeof value !== "string") return `\`${name}\` must be a text`;
      return attribute.verify?.(name, value);
    default: {
      const map = asMap(value);
      if (map !== undefined && isTexts(Object.values(map))) return undefined;
      return `\`${name}\` must be a map of texts`;
    }
  }
}

function firstWrong(found: readonly (string | undefined)[]): string | undefined {
  return found.find((wrong) => wrong !== undefined);
}

function isTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === "string");
}
