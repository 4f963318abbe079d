import type {
  ActualExtension,
  ActualSchema,
  DatabaseAccess,
  DatabaseCatalog,
  DesiredExtension,
} from "./model";
import { mayBeLost, needsNoBackup, withoutBackup } from "../allowed-loss";
import { quoteIdentifier } from "../identifier";
import { keepTrail } from "../audit/model";
import type { Loss, Plan, Refusal, Statement } from "../statement";

/**
 * What the schemas and extensions need that leave a database in this run. Their official resources drop them at its end
 * with RESTRICT, and fail for ever where that cannot be, or where there is nothing to drop.
 */
export function planLeaving(
  desired: DatabaseAccess,
  before: DatabaseAccess | undefined,
  actual: DatabaseCatalog,
): Plan {
  const found = new Map(actual.schemas.map((schema) => [schema.name, schema]));
  const declared = [...desired.extensions, ...(before?.extensions ?? [])];
  const schemas = leave(before?.schemas, desired.schemas)
    .filter(({ name }) => name !== "public")
    .flatMap(({ name }) => found.get(name) ?? [])
    .map((schema) => withStrangers(schema, declared, actual));
  const extensions = leave(before?.extensions, desired.extensions);
  const leaving = new Set(extensions.map(({ name }) => name));
  const present = actual.extensions.filter(({ name }) => leaving.has(name));
  const losses = schemas.flatMap((schema) => lossOf(desired, schema));
  const emptied = new Set(schemas.filter((schema) => isEmptied(desired, schema)).map(({ name }) => name));
  return {
    statements: [
      ...schemas.flatMap((schema) => emptySchema(desired, schema)),
      // CASCADE took them along.
      ...present.filter(({ schema }) => emptied.has(schema)).map(createForDeletion),
      ...extensions
        .filter(({ name }) => !present.some((extension) => extension.name === name))
        .map(createForDeletion),
    ],
    ...(losses.length === 0 ? {} : { losses }),
    refusals: [
      ...schemas.flatMap((schema) => [
        ...refuseLostSchema(desired, schema, before),
        ...refuseTakingAlong(schema),
      ]),
      ...present.filter(({ schema }) => !emptied.has(schema)).flatMap(refuseNeededExtension),
    ],
  };
}

function createForDeletion({ name, schema }: { readonly name: string; readonly schema: string }): Statement {
  return {
    sql: `CREATE EXTENSION ${quoteIdentifier(name)} SCHEMA ${quoteIdentifier(schema)}`,
    reason: "left for its official resource to drop, which fails where there is nothing",
    risk: "none",
    kind: "extension",
  };
}

function refuseNeededExtension({ name, dependents }: ActualExtension): Refusal[] {
  if (dependents.length === 0) return [];
  return [
    {
      subject: `extension ${name}`,
      message: `it left the configuration and is in use: ${renderDependents(dependents)}`,
      hint: "declare it again, or change or drop what depends on it first",
    },
  ];
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
function emptySchema(desired: DatabaseAccess, schema: ActualSchema): Statement[] {
  if (!isEmptied(desired, schema)) return [];
  const name = quoteIdentifier(schema.name);
  return [
    {
      sql: `DROP SCHEMA ${name} CASCADE`,
      reason: `it left the configuration, with ${renderContents(schema)}: allowed by "${lossEntry(desired, schema)}"`,
      risk: "data-loss",
      kind: "schema",
    },
    {
      sql: `CREATE SCHEMA ${name} AUTHORIZATION ${quoteIdentifier(schema.owner)}`,
      reason: "left empty for its official resource to drop",
      risk: "none",
      kind: "schema",
    },
  ];
}

function refuseLostSchema(
  desired: DatabaseAccess,
  schema: ActualSchema,
  before: DatabaseAccess | undefined,
): Refusal[] {
  const entry = lossEntry(desired, schema);
  if (schema.contents.length === 0 || mayBeLost(desired.allowDataLoss, entry)) return [];
  const isTrail = before?.schemas.some(({ name, trail }) => name === schema.name && trail === true) === true;
  return [
    {
      subject: entry,
      message: `it left the configuration and is not empty: ${renderContents(schema)} would be lost`,
      hint: isTrail
        ? keepTrail
        : `declare it again, or allow the loss with pgstead:allowDataLoss: ["${entry}"]`,
    },
  ];
}

/** CASCADE would take what lies in other schemas as well: no word of the configuration allows that. */
function refuseTakingAlong(schema: ActualSchema): Refusal[] {
  if (schema.dependents.length === 0) return [];
  return [
    {
      subject: `schema ${schema.name}`,
      message: `it left the configuration, and what lies outside of it depends on it: ${renderDependents(schema.dependents)}`,
      hint: "declare it again, or change or drop what depends on it first",
    },
  ];
}

function isEmptied(desired: DatabaseAccess, schema: ActualSchema): boolean {
  const isAllowed = mayBeLost(desired.allowDataLoss, lossEntry(desired, schema));
  return schema.contents.length > 0 && schema.dependents.length === 0 && isAllowed;
}

/** What is allowed to go, and is to be in a backup. */
function lossOf(desired: DatabaseAccess, schema: ActualSchema): Loss[] {
  const entry = lossEntry(desired, schema);
  const { database, allowDataLoss, gate } = desired;
  if (gate === undefined || !isEmptied(desired, schema) || needsNoBackup(allowDataLoss, entry)) return [];
  const message = `it left the configuration with ${renderContents(schema)}`;
  return [{ database, subject: entry, message, entry: `${entry}${withoutBackup}` }];
}

function lossEntry(desired: DatabaseAccess, schema: ActualSchema): string {
  return `schema ${desired.database}.${schema.name}`;
}

function renderContents({ contents }: ActualSchema): string {
  return contents.map(({ kind, count }) => `${count} ${kind}${count === 1 ? "" : "s"}`).join(", ");
}

/** Longest list of names in a message. */
const maxNames = 5;

function renderDependents(dependents: readonly string[]): string {
  const rest = dependents.length - maxNames;
  return `${dependents.slice(0, maxNames).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

function leave<Item extends { readonly name: string }>(
  before: readonly Item[] | undefined,
  desired: readonly { readonly name: string }[],
): readonly Item[] {
  const staying = new Set(desired.map(({ name }) => name));
  return (before ?? []).filter(({ name }) => !staying.has(name));
}
