import { quoteIdentifier, quoteLiteral } from "./identifier";
import type { Plan, Refusal, Statement } from "./statement";

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
}

export interface ActualSchema {
  readonly name: string;
  readonly owner: string;
  /** What it holds, by kind: `table` 3, `function` 1; members of extensions do not count. */
  readonly contents: readonly { readonly kind: string; readonly count: number }[];
}

export interface ActualExtension {
  readonly name: string;
  readonly schema: string;
  readonly version: string;
}

export interface DatabaseCatalog {
  readonly schemas: readonly ActualSchema[];
  readonly extensions: readonly ActualExtension[];
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
  const leaving = leavingSchemas(desired, before)
    .flatMap(({ name }) => schemas.get(name) ?? [])
    .map((schema) => withStrangers(schema, [...desired.extensions, ...(before?.extensions ?? [])], actual));
  const leavingExtensions = actual.extensions.filter(
    ({ name }) =>
      knownExtensions.has(name) && !desired.extensions.some((extension) => extension.name === name),
  );
  return {
    statements: [
      ...sorted(desired.schemas).flatMap((schema) =>
        diffSchema(schema, schemas.get(schema.name), knownSchemas.has(schema.name)),
      ),
      ...sorted(desired.extensions).flatMap((extension) =>
        diffExtension(extension, extensions.get(extension.name), knownExtensions.has(extension.name)),
      ),
      ...leaving.flatMap((schema) => emptySchema(desired, schema, leavingExtensions)),
    ],
    refusals: leaving.flatMap((schema) => refuseLostSchema(desired, schema)),
  };
}

function diffSchema(desired: DesiredSchema, actual: ActualSchema | undefined, known: boolean): Statement[] {
  const [schema, owner] = [quoteIdentifier(desired.name), quoteIdentifier(desired.owner)];
  if (actual === undefined) {
    const sql = `CREATE SCHEMA ${schema} AUTHORIZATION ${owner}`;
    return [missing(sql, known || desired.name === "public")];
  }
  if (actual.owner === desired.owner) return [];
  const sql = `ALTER SCHEMA ${schema} OWNER TO ${owner}`;
  return [{ sql, reason: `the server has owner ${actual.owner}`, risk: "access" }];
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
    return [missing(version === "" ? sql : `${sql} VERSION ${version}`, known)];
  }
  const statements: Statement[] = [];
  if (desired.version !== undefined && desired.version !== actual.version) {
    const sql = `ALTER EXTENSION ${extension} UPDATE TO ${version}`;
    statements.push({ sql, reason: `the server has version ${actual.version}`, risk: "lock" });
  }
  if (actual.schema !== desired.schema) {
    const sql = `ALTER EXTENSION ${extension} SET SCHEMA ${schema}`;
    statements.push({ sql, reason: `the server has it in schema ${actual.schema}`, risk: "access" });
  }
  return statements;
}

/** What the last run did not know, and is not there, is made by its official resource. */
function missing(sql: string, known: boolean): Statement {
  const reason = "declared and not on the server";
  return { sql, reason, risk: "none", ...(known ? {} : { by: "@pulumi/postgresql" as const }) };
}

function leavingSchemas(
  desired: DatabaseAccess,
  before: DatabaseAccess | undefined,
): readonly DesiredSchema[] {
  const staying = new Set(desired.schemas.map(({ name }) => name));
  return (before?.schemas ?? []).filter(({ name }) => !staying.has(name) && name !== "public");
}

/**
 * Adds the extensions that somebody installed into a schema by hand to what it holds. Declared ones do not count: one
 * that stays is moved to its own schema first, and one that leaves is dropped by its official resource first.
 */
function withStrangers(
  schema: ActualSchema,
  declared: readonly DesiredExtension[],
  actual: DatabaseCatalog,
): ActualSchema {
  const ours = new Set(declared.map(({ name }) => name));
  const count = actual.extensions.filter(
    (found) => found.schema === schema.name && !ours.has(found.name),
  ).length;
  return count === 0 ? schema : { ...schema, contents: [...schema.contents, { kind: "extension", count }] };
}

/** The official deletion is RESTRICT: a schema whose loss is allowed is emptied before it. */
function emptySchema(
  desired: DatabaseAccess,
  schema: ActualSchema,
  leavingExtensions: readonly ActualExtension[],
): Statement[] {
  if (schema.contents.length === 0 || !isLossAllowed(desired, schema)) return [];
  const name = quoteIdentifier(schema.name);
  return [
    {
      sql: `DROP SCHEMA ${name} CASCADE`,
      reason: `it left the configuration, with ${renderContents(schema)}: allowed by "${lossEntry(desired, schema)}"`,
      risk: "data-loss",
    },
    {
      sql: `CREATE SCHEMA ${name} AUTHORIZATION ${quoteIdentifier(schema.owner)}`,
      reason: "left empty for its official resource to drop",
      risk: "none",
    },
    // CASCADE took them, and their official resources fail where there is nothing to drop.
    ...leavingExtensions
      .filter((extension) => extension.schema === schema.name)
      .map((extension) => ({
        sql: `CREATE EXTENSION ${quoteIdentifier(extension.name)} SCHEMA ${name}`,
        reason: "left for its official resource to drop",
        risk: "none" as const,
      })),
  ];
}

function refuseLostSchema(desired: DatabaseAccess, schema: ActualSchema): Refusal[] {
  if (schema.contents.length === 0 || isLossAllowed(desired, schema)) return [];
  const entry = lossEntry(desired, schema);
  return [
    {
      subject: entry,
      message: `it left the configuration and is not empty: ${renderContents(schema)} would be lost`,
      hint: `declare it again, or allow the loss with pgstead:allowDataLoss: ["${entry}"]`,
    },
  ];
}

function isLossAllowed(desired: DatabaseAccess, schema: ActualSchema): boolean {
  return desired.allowDataLoss.includes(lossEntry(desired, schema));
}

function lossEntry(desired: DatabaseAccess, schema: ActualSchema): string {
  return `schema ${desired.database}.${schema.name}`;
}

function renderContents(schema: ActualSchema): string {
  return schema.contents.map(({ kind, count }) => `${count} ${kind}${count === 1 ? "" : "s"}`).join(", ");
}

function sorted<Item extends { readonly name: string }>(items: readonly Item[]): Item[] {
  return items.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
