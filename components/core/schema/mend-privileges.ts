import type { SchemaObject } from "./snapshot";
import { ownName, relationOf } from "./mend-words";

/** What PUBLIC has on a new object of a kind; on others it has nothing. */
export const publicHas: Partial<Record<SchemaObject["kind"], string>> = {
  function: "EXECUTE",
  procedure: "EXECUTE",
  aggregate: "EXECUTE",
  type: "USAGE",
  domain: "USAGE",
  language: "USAGE",
};

const targets: Partial<Record<SchemaObject["kind"], string>> = {
  table: "TABLE",
  view: "TABLE",
  "materialized view": "TABLE",
  "foreign table": "TABLE",
  sequence: "SEQUENCE",
  function: "FUNCTION",
  procedure: "PROCEDURE",
  aggregate: "FUNCTION",
  type: "TYPE",
  domain: "TYPE",
  schema: "SCHEMA",
  language: "LANGUAGE",
  "foreign data wrapper": "FOREIGN DATA WRAPPER",
  "foreign server": "FOREIGN SERVER",
  column: "TABLE",
};

/**
 * What brings the privileges of one role from what they are to what they are to be; undefined is what a new object has.
 * What another role than the owner granted is that role's to take back.
 */
export function mendPrivileges(
  object: SchemaObject,
  role: string,
  expected: string | undefined,
  actual: string | undefined,
): string[] {
  const target = targets[object.kind];
  if (target === undefined) return [];
  const born = role === "PUBLIC" ? (publicHas[object.kind] ?? "none") : "none";
  if (role === object.properties.owner) return mendOwn(object, target, role, expected);
  const [wanted, found] = [parse(expected ?? born), parse(actual ?? born)];
  const on = `ON ${target} ${object.kind === "column" ? relationOf(object) : object.name}`;
  const write = (verb: string, option: string, privileges: readonly string[], tail: string): string[] =>
    privileges.length === 0 ? [] : [`${verb} ${option}${columns(object, privileges)} ${on} ${tail}`];
  const missing = [...wanted].filter(
    ([name, grantable]) => !found.has(name) || (grantable && found.get(name) !== true),
  );
  const optionOnly = [...found].filter(([name, grantable]) => grantable && wanted.get(name) === false);
  const names = (items: readonly (readonly [string, boolean])[]): string[] => items.map(([name]) => name);
  return [
    ...write(
      "REVOKE",
      "",
      [...found.keys()].filter((name) => !wanted.has(name)),
      `FROM ${role}`,
    ),
    ...write("REVOKE", "GRANT OPTION FOR ", names(optionOnly), `FROM ${role}`),
    ...write("GRANT", "", names(missing.filter(([, grantable]) => !grantable)), `TO ${role}`),
    ...write(
      "GRANT",
      "",
      names(missing.filter(([, grantable]) => grantable)),
      `TO ${role} WITH GRANT OPTION`,
    ),
  ];
}

/** An owner has all privileges unless somebody took them. */
function mendOwn(
  object: SchemaObject,
  target: string,
  owner: string,
  expected: string | undefined,
): string[] {
  if (object.kind === "column") return [];
  const on = `ON ${target} ${object.name}`;
  const all = `GRANT ALL ${on} TO ${owner}`;
  if (expected === undefined) return [all];
  const kept = [...parse(expected).keys()];
  const given = kept.length === 0 ? [] : [`GRANT ${kept.join(", ")} ${on} TO ${owner}`];
  return [`REVOKE ALL ${on} FROM ${owner}`, ...given];
}

function columns(object: SchemaObject, privileges: readonly string[]): string {
  if (object.kind !== "column") return privileges.join(", ");
  return privileges.map((privilege) => `${privilege} (${ownName(object)})`).join(", ");
}

const option = " WITH GRANT OPTION";

/** Privileges by name, with whether they may be passed on. */
function parse(text: string): Map<string, boolean> {
  if (text === "none") return new Map();
  const items = text.split(", ").filter((item) => !item.includes(" granted by "));
  return new Map(items.map((item) => [item.replace(option, ""), item.endsWith(option)]));
}
