import { identifierBytes, maxIdentifierBytes } from "../core/identifier";
import type { CheckFailure } from "./contract";
import { isUnknown, reveal, type PropertyMap, type PropertyValue } from "./properties";

/** Collects what is wrong with the inputs of a resource, so that all of it is shown at once. */
export class InputCheck {
  readonly failures: CheckFailure[] = [];

  constructor(private readonly inputs: PropertyMap) {}

  /** Refuses what the resource does not know. */
  known(...names: readonly string[]): this {
    for (const name of Object.keys(this.inputs)) {
      if (names.includes(name) || name === "__defaults") continue;
      this.fail(name, `not an argument of this resource; it has ${names.join(", ")}`);
    }
    return this;
  }

  text(name: string): this {
    return this.expect(
      name,
      "a text that is not empty",
      (value) => typeof value === "string" && value !== "",
    );
  }

  flag(name: string): this {
    return this.expect(name, "true or false", (value) => typeof value === "boolean");
  }

  integer(name: string, lowest: number, highest: number): this {
    return this.expect(
      name,
      `a whole number from ${lowest} to ${highest}`,
      (value) => Number.isInteger(value) && Number(value) >= lowest && Number(value) <= highest,
    );
  }

  oneOf(name: string, ...words: readonly string[]): this {
    return this.expect(name, `one of ${words.join(", ")}`, (value) => words.includes(value as string));
  }

  list(name: string): this {
    return this.expect(name, "a list", (value) => Array.isArray(value));
  }

  /** Names of the objects in lists: PostgreSQL cuts a name that is too long without a word. */
  names(...lists: readonly string[]): this {
    for (const list of lists) {
      const items = reveal(this.inputs[list]);
      for (const item of Array.isArray(items) ? (items as readonly PropertyMap[]) : []) {
        const { name } = item;
        if (typeof name === "string" && identifierBytes(name) <= maxIdentifierBytes && name !== "") continue;
        if (isUnknown(name)) continue;
        const found = typeof name === "string" ? `"${name}"` : "nothing";
        this.fail(list, `${found} is no name: it takes 1 to ${maxIdentifierBytes} bytes`);
      }
    }
    return this;
  }

  fail(property: string, reason: string): void {
    this.failures.push({ property, reason });
  }

  private expect(name: string, what: string, accepts: (value: PropertyValue | undefined) => boolean): this {
    const value = this.inputs[name];
    // Values of secrets are not repeated, and what is not known yet is judged when it is.
    if (!isUnknown(value) && !accepts(reveal(value))) this.fail(name, `expected ${what}`);
    return this;
  }
}
