import * as pulumi from "@pulumi/pulumi";
import { accessConnection, type Connection } from "./connection";
import type { Refusal } from "./core/statement";
import type { Database } from "./database";
import { Access } from "./providers/resources";
import type { Roles } from "./roles";
import type { Schemas } from "./schemas";

export interface ServerAccessControlArgs {
  readonly connection: Connection;
  readonly roles: readonly Roles[];
  readonly databases: readonly Database[];
  /** Losses that are allowed: `database <name>`; a refusal prints its exact entry. @default - none */
  readonly allowDataLoss?: readonly string[];
  /** Whether the databases are protected in Pulumi's state: a refusal then says how to unprotect. @default - true */
  readonly protect?: boolean;
}

/**
 * Keeps the roles and databases of a server as declared, and shows in every preview the statements that will do so:
 * what was changed by hand, and what the official resources do not update.
 */
export class ServerAccessControl extends pulumi.ComponentResource {
  readonly resource: Access;
  readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: ServerAccessControlArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:ServerAccessControl", name, {}, opts);

    this.resource = createServerAccess(name, args, this);

    this.refusals = this.resource.refusals;
    this.registerOutputs({});
  }
}

export interface DatabaseAccessControlArgs {
  readonly connection: Connection;
  readonly database: Database;
  readonly schemas: Schemas;
  /** Losses that are allowed: `schema <database>.<schema>`. @default - none */
  readonly allowDataLoss?: readonly string[];
  /** What has to be in order first: the server's access. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/** Keeps the schemas and extensions of a database as declared, and shows in every preview the statements for it. */
export class DatabaseAccessControl extends pulumi.ComponentResource {
  readonly resource: Access;
  readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: DatabaseAccessControlArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:DatabaseAccessControl", name, {}, opts);

    this.resource = createDatabaseAccess(name, args, this);

    this.refusals = this.resource.refusals;
    this.registerOutputs({});
  }
}

function createServerAccess(name: string, args: ServerAccessControlArgs, parent: pulumi.Resource): Access {
  const { connection, roles, databases } = args;
  return new Access(
    name,
    {
      scope: "server",
      connection: accessConnection(connection),
      roles: roles.flatMap(({ declared }) => declared),
      databases: databases.map(({ declared, resource }) => ({ ...declared, urn: resource.urn })),
      allowDataLoss: args.allowDataLoss ?? [],
      protect: args.protect ?? true,
    },
    {
      parent,
      ...withServer(connection),
      dependsOn: [
        ...roles.flatMap(({ resources }) => resources),
        ...databases.map(({ resource }) => resource),
      ],
    },
  );
}

function createDatabaseAccess(
  name: string,
  args: DatabaseAccessControlArgs,
  parent: pulumi.Resource,
): Access {
  const { connection, database, schemas } = args;
  return new Access(
    name,
    {
      scope: "database",
      connection: accessConnection(connection),
      database: database.declared.name,
      ...schemas.declared,
      allowDataLoss: args.allowDataLoss ?? [],
    },
    {
      parent,
      ...withServer(connection, database.resource),
      dependsOn: [database.resource, ...schemas.resources, ...(args.dependsOn ?? [])],
    },
  );
}

function withServer(connection: Connection, database?: pulumi.Resource): pulumi.CustomResourceOptions {
  const deletedWith = database ?? connection.deletedWith;
  return deletedWith === undefined ? {} : { deletedWith };
}
