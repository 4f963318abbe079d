import type { Problem } from "../../components/core/problem";
import { parseSqlName, type SqlName } from "../../components/core/privileges/name";
import { at } from "./check-server";
import type { Draft } from "./draft";
import { nearest, renderValue } from "./shape";
import type { GrantConfig } from "./stack-config";

/** What PostgreSQL can grant on each kind of object ("GRANT", table 5.2 of "Privileges"). */
const possible: Readonly<Record<string, readonly string[]>> = {
  database: ["CONNECT", "CREATE", "TEMPORARY"],
  schema: ["CREATE", "USAGE"],
  table: ["SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"],
  sequence: ["SELECT", "UPDATE", "USAGE"],
  function: ["EXECUTE"],
  type: ["USAGE"],
  language: ["USAGE"],
  largeObject: ["SELECT", "UPDATE"],
};

const ofColumns = ["SELECT", "INSERT", "UPDATE", "REFERENCES"];

/** What the types alone cannot tell about the explicit grants of a database's roles. */
export function checkGrants({ rolesPath, config }: Draft): Problem[] {
  return config.roles.flatMap(({ key, grants, retired }) => {
    const path = [...rolesPath, key, "grants"];
    if (retired !== undefined && grants.length > 0) {
      const hint = "remove the grants: a retired role loses its privileges";
      return at(path, { message: `${key} is retired`, hint });
    }
    const schemas = config.schemas.map(({ name }) => name);
    return grants.flatMap((grant, index) => checkGrant([...path, index], grant, schemas));
  });
}

/** CONNECT and its like are given by one statement for all roles that have them. */
function checkOption(path: Path, { grantOption }: GrantConfig): Problem[] {
  if (!grantOption) return [];
  const hint = "remove the line, and declare the grants of the other roles";
  return at([...path, "grantOption"], { message: "nobody passes on what is on a database", hint });
}

type Path = readonly (string | number)[];

function checkGrant(path: Path, grant: GrantConfig, schemas: readonly string[]): Problem[] {
  const [target, ...others] = Object.entries(grant.on);
  if (target === undefined || others.length > 0) {
    const message = target === undefined ? "it is on nothing" : "it is on several things";
    return at([...path, "on"], { message, hint: "name one, such as { table: app.orders }" });
  }
  const [word, name] = target as [string, string | true];
  if (name === true) return [...checkPrivileges(path, grant, word), ...checkOption(path, grant)];
  return [
    ...checkPrivileges(path, grant, word.replace(/sIn$/, "")),
    ...checkPlace([...path, "on", word], word, name, schemas),
  ];
}

function checkPrivileges(path: Path, { privileges, columns }: GrantConfig, kind: string): Problem[] {
  if (columns !== undefined && kind !== "table") {
    const hint = "remove columns, or name a table";
    return at([...path, "columns"], { message: `a ${kind} has no columns`, hint });
  }
  const all = columns === undefined ? [...(possible[kind] ?? []), "ALL"] : ofColumns;
  if (privileges.length === 0) {
    return at([...path, "privileges"], { message: "it is empty", hint: `name one of ${all.join(", ")}` });
  }
  return privileges.flatMap((privilege, index) => {
    if (all.includes(privilege.toUpperCase())) return [];
    const meant = nearest(privilege, all);
    const what = columns === undefined ? `a ${kind}` : "a column";
    return at([...path, "privileges", index], {
      message: `${renderValue(privilege)} is no privilege of ${what}`,
      hint: meant === undefined ? `it has ${all.join(", ")}` : `did you mean ${meant}?`,
    });
  });
}

/** Objects of schemas that nobody declared are left alone. */
function checkPlace(path: Path, word: string, name: string, schemas: readonly string[]): Problem[] {
  if (word === "language") return [];
  if (word === "largeObject") {
    if (/^\d+$/.test(name)) return [];
    return at(path, { message: `${renderValue(name)} is no number`, hint: 'write it such as "16400"' });
  }
  const isSchema = word === "schema" || word.endsWith("In");
  const parsed: SqlName | undefined = isSchema ? { path: [name] } : parseSqlName(name);
  const [schema = "", ...rest] = parsed?.path ?? [];
  if (parsed === undefined || rest.length > 1) {
    return at(path, { message: `${renderValue(name)} is no name`, hint: 'write it such as app."My table"' });
  }
  if (!isSchema && rest.length === 0) {
    return at(path, { message: `${renderValue(name)} does not say its schema`, hint: `write app.${name}` });
  }
  if (parsed.args !== undefined && word !== "function") {
    return at(path, { message: `${renderValue(name)} has arguments`, hint: "is it a function?" });
  }
  if (schemas.includes(schema)) return [];
  const meant = nearest(schema, schemas);
  return at(path, {
    message: `the database has no schema ${renderValue(schema)}`,
    hint: meant === undefined ? `declare it: schemas: { ${schema}: {} }` : `did you mean ${meant}?`,
  });
}
