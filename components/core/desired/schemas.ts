import type { DesiredExtension, DesiredSchema } from "../database/model";

/** A schema as a user declares it; without an owner it is the database's. */
export interface SchemaDeclaration {
  readonly name: string;
  readonly owner?: string;
  /** It holds the trail of an audit: its readers read, and nobody writes. */
  readonly trail?: true;
}

/** An extension as a user declares it; without a schema it is in `public`. */
export interface ExtensionDeclaration {
  readonly name: string;
  readonly schema?: string;
  readonly version?: string;
}

export interface SchemasDeclaration {
  /** The database's owner. */
  readonly owner: string;
  readonly schemas?: readonly SchemaDeclaration[];
  readonly extensions?: readonly ExtensionDeclaration[];
}

export interface DesiredSchemas {
  readonly schemas: readonly DesiredSchema[];
  readonly extensions: readonly DesiredExtension[];
}

/** Fills in what was left out. `public` belongs to whoever owns the database (`pg_database_owner`), as PostgreSQL has it. */
export function resolveSchemas({ owner, schemas = [], extensions = [] }: SchemasDeclaration): DesiredSchemas {
  assertUnique("schemas", schemas);
  assertUnique("extensions", extensions);
  const others = schemas.filter(({ name }) => name !== "public");
  const declared = schemas.find(({ name }) => name === "public");
  return {
    schemas: [
      { name: "public", owner: declared?.owner ?? "pg_database_owner" },
      ...others.map(({ name, owner: own, trail }) => ({
        name,
        owner: own ?? owner,
        ...(trail === true ? { trail } : {}),
      })),
    ],
    extensions: extensions.map((extension) => ({ schema: "public", ...extension })),
  };
}

function assertUnique(what: string, declared: readonly { readonly name: string }[]): void {
  const twice = declared
    .map(({ name }) => name)
    .filter((name, index, names) => names.indexOf(name) !== index);
  if (twice.length > 0) throw new Error(`${what} declared twice: ${[...new Set(twice)].join(", ")}`);
}
