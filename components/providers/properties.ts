/**
 * Property maps as the Pulumi engine sends them: plain JSON, where a secret is an object with a signature and an
 * unknown value (an output that a preview cannot know yet) is a reserved text.
 */
export type PropertyValue = null | boolean | number | string | readonly PropertyValue[] | PropertyMap;
export interface PropertyMap {
  readonly [name: string]: PropertyValue | undefined;
}

const signatureKey = "4dabf18193072939515e22adb298388d";
const secretSignature = "1b47061264138c4ac30d75fd1eb44270";
const unknownText = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";

/** What stands for a value that is not known before `up`. */
export const unknown: PropertyValue = unknownText;

/** Marks a value as secret: the engine encrypts it in the state and hides it in what it shows. */
export function secret(value: PropertyValue): PropertyValue {
  return isSecret(value) ? value : { [signatureKey]: secretSignature, value };
}

/** True for a value that arrived, or is to leave, as a secret. */
export function isSecret(value: PropertyValue | undefined): boolean {
  return isMap(value) && value[signatureKey] === secretSignature;
}

/** True for a value that is not known before `up`, wrapped as a secret or not. */
export function isUnknown(value: PropertyValue | undefined): boolean {
  return reveal(value) === unknownText;
}

/** True where the value, or anything inside of it, is not known before `up`. */
export function hasUnknown(value: PropertyValue | undefined): boolean {
  const plain = reveal(value);
  if (plain === unknownText) return true;
  if (Array.isArray(plain)) return plain.some(hasUnknown);
  return isMap(plain) && Object.values(plain).some(hasUnknown);
}

/** True where the value, or anything inside of it, is a secret. */
export function hasSecret(value: PropertyValue | undefined): boolean {
  if (isSecret(value)) return true;
  if (Array.isArray(value)) return value.some(hasSecret);
  return isMap(value) && Object.values(value).some(hasSecret);
}

/** The value without its secret wrappers, also those inside of it. What it returns must not reach a log. */
export function reveal(value: PropertyValue | undefined): PropertyValue | undefined {
  if (isSecret(value)) return reveal((value as PropertyMap).value);
  if (Array.isArray(value)) return value.map((item) => reveal(item as PropertyValue) ?? null);
  if (!isMap(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, reveal(item)]));
}

/** Like {@link reveal}, of a whole property map. */
export function revealMap(map: PropertyMap): PropertyMap {
  return reveal(map) as PropertyMap;
}

/** Deep equality of two property values; secret and plain values with the same content are equal. */
export function sameValue(a: PropertyValue | undefined, b: PropertyValue | undefined): boolean {
  return canonical(reveal(a)) === canonical(reveal(b));
}

function canonical(value: PropertyValue | undefined): string {
  if (Array.isArray(value)) return `[${value.map((item: PropertyValue) => canonical(item)).join(",")}]`;
  if (!isMap(value)) return JSON.stringify(value ?? null);
  const entries = Object.entries(value).filter(([, item]) => item !== undefined && item !== null);
  const sorted = entries.sort(([a], [b]) => (a < b ? -1 : 1));
  return `{${sorted.map(([key, item]) => `${JSON.stringify(key)}:${canonical(item)}`).join(",")}}`;
}

function isMap(value: PropertyValue | undefined): value is PropertyMap {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
