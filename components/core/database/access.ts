import type {
  DatabaseAccess,
  DatabaseCatalog,
  ActualSchema,
  DesiredExtension,
  ActualExtension,
  DesiredSchema,
} from "./model";
import { ownSchema, usualExtension } from "../born-with";
import { quoteIdentifier, quoteLiteral } from "../identifier";
import { byName } from "../lists";
import { planLeaving } from "./leaving";
import { planSamples } from "../operations/sample-tables";
import { planSchemaPrivileges } from "../privileges/schemas";
import type { Plan, Statement, Undeclared } from "../statement";

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
  const samples = desired.samples === true ? planSamples(actual.samples, desired.database) : undefined;
  return {
    statements: [
      ...byName(desired.schemas).flatMap((schema) =>
        diffSchema(schema, schemas.get(schema.name), knownSchemas.has(schema.name)),
      ),
      ...byName(desired.extensions).flatMap((extension) =>
        diffExtension(extension, extensions.get(extension.name), knownExtensions.has(extension.name)),
      ),
      ...gone.statements,
      ...(privileges?.statements ?? []),
      ...(samples?.statements ?? []),
    ],
    ...(gone.losses === undefined ? {} : { losses: gone.losses }),
    refusals: [...gone.refusals, ...(privileges?.refusals ?? []), ...(samples?.refusals ?? [])],
    undeclared: [...(privileges?.undeclared ?? []), ...findUndeclared(desired, before, actual)],
  };
}

/** Schemas and extensions that somebody made by hand: reported, and left alone. */
function findUndeclared(
  desired: DatabaseAccess,
  before: DatabaseAccess | undefined,
  actual: DatabaseCatalog,
): Undeclared[] {
  const find = (
    kind: "schema" | "extension",
    known: readonly Named[],
    found: readonly Named[],
  ): Undeclared[] => {
    const names = new Set(known.map(({ name }) => name));
    const others = byName(found.filter(({ name }) => !names.has(name)));
    return others.map(({ name }) => ({
      kind,
      subject: `${kind} ${desired.database}.${name}`,
      message: "nobody declared it",
    }));
  };
  const last = before ?? { schemas: [], extensions: [] };
  return [
    ...find(
      "schema",
      [{ name: "public" }, { name: ownSchema }, ...desired.schemas, ...last.schemas],
      actual.schemas.filter(({ ofExtension }) => ofExtension !== true),
    ),
    ...find(
      "extension",
      [{ name: usualExtension }, ...desired.extensions, ...last.extensions],
      actual.extensions,
    ),
  ];
}

interface Named {
  readonly name: string;
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
