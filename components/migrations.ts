import * as pulumi from "@pulumi/pulumi";
import { accessConnection, accessDeletedWith, type Connection } from "./connection";
import type { LossGateArgs } from "./core/backup-gate/place";
import type { AlembicApplication, ApplicationEngine } from "./core/migrations/alembic/application";
import type { PendingFile } from "./core/migrations/made-objects";
import { findMigrator } from "./core/migrations/migrator";
import { defaultLimits, type RunLimits } from "./core/migrations/retry";
import type { Refusal } from "./core/statement";
import type { Database } from "./database";
import { pathForPlugins } from "./project-directory";
import { MigrationsResource, type MigrationsResourceArgs } from "./providers/migrations-resource";
import type { Roles } from "./roles";

export interface MigrationsArgs {
  readonly connection: Connection;
  readonly database: Database;
  /**
   * The roles of the database: its migrator applies the migrations, and works as the owner. Where there is none, or the
   * server has a password for it that nobody here knows, the managing login does, which has to be able to become the
   * owner (`SET ROLE`).
   */
  readonly roles: Roles;

  /**
   * What applies them: `sql` is pgstead itself, with files of SQL that have markers; `alembic` is an application's own
   * Alembic, which `up` and every preview run in the application's environment.
   *
   * @default - sql
   */
  readonly engine?: "sql" | "alembic";

  /** Engine alembic: the application. Its code runs here, or in the container that is named. */
  readonly alembic?: AlembicApplication;

  /** The Docker engine of that container. @default - that of the environment, else the local one */
  readonly dockerEngine?: ApplicationEngine;

  /** Directory of the files; a relative path is one of the project's directory. It has to be there. */
  readonly directory: string;

  /**
   * The last migration that is applied: a number, a name, a file, or `base` for none. What is above it stays pending;
   * what is applied above it stays applied, unless `downgrade` says otherwise.
   *
   * @default - the last file
   */
  readonly target?: string;

  /**
   * Whether `up` takes back what is applied above the target, where its loss is allowed (`downgrade <database>/<file>`).
   *
   * @default - refuse: the preview says what is above it
   */
  readonly downgrade?: "allow" | "refuse";

  /**
   * How long a run may hold up others (`lock_timeout`, `statement_timeout`), and how long it tries. A change counts for
   * the next run.
   *
   * @default - 2 s for a lock, 15 min for a statement, tried again for 10 min
   */
  readonly limits?: RunLimits;

  /** Losses that are allowed: `migration <database>/<file>`, `downgrade <database>/<file>`. @default - none */
  readonly allowDataLoss?: readonly string[];

  /** What a backup has to be before a migration loses data. @default - losses ask for no backup, but for an entry each */
  readonly gate?: LossGateArgs;

  /** What has to be in order first: the access to the database, the rules by which the migrator comes in. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/**
 * Keeps the migrations of a database applied, up to the last file or a target, and shows in every preview the SQL of what
 * is pending, what it costs and why. Applied files are frozen: one that was edited, renamed or deleted is refused.
 *
 * It takes nothing back when it goes.
 */
export class Migrations extends pulumi.ComponentResource {
  readonly resource: MigrationsResource;
  /** Files that are to be applied, and what they make: for what comes after them. */
  readonly pending: pulumi.Output<PendingFile[]>;
  readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: MigrationsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:Migrations", name, {}, opts);

    this.resource = createMigrations(name, args, this);

    this.pending = this.resource.pending;
    this.refusals = this.resource.refusals;
    this.registerOutputs({});
  }
}

function createMigrations(name: string, args: MigrationsArgs, parent: pulumi.Resource): MigrationsResource {
  const { connection, database, target } = args;
  return new MigrationsResource(
    name,
    {
      connection: accessConnection(connection),
      ...loginOf(args.roles),
      database: database.declared.name,
      owner: database.declaration.owner,
      engine: args.engine ?? "sql",
      ...(args.alembic === undefined ? {} : { alembic: args.alembic, dockerEngine: args.dockerEngine ?? {} }),
      directory: pathForPlugins(args.directory),
      path: args.directory,
      ...(target === undefined ? {} : { target }),
      downgrade: args.downgrade ?? "refuse",
      limits: args.limits ?? defaultLimits,
      allowDataLoss: args.allowDataLoss ?? [],
      ...(args.gate === undefined ? {} : { gate: args.gate }),
    },
    {
      parent,
      ...accessDeletedWith(connection, database.resource),
      dependsOn: [database.resource, ...(args.dependsOn ?? [])],
    },
  );
}

/** The migrator's login, where it has a password of this stack. */
function loginOf({ declarations, verifiers, passwords }: Roles): Pick<MigrationsResourceArgs, "login"> {
  const user = findMigrator(
    declarations.map((role) => ({ ...role, keepPassword: !verifiers.has(role.name) })),
  );
  if (user === undefined) return {};
  return { login: { user, password: passwords.apply((known) => known[user] ?? "") } };
}
