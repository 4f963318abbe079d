import type { AuditDeclaration, Retention } from "./audit/model";
import type { DeclaredDatabase } from "./status";

/** What a stack declares, as far as `status` looks at it. */
export interface OpsService {
  readonly administrator: string;
  readonly databases: readonly OpsDatabase[];
}

export interface OpsDatabase extends DeclaredDatabase {
  /** True: its schemas have no groups of readers and writers. */
  readonly keepPrivileges: boolean;
  /** Absent: nothing is recorded. */
  readonly audit?: OpsAudit | undefined;
}

/** The trail of a database, whose name it has and the administrator manages. */
export interface OpsAudit extends Omit<AuditDeclaration, "database" | "manager" | "retention"> {
  readonly retention?: Retention | undefined;
}

/** What `status` needs of a stack's configuration. */
export interface ServiceDeclaration {
  readonly server: { readonly administrator: { readonly name: string } };
  readonly databases: readonly {
    readonly name: string;
    readonly keepPrivileges: boolean;
    readonly extensions: readonly { readonly name: string }[];
    readonly schemas: readonly { readonly name: string }[];
    readonly roles: readonly { readonly name: string; readonly login: boolean }[];
    readonly audit?: OpsAudit;
  }[];
}

/** Picks out of a configuration what is declared; everything else in it stays behind. */
export function resolveOpsService({ server, databases }: ServiceDeclaration): OpsService {
  return {
    administrator: server.administrator.name,
    databases: databases.map(({ name, keepPrivileges, extensions, schemas, roles, audit }) => ({
      name,
      keepPrivileges,
      extensions: extensions.map((extension) => ({ name: extension.name })),
      schemas: schemas.map((schema) => schema.name),
      roles: roles.map((role) => ({ name: role.name, login: role.login })),
      ...(audit === undefined ? {} : { audit: pickAudit(audit) }),
    })),
  };
}

function pickAudit({
  owner,
  schemas,
  tables,
  retention,
  ddl,
}: OpsAudit): Omit<AuditDeclaration, "database" | "manager"> {
  return { owner, schemas, tables, ...(retention === undefined ? {} : { retention }), ddl };
}

/** What is declared of each database's trail. */
export function auditsOf({ administrator, databases }: OpsService): AuditDeclaration[] {
  return databases.flatMap(({ name, audit }) =>
    audit === undefined ? [] : [{ ...pickAudit(audit), database: name, manager: administrator }],
  );
}
