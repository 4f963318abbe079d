import { quoteIdentifier, quoteLiteral } from "../identifier";
import { planLeaving } from "./leaving";
import { everybody, type AclItem } from "../privileges/acl";
import type { PrivilegesDeclaration } from "../privileges/declaration";
import type { DefaultsCatalog } from "../privileges/default-privileges";
import { planSchemaPrivileges } from "../privileges/schemas";
import type { Plan, Statement } from "../statement";

export interface DesiredSchema {
  readonly name: string;
  readonly owner: string;
}

export interface DesiredExtension {
  readonly name: string;
  readonly schema: string;
  /** Default: whatever version is installed; a new one has the server's default version. */
  readonly version?: string;
}

/** What `Access` of scope database declares: schemas and extensions of a database. */
export interface DatabaseAccess {
  readonly database: string;
  readonly schemas: readonly DesiredSchema[];
  readonly extensions: readonly DesiredExtension[];
  readonly allowDataLoss: readonly string[];
  /** From which the privileges of schemas and the default privileges follow; absent: those stay as they are. */
  readonly privileges?: PrivilegesDeclaration;
}

export interface ActualSchema {
  readonly name: string;
  readonly owner: string;
  readonly acl: readonly AclItem[];
  /** What it holds, by kind: `table` 3, `function` 1; members of extensions do not count. */
  readonly contents: readonly { readonly kind: string; readonly count: number }[];
  /** What lies elsewhere and depends on what it holds, as `pg_describe_object` names it. */
  readonly dependents: readonly string[];
}

export interface ActualExtension {
  readonly name: string;
  readonly schema: string;
  readonly version: string;
  /** What depends on its members and is none of them, as `pg_describe_object` names it. */
  readonly dependents: readonly string[];
}

export interface DatabaseCatalog extends DefaultsCatalog {
  readonly schemas: readonly ActualSchema[];
  readonly extensions: readonly ActualExtension[];
}

/** A database as `CREATE DATABASE` leaves it, for a plan against one that is not there yet. */
export function newDatabaseCatalog(): DatabaseCatalog {
  const owner = "pg_database_owner";
  const item = (grantee: string) => (privilege: string) => ({
    grantee,
    grantor: owner,
    privilege,
    grantable: false,
  });
  const acl = [...["USAGE", "CREATE"].map(item(owner)), item(everybody)("USAGE")];
  return {
    schemas: [{ name: "public", owner, acl, contents: [], dependents: [] }],
    extensions: [],
    defaults: [],
    all: {
      n: ["USAGE", "CREATE"],
      r: ["INSERT", "SELECT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN"],
      S: ["SELECT", "UPDATE", "USAGE"],
      f: ["EXECUTE"],
      T: ["USAGE"],
    },
    unreachable: [],
  };
}

/**
 * The statements that bring schemas and extensions of a database to what is declared, and what may not be done.
 *
 * @param before what the last run declared: what is in it and no more in `desired` leaves the database in this run
 */
export function planDatabaseAccess(
  desired: DatabaseAccess,
  before: DatabaseAccess | undefined,
  actual: DatabaseCatalog,
): Plan {
  const schemas = new Map(actual.schemas.map((schema) => [schema.name, schema]));
  const extensions = new Map(actual.extensions.map((extension) => [extension.name, extension]));
  const knownSchemas = new Set(before?.schemas.map(({ name }) => name));
  const knownExtensions = new Set(before?.extensions.map(({ name }) => name));
  const gone = planLeaving(desired, before, actual);
  const privileges =
    desired.privileges === undefined ? undefined : planSchemaPrivileges(desired.privileges, actual);
  return {
    statements: [
      ...sorted(desired.schemas).flatMap((schema) =>
        diffSchema(schema, schemas.get(schema.name), knownSchemas.has(schema.name)),
      ),
      ...sorted(desired.extensions).flatMap((extension) =>
        diffExtension(extension, extensions.get(extension.name), knownExtensions.has(extension.name)),
      ),
      ...gone.statements,
      ...(privileges?.statements ?? []),
    ],
    refusals: [...gone.refusals, ...(privileges?.refusals ?? [])],
    undeclared: privileges?.undeclared ?? [],
  };
}

function diffSchema(desired: DesiredSchema, actual: ActualSchema | undefined, known: boolean): Statement[] {
  const [schema, owner] = [quoteIdentifier(desired.name), quoteIdentifier(desired.owner)];
  if (actual === undefined) {
    const sql = `CREATE SCHEMA ${schema} AUTHORIZATION ${owner}`;
    return [missing(sql, "schema", known || desired.name === "public")];
  }
  if (actual.owner === desired.owner) return [];
  const sql = `ALTER SCHEMA ${schema} OWNER TO ${owner}`;
  return [{ sql, reason: `the server has owner ${actual.owner}`, risk: "access", kind: "owner" }];
}

function diffExtension(
  desired: DesiredExtension,
  actual: ActualExtension | undefined,
  known: boolean,
): Statement[] {
  const [extension, schema] = [quoteIdentifier(desired.name), quoteIdentifier(desired.schema)];
  const version = desired.version === undefined ? "" : quoteLiteral(desired.version).trim();
  if (actual === undefined) {
    const sql = `CREATE EXTENSION ${extension} SCHEMA ${schema}`;
    return [missing(version === "" ? sql : `${sql} VERSION ${version}`, "extension", known)];
  }
  const statements: Statement[] = [];
  if (desired.version !== undefined && desired.version !== actual.version) {
    const sql = `ALTER EXTENSION ${extension} UPDATE TO ${version}`;
    statements.push({
      sql,
      reason: `the server has version ${actual.version}`,
      risk: "lock",
      kind: "extension",
    });
  }
  if (actual.schema !== desired.schema) {
    const sql = `ALTER EXTENSION ${extension} SET SCHEMA ${schema}`;
    statements.push({
      sql,
      reason: `the server has it in schema ${actual.schema}`,
      risk: "access",
      kind: "extension",
    });
  }
  return statements;
}

/** What the last run did not know, and is not there, is made by its official resource. */
function missing(sql: string, kind: "schema" | "extension", known: boolean): Statement {
  const reason = "declared and not on the server";
  return { sql, reason, risk: "none", kind, ...(known ? {} : { by: "@pulumi/postgresql" as const }) };
}

function sorted<Item extends { readonly name: string }>(items: readonly Item[]): Item[] {
  return items.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
