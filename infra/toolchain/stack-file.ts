import { isDeepStrictEqual } from "node:util";
import { parse, parseDocument } from "yaml";
import { keepLayout } from "../../components/core/layout";

/**
 * Pulumi writes `encryptionsalt` into a stack's file. The file of the dev stack is committed, and its salt belongs to
 * the passphrase of one checkout: commands get a copy with the salt, and what they change comes back without it. Pure.
 */
const saltKey = "encryptionsalt";

type Mapping = Readonly<Record<string, unknown>>;

/**
 * The copy for a command: the checkout's file with the dev stack's salt. At its end: a document may begin with `---`,
 * and the numbers of the lines that Pulumi complains about are then those of the user's file.
 */
export function withSalt(text: string, salt: string): string {
  const rest = withoutLine(text);
  return `${rest}${rest === "" || rest.endsWith("\n") ? "" : "\n"}${saltKey}: ${JSON.stringify(salt)}\n`;
}

/** The salt of a stack's file; undefined where there is none. */
export function saltOf(text: string): string | undefined {
  const salt = read(text)?.[saltKey];
  return typeof salt === "string" ? salt : undefined;
}

/**
 * The checkout's file after a command: what the command changed in its copy, except the salt, is done to the file as it
 * is now, so that comments and their places stay.
 *
 * @param before text that the command started from
 * @param after text that the command left
 * @param current text of the checkout's file
 */
export function takeOver(before: string, after: string, current: string): string {
  const [from, to] = [read(before), read(after)];
  // What cannot be read was not changed: taken for an empty file, it would empty the user's.
  if (from === undefined || to === undefined || read(current) === undefined) return current;
  const [old, changed] = [without(from), without(to)];
  if (isDeepStrictEqual(old, changed)) return current;
  const found = differences(old, changed);
  if (found.length === 0) return current;
  const document = parseDocument(current);
  for (const { path, value } of found) {
    if (value === undefined) document.deleteIn(path);
    else document.setIn(path, document.createNode(value));
  }
  return keepLines(current, document.toString({ lineWidth: 0 }));
}

/** A value that differs from the old one by white space alone must not be lost. */
function keepLines(old: string, rendered: string): string {
  const kept = keepLayout(old, rendered);
  return isDeepStrictEqual(read(kept), read(rendered)) ? kept : rendered;
}

interface Difference {
  readonly path: readonly string[];
  /** Undefined: the key is gone. */
  readonly value: unknown;
}

function differences(old: Mapping, changed: Mapping, path: readonly string[] = []): Difference[] {
  const keys = new Set([...Object.keys(old), ...Object.keys(changed)]);
  return [...keys].flatMap((key): Difference[] => {
    const from = old[key];
    const to = changed[key];
    const here = [...path, key];
    if (isDeepStrictEqual(from, to) || isSameScalar(from, to)) return [];
    if (isMapping(from) && isMapping(to)) return differences(from, to, here);
    return [{ path: here, value: to }];
  });
}

/** Pulumi writes `true` and `7` as strings when it saves a file; they mean the same to it. */
function isSameScalar(from: unknown, to: unknown): boolean {
  return (typeof from === "boolean" || typeof from === "number") && String(from) === to;
}

/** An empty file is an empty map; undefined is no YAML, or no map: Pulumi itself says what is wrong with it. */
function read(text: string): Mapping | undefined {
  try {
    const value: unknown = parse(text) ?? {};
    return isMapping(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function without({ [saltKey]: _salt, ...rest }: Mapping): Mapping {
  return rest;
}

function withoutLine(text: string): string {
  return text
    .split("\n")
    .filter((line) => !line.startsWith(`${saltKey}:`))
    .join("\n");
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
