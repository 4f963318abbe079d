import type { z } from "zod";
import type { KeyMeta } from "./schema-words";

/** A place in the schema without its wrappers (optional, default, preprocess). */
export interface Place {
  readonly schema: z.core.$ZodTypes;
  readonly meta: KeyMeta;
  /** The constant default; absent: none. */
  readonly fallback?: unknown;
}

/** What the schema says of a key. */
export function placeOf(schema: z.core.$ZodType): Place {
  let current = schema as z.core.$ZodTypes;
  let meta: Partial<KeyMeta> = {};
  let fallback: { fallback?: unknown } = {};
  for (;;) {
    meta = { ...((current as unknown as z.ZodType).meta() as Partial<KeyMeta> | undefined), ...meta };
    const { def } = current._zod;
    if (def.type === "default") fallback = { fallback: def.defaultValue };
    if (def.type === "optional" || def.type === "default" || def.type === "prefault") {
      current = def.innerType as z.core.$ZodTypes;
    } else if (def.type === "pipe") {
      current = def.out as z.core.$ZodTypes;
    } else {
      return { schema: current, meta: meta as KeyMeta, ...fallback };
    }
  }
}

/** The place of a path such as `["roles", "app", "login"]`; undefined where the schema has none. */
export function placeAt(schema: z.core.$ZodType, path: readonly PropertyKey[]): Place | undefined {
  let place: Place | undefined = placeOf(schema);
  for (const step of path) {
    const next: z.core.$ZodType | undefined = childOf(place.schema, step);
    if (next === undefined) return undefined;
    place = placeOf(next);
  }
  return place;
}

/** The keys that a map with fixed keys knows; none for others. */
export function knownKeys(schema: z.core.$ZodTypes): readonly string[] {
  const { def } = schema._zod;
  return def.type === "object" ? Object.keys(def.shape) : [];
}

/** Where else a key is known: `["server", "port"]` for `port`; `*` stands for any name. */
export function findKey(schema: z.core.$ZodType, key: string): readonly string[] | undefined {
  const { def } = placeOf(schema).schema._zod;
  const children: [string, z.core.$ZodType][] =
    def.type === "object" ? Object.entries(def.shape) : def.type === "record" ? [["*", def.valueType]] : [];
  if (def.type === "object" && Object.hasOwn(def.shape, key)) return [key];
  for (const [step, child] of children) {
    const found = findKey(child, key);
    if (found !== undefined) return [step, ...found];
  }
  return undefined;
}

function childOf(schema: z.core.$ZodTypes, step: PropertyKey): z.core.$ZodType | undefined {
  const { def } = schema._zod;
  if (def.type === "object") return Object.hasOwn(def.shape, step) ? def.shape[String(step)] : undefined;
  if (def.type === "record") return def.valueType;
  return def.type === "array" ? def.element : undefined;
}
