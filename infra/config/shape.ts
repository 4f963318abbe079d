import type { z } from "zod";
import { nearest } from "../../components/core/nearest";
import type { Problem } from "../../components/core/problem";
import { configSchema, type WrittenConfig } from "./schema";
import { findKey, knownKeys, placeAt, type Place } from "./schema-walk";

type Issue = z.core.$ZodIssue;
type Path = readonly PropertyKey[];

export interface Shaped {
  /** What is right, with defaults in place of what is wrong, so that the further checks can look at the rest. */
  readonly config: WrittenConfig;
  readonly problems: readonly Problem[];
}

/** Types, limits of single values and unknown keys: everything that the schema alone can tell. */
export function shapeConfig(input: Readonly<Record<string, unknown>>): Shaped {
  const candidate = structuredClone(input);
  const first = configSchema.safeParse(candidate);
  const problems = first.error?.issues.flatMap((issue) => describeIssue(issue, input)) ?? [];
  for (let result = first; ; result = configSchema.safeParse(candidate)) {
    if (result.success) return { config: result.data, problems };
    // Indexes of a list shift when an entry goes: the last one goes first.
    for (const issue of result.error.issues.toReversed()) prune(candidate, issue);
  }
}

/** A path as users read it: `pgstead:roles.app.connectionLimit`, `pgstead:allowDataLoss[1]`. */
export function renderPath(path: Path): string {
  return path.reduce<string>((text, step, index) => {
    if (typeof step === "number") return `${text}[${step}]`;
    const name = String(step);
    if (index === 0) return `pgstead:${name}`;
    return /^[\p{L}\p{N}_-]+$/u.test(name) ? `${text}.${name}` : `${text}[${JSON.stringify(name)}]`;
  }, "");
}

/** A value as it may stand in a message. */
export function renderValue(value: unknown): string {
  if (Array.isArray(value)) return "a list";
  if (typeof value === "object" && value !== null) return "a map";
  const text = JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 77)}…"` : text;
}

export { nearest };

function describeIssue(issue: Issue, input: unknown): Problem[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => unknownKey(issue.path, key));
  }
  const place = placeAt(configSchema, issue.path);
  if (place === undefined) throw new Error(`the schema has no place for ${renderPath(issue.path)}`);
  const path = writtenPath(issue.path, input);
  const value = valueAt(input, path);
  const last = path.at(-1);
  const line = `${typeof last === "string" ? `${last}:` : "-"} ${place.meta.example}`;
  return [{ path: renderPath(path), ...wrongValue(place, value, line) }];
}

function wrongValue({ schema, meta }: Place, value: unknown, line: string): Omit<Problem, "path"> {
  if (value === undefined) return { message: "is missing", hint: `add it, such as \`${line}\`` };
  if (value === null) {
    return { message: "has no value", hint: `give it one, such as \`${line}\`, or remove the line` };
  }
  const message = `${renderValue(value)} is not ${meta.allowed}`;
  if (typeof value === "object" && "secure" in value && meta.secret !== true) {
    return { message, hint: "nothing here is a secret: write it in clear, without --secret" };
  }
  if (meta.secret === true) return secretValue;
  const { def } = schema._zod;
  if (typeof value === "string" && (def.type === "boolean" || def.type === "number")) {
    const bare = def.type === "boolean" ? /^(?:true|false)$/ : /^-?\d+$/;
    if (bare.test(value)) return { message, hint: "remove the quotes" };
  }
  if (def.type === "enum" && typeof value === "string") {
    const meant = nearest(value, Object.keys(def.entries));
    if (meant !== undefined) return { message, hint: `did you mean ${meant}?` };
  }
  return { message, hint: `write it such as \`${line}\`` };
}

const secretValue = {
  message: "a password does not belong into a configuration file",
  hint: "remove it: passwords are made for you, and `npm run ops -- connection --role <role>` shows them; write keep for one that the server has already",
};

function unknownKey(parent: Path, key: string): Problem {
  const path = renderPath([...parent, key]);
  const place = placeAt(configSchema, parent);
  const refused = place?.meta.refused?.[key];
  if (refused !== undefined) return { path, ...refused };
  const known = place === undefined ? [] : knownKeys(place.schema);
  const message = "is not a known key";
  const meant = nearest(key, known);
  if (meant !== undefined) return { path, message, hint: `did you mean ${meant}?` };
  const elsewhere = findKey(configSchema, key);
  if (elsewhere !== undefined) return { path, message, hint: `it belongs to ${renderPath(elsewhere)}` };
  const hint =
    known.length === 0 ? "remove it: nothing is known here, write {}" : `known here: ${known.join(", ")}`;
  return { path, message, hint };
}

/** The path as far as it was written: an extension may be a plain name, which has no `name` inside. */
function writtenPath(path: Path, input: unknown): Path {
  const end = path.findIndex((_, index) => typeof valueAt(input, path.slice(0, index)) !== "object");
  return end === -1 ? path : path.slice(0, end);
}

function valueAt(input: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (value, step) =>
      typeof value === "object" && value !== null && Object.hasOwn(value, step)
        ? (value as Record<PropertyKey, unknown>)[step]
        : undefined,
    input,
  );
}

/** Takes out what an issue is about; what is missing takes the map that misses it along. */
function prune(candidate: unknown, issue: Issue): void {
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) remove(candidate, [...issue.path, key]);
    return;
  }
  const path = writtenPath(issue.path, candidate);
  remove(candidate, valueAt(candidate, path) === undefined ? path.slice(0, -1) : path);
}

function remove(candidate: unknown, path: Path): void {
  const parent = valueAt(candidate, path.slice(0, -1));
  const last = path.at(-1);
  if (last === undefined || typeof parent !== "object" || parent === null) return;
  if (Array.isArray(parent)) parent.splice(Number(last), 1);
  else Reflect.deleteProperty(parent, last);
}
