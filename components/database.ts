import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import { createOnly, type Connection } from "./connection";
import type { DesiredDatabase } from "./core/server/database";
import { resolveDatabase, type DatabaseDeclaration } from "./core/desired/server";
import type { DesiredSettings } from "./core/server/role-settings";

export interface DatabaseArgs {
  /** The server that holds the database. */
  readonly connection: Connection;

  /** Name on the server (`CREATE DATABASE`), up to 63 bytes. */
  readonly name: string;

  /** Role that owns it: it may change and drop it. A change is one ALTER DATABASE. */
  readonly owner: string;

  /**
   * Character set (`ENCODING`). A change is refused: a new database beside it, then copy.
   *
   * @default - `UTF8`
   */
  readonly encoding?: string;

  /**
   * Sort order and character classes of the C library (`LC_COLLATE`, `LC_CTYPE`). A change is refused.
   *
   * @default - `C`: the same order on every platform, and no index breaks with an upgrade of the C library
   */
  readonly locale?: string;

  /**
   * Character classes (`LC_CTYPE`), where they are those of another locale. A change is refused.
   *
   * @default - the locale
   */
  readonly ctype?: string;

  /**
   * Database that it is copied from (`TEMPLATE`). A change is refused.
   *
   * @default - `template0`: nothing but what PostgreSQL brings
   */
  readonly template?: string;

  /**
   * Sessions at once (`CONNECTION LIMIT`).
   *
   * @default - -1: no limit but the server's `max_connections`
   */
  readonly connectionLimit?: number;

  /**
   * Settings of every session in it (`ALTER DATABASE … SET`), lists as lists. They count for new sessions; those that
   * somebody else set are reset.
   *
   * @default - none
   */
  readonly settings?: DesiredSettings;

  /**
   * Whether what nobody declared on it is taken away, rather than reported: privileges of foreign roles, foreign members
   * of its roles and groups.
   *
   * @default - false: other programs may have their own roles here
   */
  readonly authoritative?: boolean;

  /**
   * Whether privileges, default privileges and PUBLIC stay as the server has them: for a database that was adopted. Its
   * schemas then have no groups of readers and writers.
   *
   * @default - false
   */
  readonly keepPrivileges?: boolean;

  /**
   * Whether Pulumi refuses to delete it, rows included, until it is unprotected.
   *
   * @default - true
   */
  readonly protect?: boolean;

  /** What has to be there first: the owner. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/**
 * A database. Dropping it is PostgreSQL's `DROP DATABASE … WITH (FORCE)`, sessions and rows included: so it is protected
 * unless `protect` is false.
 *
 * @example
 * new Database("shop", { connection: server.connection, name: "shop", owner: "shop_owner" });
 */
export class Database extends pulumi.ComponentResource {
  /** The official resource: what is inside of the database is `deletedWith` it. */
  readonly resource: postgresql.Database;
  /** What was declared, filled in. */
  readonly declared: DesiredDatabase;
  /** What was declared, as `ServerAccessControl` takes it. */
  readonly declaration: DatabaseDeclaration;

  constructor(name: string, args: DatabaseArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = resolveDatabase(args);
    super("pg:index:Database", name, {}, opts);

    this.resource = createDatabase(name, args, plan, this);

    this.declared = plan;
    const { connection: _connection, dependsOn: _dependsOn, protect: _protect, ...declaration } = args;
    this.declaration = declaration;
    this.registerOutputs({ name: this.resource.name });
  }
}

const databaseProperties = [
  "allowConnections",
  "alterObjectOwnership",
  "connectionLimit",
  "encoding",
  "isTemplate",
  "lcCollate",
  "lcCtype",
  "name",
  "owner",
  "tablespaceName",
  "template",
];

function createDatabase(
  name: string,
  args: DatabaseArgs,
  plan: DesiredDatabase,
  parent: pulumi.Resource,
): postgresql.Database {
  const { encoding, lcCollate, lcCtype, template, connectionLimit, owner } = plan;
  return new postgresql.Database(
    name,
    { name: plan.name, owner, encoding, lcCollate, lcCtype, template, connectionLimit },
    {
      parent,
      ...createOnly(args.connection, databaseProperties),
      protect: args.protect ?? true,
      dependsOn: [...(args.dependsOn ?? [])],
    },
  );
}
