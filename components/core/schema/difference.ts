import type { SchemaObject } from "./snapshot";

/** A property that is not what it is to be; undefined: it has none. */
export interface PropertyChange {
  readonly property: string;
  readonly expected: string | undefined;
  readonly actual: string | undefined;
}

/** One thing that is not as it is to be. */
export interface SchemaDifference {
  readonly what: "missing" | "extra" | "changed";
  /** As it is to be; undefined where it is extra. */
  readonly expected?: SchemaObject;
  /** As it is; undefined where it is missing. */
  readonly actual?: SchemaObject;
  /** Empty unless it is changed. */
  readonly changes: readonly PropertyChange[];
}

export interface SchemaComparison {
  /** By kind, then by name; what goes with something that is missing or extra is not told again. */
  readonly differences: readonly SchemaDifference[];
  /** What is told and is no difference: columns in another order, partitions that come and go with time. */
  readonly remarks: readonly { readonly subject: string; readonly message: string }[];
}
