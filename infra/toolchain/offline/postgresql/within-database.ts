import { problemError } from "../../../../components/core/problem";
import type { PropertyMap } from "../../../../components/providers/properties";
import type { Key } from "./resource";

/** Where a schema or an extension lies: from its state, or from the id of an import, `database.name`. */
export function keyWithin(type: string, id: string, state: PropertyMap): Key {
  const { name, database } = state;
  if (typeof name === "string" && typeof database === "string") return { name, database };
  const [first, second, ...more] = id.split(".");
  if (first === undefined || second === undefined || first === "" || second === "" || more.length > 0) {
    const what = type.toLowerCase();
    throw problemError(
      `${what} "${id}"`,
      `the id is not of the form <database>.<${what}>`,
      `import it as <database>.<${what}>; names with a dot in them cannot be imported`,
    );
  }
  return { database: first, name: second };
}

/** The database of some inputs, which may leave it to the provider. */
export function keyOfInputsWithin(inputs: PropertyMap, fallback: string): Key {
  const { name, database } = inputs;
  const given = typeof database === "string" && database !== "" ? database : fallback;
  return { name: name as string, database: given };
}

export function idWithin({ database, name }: Key): string {
  return `${database}.${name}`;
}
