import { z } from "zod";

/**
 * What a key says of itself: the README's reference, Pulumi.yaml's `config` block and the errors are made from it.
 * The descriptions are contracts: PostgreSQL's word, the limit, what a change costs.
 */
export interface KeyMeta {
  readonly description: string;
  /** What is taken, after "is not": `true or false`. */
  readonly allowed: string;
  /** What to write: `54320`. */
  readonly example: string;
  /** The default where it is no constant: `not pgstead:disposable`. */
  readonly defaultText?: string;
  /** True: the value is not repeated in a message, and has no place in Pulumi.yaml, where a default would count. */
  readonly secret?: boolean;
  /** Names that people try here, and why they are not known. */
  readonly refused?: Readonly<Record<string, { readonly message: string; readonly hint: string }>>;
}

export type Words = Omit<KeyMeta, "allowed">;

export const greatestInteger = 2_147_483_647;

export function text(allowed: string, words: Words): z.ZodString {
  return z.string().meta({ allowed, ...words });
}

export function flag(words: Words): z.ZodBoolean {
  return z.boolean().meta({ allowed: "true or false", ...words });
}

export function integer(least: number, greatest: number, words: Words): z.ZodInt {
  const limit = greatest === greatestInteger ? `of ${least} or more` : `from ${least} to ${greatest}`;
  return z
    .int()
    .min(least)
    .max(greatest)
    .meta({ allowed: `a whole number ${limit}`, ...words });
}

export function choice<const Values extends readonly [string, ...string[]]>(values: Values, words: Words) {
  return z.enum(values).meta({ allowed: `one of ${values.join(", ")}`, ...words });
}

export function map<Shape extends z.ZodRawShape>(shape: Shape, words: Words) {
  return z.strictObject(shape).meta({ allowed: "a map", ...words });
}

export function mapOf<Value extends z.ZodType>(value: Value, words: Words) {
  return z.record(z.string(), value).meta({ allowed: "a map", ...words });
}

export const connectionLimit = (of: string) =>
  integer(-1, greatestInteger, {
    description: `Sessions that ${of} may have at once (\`CONNECTION LIMIT\`); -1 is no limit. A change ends no session.`,
    example: "40",
  }).default(-1);

export const passwordVersion = (words: string) =>
  integer(1, greatestInteger, { description: words, example: "2" });

/** Settings by their names in PostgreSQL, with values as they are written there. */
export const settingValues = (words: Omit<Words, "example">) =>
  mapOf(
    z.union([z.string(), z.number(), z.boolean(), z.array(z.string())]).meta({
      allowed: "a text, a number, true or false, or a list",
      description: "A value.",
      example: "30s",
    }),
    { example: "{ statement_timeout: 30s, search_path: [app, public] }", ...words },
  );
