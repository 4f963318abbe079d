import {
  isSecret,
  reveal,
  sameValue,
  secret,
  type PropertyMap,
  type PropertyValue,
} from "../../../../components/providers/properties";
import { defaultNames, isAbsent, zeroOf, type Shape } from "./attribute";

/**
 * Inputs after a refresh: what the program gave, with the values that the server has now.
 *
 * A default that was changed by hand is no default any more: the next run brings it back.
 */
export function refreshedInputs(oldInputs: PropertyMap, outputs: PropertyMap): PropertyMap {
  const names = Object.keys(oldInputs).filter((name) => name !== "__defaults" && name in outputs);
  const values = names.map((name) => [name, refreshed(oldInputs[name], outputs[name])] as const);
  const defaults = defaultNames(oldInputs).filter(
    (name) => name in outputs && sameValue(oldInputs[name], outputs[name]),
  );
  return { ...Object.fromEntries(values), __defaults: defaults };
}

function refreshed(
  before: PropertyValue | undefined,
  now: PropertyValue | undefined,
): PropertyValue | undefined {
  // What only the server has in a list is not the program's: it shows as a difference of the state.
  if (Array.isArray(before) && Array.isArray(now)) return (now as PropertyValue[]).slice(0, before.length);
  return now;
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
    Object.entries(outputs).map(([name, value]) => [
      name,
      isSecret(inputs[name]) && value !== undefined ? secret(value) : value,
    ]),
  );
}
