import { objectOf, privilegesOf } from "./compare";
import type { PropertyChange, SchemaDifference } from "./difference";
import { publicHas } from "./mend-privileges";
import type { SchemaObject } from "./snapshot";

/** What is the matter, as a sentence without its subject: `default: expected 0, found none`. */
export function describeDifference(difference: SchemaDifference): string {
  const { what, changes } = difference;
  if (what === "missing") return "is missing";
  if (what === "extra") return "is there, and nothing that is declared or applied makes it";
  return changes.map((change) => describeChange(change, objectOf(difference))).join("; ");
}

/** `column app.orders.total`. */
export function subjectOf(difference: SchemaDifference): string {
  const { kind, name } = objectOf(difference);
  return `${kind} ${name}`;
}

/** Longest value that is told whole. */
const longest = 120;

function describeChange({ property, expected, actual }: PropertyChange, object: SchemaObject): string {
  const { kind, properties } = object;
  // These have something on an object that nobody has said anything of.
  const born = [properties.owner, publicHas[kind] === undefined ? undefined : "PUBLIC"];
  const isBorn = born.some((role) => role !== undefined && property === privilegesOf + role);
  const none = isBorn ? "the default" : "none";
  const isText = [expected, actual].some((value) => (value ?? "").length > longest || value?.includes("\n"));
  if (!isText || expected === undefined || actual === undefined) {
    return `${property}: expected ${short(expected, none)}, found ${short(actual, none)}`;
  }
  return `${property}: ${firstDifference(expected, actual)}`;
}

function short(value: string | undefined, none = "none"): string {
  if (value === undefined) return none;
  const line = value.replace(/\s+/g, " ").trim();
  return line.length <= longest ? line : `${line.slice(0, longest)} …`;
}

/** Of a long text the first line that is another one: a body of hundreds of lines says nothing. */
function firstDifference(expected: string, actual: string): string {
  const [wanted, found] = [expected.split("\n"), actual.split("\n")];
  const place = wanted.findIndex((line, number) => line !== found[number]);
  const line = place === -1 ? wanted.length : place;
  const [one, other] = [short(wanted[line]), short(found[line])];
  return `line ${line + 1}: ${one === other ? `other spaces: ${one}` : `expected ${one}, found ${other}`}`;
}
