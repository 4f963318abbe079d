import * as pulumi from "@pulumi/pulumi";
import { accessConnection, accessDeletedWith, type Connection } from "./connection";
import type { PendingFile } from "./core/migrations/made-objects";
import { resolvePrivileges } from "./core/desired/objects";
import type { Refusal } from "./core/statement";
import type { Database } from "./database";
import { Access } from "./providers/resources";
import type { Roles } from "./roles";
import type { Schemas } from "./schemas";

export interface ObjectsAccessControlArgs {
  readonly connection: Connection;
  readonly database: Database;
  readonly roles: Roles;
  /** The declared schemas: what is in others is left alone. */
  readonly schemas: Schemas;
  /** Files of migrations that are to be applied before it, and what they make: the preview plans with that. */
  readonly after?: pulumi.Output<PendingFile[]>;
  /** What has to be in order first: the database's access, and what makes its objects. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/**
 * Keeps owners and privileges of everything inside of declared schemas as declared: tables, views, columns, sequences,
 * functions, procedures, types; languages and large objects that grants name. Its cost: one read of the catalogue in a
 * preview, and one transaction where something differs.
 *
 * What is made later needs no other run, by the default privileges of `DatabaseAccessControl`.
 */
export class ObjectsAccessControl extends pulumi.ComponentResource {
  readonly resource: Access;
  readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: ObjectsAccessControlArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:ObjectsAccessControl", name, {}, opts);

    this.resource = createObjectsAccess(name, args, this);

    this.refusals = this.resource.refusals;
    this.registerOutputs({});
  }
}

function createObjectsAccess(name: string, args: ObjectsAccessControlArgs, parent: pulumi.Resource): Access {
  const { connection, database, roles, schemas } = args;
  const privileges = resolvePrivileges({
    database: database.declaration,
    schemas: schemas.declared.schemas,
    extensions: [], // their members are theirs
    roles: roles.declarations,
  });
  if (privileges === undefined) {
    throw new Error(
      `database ${database.declared.name} keeps its privileges: there is nothing to look after`,
    );
  }
  return new Access(
    `${name}-objects`,
    {
      scope: "objects",
      connection: accessConnection(connection),
      database: database.declared.name,
      privileges: { ...privileges, manager: connection.user },
      ...(args.after === undefined ? {} : { after: args.after }),
    },
    {
      parent,
      ...accessDeletedWith(connection, database.resource),
      dependsOn: [...(args.dependsOn ?? [])],
    },
  );
}
