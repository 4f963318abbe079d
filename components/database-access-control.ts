import * as pulumi from "@pulumi/pulumi";
import { accessConnection, accessDeletedWith, type Connection } from "./connection";
import type { LossGateArgs } from "./core/backup-gate/place";
import { resolvePrivileges } from "./core/desired/objects";
import type { Refusal } from "./core/statement";
import type { Database } from "./database";
import { Access } from "./providers/resources";
import type { Roles } from "./roles";
import type { Schemas } from "./schemas";

export interface DatabaseAccessControlArgs {
  readonly connection: Connection;
  readonly database: Database;
  readonly schemas: Schemas;
  /** The roles of the database: whose privileges follow from what is declared. */
  readonly roles: Roles;
  /** Whether samples of statements and sizes are kept in it. @default - false */
  readonly samples?: boolean;
  /** Losses that are allowed: `schema <database>.<schema>`. @default - none */
  readonly allowDataLoss?: readonly string[];
  /** What a backup has to be before a schema goes with its content. @default - none is asked for */
  readonly gate?: LossGateArgs;
  /** What has to be in order first: the server's access. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/**
 * Keeps the schemas and extensions of a database as declared, with the privileges of schemas and the default privileges
 * of what is made in them, and shows in every preview the statements for it.
 */
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

function createDatabaseAccess(
  name: string,
  args: DatabaseAccessControlArgs,
  parent: pulumi.Resource,
): Access {
  const { connection, database, schemas, roles } = args;
  const privileges = resolvePrivileges({
    database: database.declaration,
    ...schemas.declared,
    roles: roles.declarations,
  });
  return new Access(
    name,
    {
      scope: "database",
      connection: accessConnection(connection),
      database: database.declared.name,
      ...schemas.declared,
      ...(args.samples === true ? { samples: true } : {}),
      allowDataLoss: args.allowDataLoss ?? [],
      ...(args.gate === undefined ? {} : { gate: args.gate }),
      ...(privileges === undefined ? {} : { privileges: { ...privileges, manager: connection.user } }),
    },
    {
      parent,
      ...accessDeletedWith(connection, database.resource),
      dependsOn: [database.resource, ...schemas.resources, ...(args.dependsOn ?? [])],
    },
  );
}
