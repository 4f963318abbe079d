import { identifierBytes, maxIdentifierBytes } from "../../components/core/identifier";
import { renderValue } from "./shape";

/** What is wrong, and what to do about it. */
export interface Fault {
  readonly message: string;
  readonly hint: string;
}

const pattern = /^[\p{L}_][\p{L}\p{N}_$-]*$/u;

/**
 * What is wrong with a name of a database, schema or role: PostgreSQL itself takes anything between quotes, but a name
 * also stands in connection URIs, in paths of the configuration and in `allowDataLoss`.
 */
export function nameFault(name: string): Fault | undefined {
  if (!pattern.test(name)) {
    return {
      message: `${renderValue(name)} is not a name`,
      hint: "start with a letter or _, and go on with letters, digits, _, $ and -",
    };
  }
  return lengthFault(name);
}

export function lengthFault(name: string): Fault | undefined {
  const bytes = identifierBytes(name);
  if (bytes <= maxIdentifierBytes) return undefined;
  return {
    message: `${name} has ${bytes} bytes, and PostgreSQL keeps ${maxIdentifierBytes} of a name`,
    hint: `choose a name of at most ${maxIdentifierBytes} bytes`,
  };
}

export function databaseNameFault(name: string): Fault | undefined {
  if (["postgres", "template0", "template1"].includes(name)) {
    return { message: `${name} is a database that every server has`, hint: "choose another name" };
  }
  return nameFault(name);
}

export function schemaNameFault(name: string): Fault | undefined {
  if (name.startsWith("pg_") || name === "information_schema") {
    return {
      message: `${name} is reserved for PostgreSQL`,
      hint: "choose another name, without pg_ in front",
    };
  }
  if (name === "pgstead") {
    return { message: "pgstead is the schema of pgstead's own tables", hint: "choose another name" };
  }
  return nameFault(name);
}

/** What is wrong with a role's name on the server. */
export function roleNameFault(name: string): Fault | undefined {
  if (name.startsWith("pg_") || name === "public" || name === "none") {
    return {
      message: `${name} is reserved for PostgreSQL`,
      hint: "choose another name, without pg_ in front",
    };
  }
  return nameFault(name);
}
