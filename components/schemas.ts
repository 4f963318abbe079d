import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import { createOnly, type Connection } from "./connection";
import type { DesiredExtension, DesiredSchema } from "./core/database/model";
import { resolveSchemas, type DesiredSchemas } from "./core/desired/schemas";
import type { Database } from "./database";

export interface SchemaArgs {
  readonly name: string;
  /** @default - the database's owner */
  readonly owner?: string;
  /** It holds the trail of an `Audit`: its readers read, and nobody writes. @default - an ordinary schema */
  readonly trail?: true;
}

export interface ExtensionArgs {
  /** Name as in `CREATE EXTENSION`, such as `pg_trgm`. */
  readonly name: string;

  /**
   * Schema that its objects go to. A change is ALTER EXTENSION … SET SCHEMA.
   *
   * @default - `public`
   */
  readonly schema?: string;

  /**
   * Version to hold it at (`VERSION`). A change is ALTER EXTENSION … UPDATE TO.
   *
   * @default - the server's default version when it is made, and no change afterwards
   */
  readonly version?: string;
}

export interface SchemasArgs {
  readonly connection: Connection;
  readonly database: Database;
  /** Schemas beside `public`, which every database has; taking one away is refused while it holds something. */
  readonly schemas?: readonly SchemaArgs[];
  readonly extensions?: readonly ExtensionArgs[];
  /** What has to be there first: the owners. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/**
 * Schemas and extensions of a database.
 *
 * @example
 * new Schemas("shop", { connection, database, schemas: [{ name: "app" }], extensions: [{ name: "pg_trgm" }] });
 */
export class Schemas extends pulumi.ComponentResource {
  /** What `AccessControl` looks after. */
  readonly declared: DesiredSchemas;
  /** The official resources, for `dependsOn`. */
  readonly resources: readonly pulumi.Resource[];

  constructor(name: string, args: SchemasArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = resolveSchemas({ ...args, owner: args.database.declared.owner });
    super("pg:index:Schemas", name, {}, opts);

    const schemas = createSchemas(name, args, plan.schemas, this);
    const extensions = createExtensions(name, args, plan.extensions, schemas, this);

    this.declared = plan;
    this.resources = [...schemas, ...extensions];
    this.registerOutputs({});
  }
}

function createSchemas(
  name: string,
  args: SchemasArgs,
  schemas: readonly DesiredSchema[],
  parent: pulumi.Resource,
): pulumi.Resource[] {
  const { resource } = args.database;
  const options = createOnly(
    args.connection,
    ["database", "dropCascade", "ifNotExists", "name", "owner", "policies"],
    resource,
  );
  return schemas
    .filter((schema) => schema.name !== "public") // every database is born with it
    .map(
      (schema) =>
        new postgresql.Schema(
          `${name}-${schema.name}`,
          { name: schema.name, owner: schema.owner, database: resource.name, dropCascade: false },
          { parent, ...options, dependsOn: [...(args.dependsOn ?? [])] },
        ),
    );
}

const extensionProperties = ["createCascade", "database", "dropCascade", "name", "schema", "version"];

function createExtensions(
  name: string,
  args: SchemasArgs,
  extensions: readonly DesiredExtension[],
  schemas: pulumi.Resource[],
  parent: pulumi.Resource,
): pulumi.Resource[] {
  const { resource } = args.database;
  const options = createOnly(args.connection, extensionProperties, resource);
  return extensions.map(
    (extension) =>
      new postgresql.Extension(
        `${name}-${extension.name}`,
        { ...extension, database: resource.name },
        { parent, ...options, dependsOn: [...schemas, ...(args.dependsOn ?? [])] },
      ),
  );
}
