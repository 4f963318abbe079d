import type { Problem } from "../../components/core/problem";
import { configSchema } from "./schema";
import { placeOf } from "./schema-walk";
import { nearest } from "./shape";

const namespace = "pgstead";

export interface Input {
  /** The keys of pgstead without their namespace, as values. */
  readonly values: Readonly<Record<string, unknown>>;
  readonly problems: readonly Problem[];
}

/**
 * The configuration as values. The engine hands a program text: maps and lists as JSON, flags as `true`; and it fills
 * in the defaults of Pulumi.yaml, which has to declare `{}` and `auto` for what is optional: those mean "not given".
 */
export function readInput(raw: Readonly<Record<string, unknown>>): Input {
  const values: Record<string, unknown> = {};
  const problems: Problem[] = [];
  for (const [written, value] of Object.entries(raw)) {
    const [space, key] = split(written);
    if (space === namespace) {
      const read = readValue(key, value);
      if (read !== undefined) values[key] = read;
    } else if (nearest(space, [namespace]) !== undefined) {
      const hint = `did you mean ${namespace}:${key}?`;
      problems.push({ path: written, message: "is a key of another namespace", hint });
    }
  }
  return { values, problems };
}

/** `pgstead:server` is a key of pgstead, and so is `server`, as in Pulumi's own files. */
function split(written: string): [string, string] {
  const colon = written.indexOf(":");
  return colon === -1 ? [namespace, written] : [written.slice(0, colon), written.slice(colon + 1)];
}

function readValue(key: string, value: unknown): unknown {
  const shape: Readonly<Record<string, (typeof configSchema.shape)[keyof typeof configSchema.shape]>> =
    configSchema.shape;
  const declared = Object.hasOwn(shape, key) ? shape[key] : undefined;
  if (declared === undefined) return value;
  const { type } = placeOf(declared).schema._zod.def;
  const read = typeof value === "string" ? readText(type, value) : value;
  if (key === "protect" && read === "auto") return undefined;
  return type === "record" || type === "object" ? unlessEmpty(read) : read;
}

function readText(type: string, text: string): unknown {
  if (type === "boolean") return text === "true" ? true : text === "false" ? false : text;
  if (type !== "object" && type !== "record" && type !== "array") return text;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text; // the schema says that it is no map, with the text
  }
}

function unlessEmpty(value: unknown): unknown {
  const empty = typeof value === "object" && value !== null && Object.keys(value).length === 0;
  return empty && !Array.isArray(value) ? undefined : value;
}
