import { quoteIdentifier, quoteLiteral } from "../identifier";
import type { DesiredSettings } from "./role-settings";
import type { AclItem } from "./acl";
import type { Refusal, Statement } from "../statement";

/** A database as it is to be. */
export interface DesiredDatabase {
  readonly name: string;
  readonly owner: string;
  /** Fixed at birth, as are the two locales and the template. */
  readonly encoding: string;
  readonly lcCollate: string;
  readonly lcCtype: string;
  readonly template: string;
  readonly connectionLimit: number;
  /** Roles that may connect (`CONNECT`), beside its owner. */
  readonly connect: readonly string[];
  /** Roles that may make temporary tables (`TEMPORARY`), beside its owner. */
  readonly temporary: readonly string[];
  /** Roles that may make schemas in it (`CREATE`), beside its owner. */
  readonly create?: readonly string[];
  /** `ALTER DATABASE … SET`. */
  readonly settings: DesiredSettings;
  /** True: what nobody declared (privileges, members of its groups) is taken away rather than reported. */
  readonly authoritative: boolean;
  /** True: its privileges stay as they are. */
  readonly keepPrivileges?: boolean;
  /** Its official resource in Pulumi's state, for the command that unprotects it. */
  readonly urn?: string;
}

/** A database as the server has it. */
export interface ActualDatabase {
  readonly name: string;
  readonly owner: string;
  readonly encoding: string;
  readonly lcCollate: string;
  readonly lcCtype: string;
  readonly connectionLimit: number;
  readonly allowConnections: boolean;
  readonly sizeBytes: number | null;
  readonly acl: readonly AclItem[];
}

/** What is said of a database where it is made and changed. */
export type DatabaseAttributes = Omit<
  DesiredDatabase,
  "connect" | "temporary" | "create" | "settings" | "authoritative" | "keepPrivileges"
>;

/** The statements that make a database what it is to be: none where it is. */
export function diffDatabase(desired: DatabaseAttributes, actual: ActualDatabase | undefined): Statement[] {
  const database = quoteIdentifier(desired.name);
  if (actual === undefined) return [createDatabase(desired)];
  const statements: Statement[] = [];
  if (actual.owner !== desired.owner) {
    const sql = `ALTER DATABASE ${database} OWNER TO ${quoteIdentifier(desired.owner)}`;
    statements.push({ sql, reason: `the server has owner ${actual.owner}`, risk: "access", kind: "owner" });
  }
  if (!actual.allowConnections) {
    const sql = `ALTER DATABASE ${database} ALLOW_CONNECTIONS true`;
    statements.push({
      sql,
      reason: "the server takes no connections to it",
      risk: "access",
      kind: "database",
    });
  }
  if (actual.connectionLimit !== desired.connectionLimit) {
    const sql = `ALTER DATABASE ${database} CONNECTION LIMIT ${desired.connectionLimit}`;
    statements.push({
      sql,
      reason: `the server has CONNECTION LIMIT ${actual.connectionLimit}`,
      risk: "access",
      kind: "database",
    });
  }
  return statements;
}

export function createDatabase(desired: DatabaseAttributes): Statement {
  const options = [
    `OWNER ${quoteIdentifier(desired.owner)}`,
    `TEMPLATE ${quoteIdentifier(desired.template)}`,
    `ENCODING ${quoteLiteral(desired.encoding)}`,
    `LC_COLLATE ${quoteLiteral(desired.lcCollate)}`,
    `LC_CTYPE ${quoteLiteral(desired.lcCtype)}`,
    ...(desired.connectionLimit === -1 ? [] : [`CONNECTION LIMIT ${desired.connectionLimit}`]),
  ];
  return {
    sql: `CREATE DATABASE ${quoteIdentifier(desired.name)} ${options.join(" ")}`,
    reason: "declared and not on the server",
    risk: "none",
    kind: "database",
    transactional: false,
  };
}

/** What cannot change in a database that exists: always refused, as the only way is a new one and a copy. */
export function refuseFixed(
  desired: DatabaseAttributes,
  before: DatabaseAttributes | undefined,
  actual: ActualDatabase | undefined,
): Refusal[] {
  const has = {
    encoding: actual?.encoding ?? before?.encoding,
    lcCollate: actual?.lcCollate ?? before?.lcCollate,
    lcCtype: actual?.lcCtype ?? before?.lcCtype,
    template: before?.template, // the catalogue does not keep it
  };
  return (["encoding", "lcCollate", "lcCtype", "template"] as const).flatMap((property) => {
    const was = has[property];
    if (was === undefined || was === desired[property]) return [];
    return [
      {
        subject: `database ${desired.name}`,
        message: `its ${property} cannot change from ${was} to ${desired[property]}`,
        hint: `set it back to ${was}, or declare a new database beside it, copy the data, and remove the old one`,
      },
    ];
  });
}
