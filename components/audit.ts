import * as pulumi from "@pulumi/pulumi";
import { accessConnection, accessDeletedWith, type Connection } from "./connection";
import type { AuditedTable, Retention } from "./core/audit/model";
import type { Refusal } from "./core/statement";
import type { Database } from "./database";
import { AuditResource } from "./providers/resources";

export interface AuditArgs {
  readonly connection: Connection;
  readonly database: Database;

  /**
   * Role that owns the trail and the functions that write to it. It owns schema `audit`, does not log in, and nobody
   * belongs to it but a managing login without superuser.
   */
  readonly owner: string;

  /**
   * Schemas of which every table is audited, also those that are made later: from their first row where the managing
   * login is a superuser, else from the next `up`. A table without a primary key is refused.
   *
   * @default - none
   */
  readonly schemas?: readonly string[];

  /** Single tables, in such schemas or elsewhere. A change puts triggers onto them, or takes them away. @default - none */
  readonly tables?: readonly AuditedTable[];

  /** How long entries are kept; `ops audit maintain` drops those that are older. @default - for ever */
  readonly retention?: Retention;

  /** Whether changes of the schema are recorded, which takes a superuser. @default - true */
  readonly ddl?: boolean;

  /** What has to be in order first: the access to schemas, and what makes the tables. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

/**
 * Records who changed which row, from what to what, in `audit.change_log`. Its cost: four triggers on each table, and an
 * entry for each row that changes; what it makes stays when it goes, but for the triggers.
 *
 * Its role is one of `Roles`, and its schema one of `Schemas`, with `trail: true`: so nobody gets to write there.
 *
 * @example
 * const audit = { name: "audit", owner: "shop_audit", trail: true } as const; // among the schemas
 * new Audit("shop", { connection, database, owner: "shop_audit", schemas: ["app"], dependsOn: [objects.resource] });
 */
export class Audit extends pulumi.ComponentResource {
  readonly resource: AuditResource;
  /** What the plan refuses: input of `Guard`. */
  readonly refusals: pulumi.Output<Refusal[]>;

  constructor(name: string, args: AuditArgs, opts?: pulumi.ComponentResourceOptions) {
    super("pg:index:Audit", name, {}, opts);

    this.resource = createAudit(name, args, this);

    this.refusals = this.resource.refusals;
    this.registerOutputs({});
  }
}

function createAudit(name: string, args: AuditArgs, parent: pulumi.Resource): AuditResource {
  const { connection, database, owner, schemas = [], tables = [], retention, ddl = true } = args;
  return new AuditResource(
    name,
    {
      connection: accessConnection(connection),
      audit: {
        database: database.declared.name,
        owner,
        manager: connection.user,
        schemas,
        tables,
        ...(retention === undefined ? {} : { retention }),
        ddl,
      },
    },
    {
      parent,
      ...accessDeletedWith(connection, database.resource),
      dependsOn: [database.resource, ...(args.dependsOn ?? [])],
    },
  );
}
