import * as pulumi from "@pulumi/pulumi";
import { accessConnection, accessDeletedWith, type Connection } from "./connection";
import type { LossGateArgs } from "./core/backup-gate/place";
import { resolveServerAccess } from "./core/desired/server";
import type { SchemaMembers } from "./core/desired/schema-members";
import type { Refusal } from "./core/statement";
import type { Database } from "./database";
import { Access } from "./providers/resources";
import type { Roles } from "./roles";

/** A database with its roles and the members of its schemas. */
export interface AccessDatabase {
  readonly database: Database;
  readonly roles: Roles;
  /** Its schemas with their writers and readers, names of roles. Each schema has a group for both. */
  readonly schemas: readonly SchemaMembers[];
}

export interface ServerAccessControlArgs {
  readonly connection: Connection;
  readonly databases: readonly AccessDatabase[];
  /** Losses that are allowed: `database <name>`; a refusal prints its exact entry. @default - none */
  readonly allowDataLoss?: readonly string[];
  /** What a backup has to be before a database goes. @default - none is asked for */
  readonly gate?: LossGateArgs;
  /** Whether the databases are protected in Pulumi's state: a refusal then says how to unprotect. @default - true */
  readonly protect?: boolean;

  /**
   * Whether this stack owns what belongs to the server and not to a database: it says so in `pgstead.owner`, and takes
   * CONNECT and TEMPORARY on `postgres` and `template1` from PUBLIC. One stack of a server may.
   *
   * @default - true
   */
  readonly ownsServer?: boolean;

  /**
   * Whether the server is for this stack alone: roles and databases that nobody declared are then reported as drift, and
   * left alone.
   *
   * @default - false: they belong to others
   */
  readonly exclusive?: boolean;

  /**
   * Whether databases and roles are marked as this stack's in `pgstead.owner`, so that another stack that declares them
   * as well is refused by name. For a server with several stacks.
   *
   * @default - false
   */
  readonly marks?: boolean;
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

function createServerAccess(name: string, args: ServerAccessControlArgs, parent: pulumi.Resource): Access {
  const { connection, databases } = args;
  const stack = `${pulumi.getProject()}/${pulumi.getStack()}`;
  const plan = resolveServerAccess({
    databases: databases.map(({ database, roles, schemas }) => ({
      database: database.declaration,
      roles: roles.declarations,
      schemas,
    })),
    allowDataLoss: args.allowDataLoss ?? [],
    protect: args.protect ?? true,
    exclusive: args.exclusive ?? false,
    ...(args.ownsServer === false ? {} : { stack }),
    ...(args.marks === true ? { markedAs: stack } : {}),
  });
  const verifiers = new Map(databases.flatMap(({ roles }) => [...roles.verifiers]));
  const urns = new Map(databases.map(({ database }) => [database.declared.name, database.resource.urn]));
  return new Access(
    name,
    {
      scope: "server",
      connection: accessConnection(connection),
      ...plan,
      ...(args.gate === undefined ? {} : { gate: args.gate }),
      made: Object.fromEntries([
        ...databases.flatMap(({ roles }) => [...roles.ids].map(([role, id]) => [`role ${role}`, id])),
        ...databases.map(({ database }) => [`database ${database.declared.name}`, database.resource.id]),
      ]) as Record<string, pulumi.Output<string>>,
      roles: plan.roles.map((role) => ({ ...role, ...present("verifier", verifiers.get(role.name)) })),
      databases: plan.databases.map((one) => ({ ...one, ...present("urn", urns.get(one.name)) })),
    },
    {
      parent,
      ...accessDeletedWith(connection),
      dependsOn: databases.flatMap(({ roles, database }) => [...roles.resources, database.resource]),
    },
  );
}

function present<Name extends string, Value>(
  name: Name,
  value: Value | undefined,
): Partial<Record<Name, Value>> {
  return value === undefined ? {} : ({ [name]: value } as Record<Name, Value>);
}
