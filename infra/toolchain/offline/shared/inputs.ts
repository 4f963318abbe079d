import {
  isSecret,
  reveal,
  sameValue,
  secret,
  type PropertyMap,
  type PropertyValue,
} from "../../../../components/providers/properties";
import { asMap, defaultNames, isAbsent, zeroOf, type Shape } from "./attribute";

/**
 * Inputs after a refresh: what the program gave, with the values that the server has now.
 *
 * A default that was changed by hand is no default any more: the next run brings it back.
 */
export function refreshedInputs(oldInputs: PropertyMap, outputs: PropertyMap): PropertyMap {
  return { ...refreshedMap(oldInputs, outputs), __defaults: keptDefaults(oldInputs, outputs) };
}

function refreshedMap(old: PropertyMap, now: PropertyMap): PropertyMap {
  const names = Object.keys(old).filter((name) => name !== "__defaults" && name in now);
  return Object.fromEntries(names.map((name) => [name, refreshed(old[name], now[name])] as const));
}

function keptDefaults(old: PropertyMap, now: PropertyMap): readonly string[] {
  return defaultNames(old).filter((name) => name in now && sameValue(old[name], now[name]));
}

function refreshed(
  before: PropertyValue | undefined,
  now: PropertyValue | undefined,
): PropertyValue | undefined {
  if (isSecret(before) || isSecret(now)) return now;
  // What only the server has in a list or a map is not the program's: it shows as a difference of the state.
  if (Array.isArray(before) && Array.isArray(now)) {
    const olds = before as readonly PropertyValue[];
    return (now as readonly PropertyValue[])
      .slice(0, olds.length)
      .map((item, index) => refreshed(olds[index], item) ?? null);
  }
  const [old, current] = [asMap(before), asMap(now)];
  if (old === undefined || current === undefined) return now;
  const values = refreshedMap(old, current);
  return "__defaults" in old ? { ...values, __defaults: keptDefaults(old, current) } : values;
}

/** Inputs of an imported object: everything that is not at its default. */
export function importedInputs(shape: Shape, outputs: PropertyMap): PropertyMap {
  const values = Object.entries(shape.attributes).flatMap(([name, attribute]) => {
    const value = outputs[name];
    const usual = attribute.default ?? zeroOf(attribute);
    const skipped = isAbsent(reveal(value)) || sameValue(value, usual);
    return attribute.required === true || !skipped ? [[name, value] as const] : [];
  });
  return { ...Object.fromEntries(values), __defaults: [] };
}

/** Outputs with the secrets of the inputs: what came in as a secret does not go out in clear. */
export function keepSecrets(outputs: PropertyMap, inputs: PropertyMap): PropertyMap {
  return Object.fromEntries(
    Object.entries(outputs).map(([name, value]) => [name, keptSecret(value, inputs[name])]),
  );
}

function keptSecret(
  value: PropertyValue | undefined,
  given: PropertyValue | undefined,
): PropertyValue | undefined {
  if (value === undefined || given === undefined) return value;
  if (isSecret(given)) return secret(value);
  if (Array.isArray(value) && Array.isArray(given))
    return keptSecrets(value, given as readonly PropertyValue[]);
  const [now, then] = [asMap(value), asMap(given)];
  return now === undefined || then === undefined || isSecret(value) ? value : keepSecrets(now, then);
}

/** Element by element where the lists have the same length; else nobody knows which one is the secret: all are. */
function keptSecrets(values: readonly PropertyValue[], given: readonly PropertyValue[]): PropertyValue {
  if (values.length === given.length)
    return values.map((item, index) => keptSecret(item, given[index]) ?? null);
  return given.some((item) => JSON.stringify(item) !== JSON.stringify(reveal(item)))
    ? secret(values)
    : values;
}
