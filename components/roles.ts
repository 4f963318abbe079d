import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import { createOnly, type Connection } from "./connection";
import type { DesiredRole } from "./core/role";
import { Credential } from "./providers/resources";

export interface RoleArgs {
  /** Name on the server (`CREATE ROLE`), up to 63 bytes. */
  readonly name: string;

  /**
   * Whether one can log in as it (`LOGIN`). A login gets a password of its own.
   *
   * @default - false: a role that holds objects or privileges
   */
  readonly login?: boolean;

  /**
   * Sessions at once (`CONNECTION LIMIT`). Existing sessions stay.
   *
   * @default - -1: no limit but the server's `max_connections`
   */
  readonly connectionLimit?: number;

  /**
   * Raise it for a new password (`ALTER ROLE … PASSWORD`). Sessions stay; new logins need the new one.
   *
   * @default - 1
   */
  readonly passwordVersion?: number;

  /** Uses the privileges of the roles it belongs to (`INHERIT`). @default - true */
  readonly inherit?: boolean;
  /** May make databases (`CREATEDB`). @default - false */
  readonly createDatabase?: boolean;
  /** May make and change roles (`CREATEROLE`). @default - false */
  readonly createRole?: boolean;
  /** May start streaming replication and take base backups (`REPLICATION`). @default - false */
  readonly replication?: boolean;
  /** Row level security does not bind it (`BYPASSRLS`). @default - false */
  readonly bypassRowLevelSecurity?: boolean;
  /** Moment after which its password is refused (`VALID UNTIL`). @default - never */
  readonly validUntil?: string;
}

export interface RolesArgs {
  /** The server that holds the roles. */
  readonly connection: Connection;
  /** The roles: order does not matter. */
  readonly roles: readonly RoleArgs[];
}

/** A role with all that `AccessControl` keeps as declared. */
export type DeclaredRole = { readonly [Name in keyof DesiredRole]: pulumi.Input<DesiredRole[Name]> };

/**
 * Roles and the passwords of those that log in. The server receives SCRAM verifiers only.
 *
 * The official resource makes and drops a role; `AccessControl` keeps it as declared in between.
 *
 * @example
 * const roles = new Roles("shop", { connection, roles: [{ name: "shop_app", login: true, connectionLimit: 40 }] });
 */
export class Roles extends pulumi.ComponentResource {
  /** Passwords by role name; secret. */
  readonly passwords: pulumi.Output<Record<string, string>>;
  /** What `AccessControl` looks after. */
  readonly declared: readonly DeclaredRole[];
  /** The official resources, for `dependsOn`. */
  readonly resources: readonly pulumi.Resource[];

  constructor(name: string, args: RolesArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = resolveRoles(args);
    super("pg:index:Roles", name, {}, opts);

    const credentials = createCredentials(plan, this);
    const declared = plan.map((role) => declareRole(role, credentials.get(role.name)));
    this.resources = plan.map((role, index) => createRole(role, declared[index], args.connection, this));

    this.declared = declared;
    this.passwords = pulumi.secret(
      pulumi.all(Object.fromEntries([...credentials].map(([role, { password }]) => [role, password]))),
    );
    this.registerOutputs({ passwords: this.passwords });
  }
}

export type RolePlan = Required<Omit<RoleArgs, "validUntil">> & Pick<RoleArgs, "validUntil">;

/** Fills in what was left out, and refuses names that occur twice. */
export function resolveRoles(args: RolesArgs): readonly RolePlan[] {
  const plan = args.roles.map((role) => ({
    login: false,
    connectionLimit: -1,
    passwordVersion: 1,
    inherit: true,
    createDatabase: false,
    createRole: false,
    replication: false,
    bypassRowLevelSecurity: false,
    ...role,
  }));
  const names = plan.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) throw new Error(`roles declared twice: ${[...new Set(twice)].join(", ")}`);
  return plan;
}

function createCredentials(plan: readonly RolePlan[], parent: pulumi.Resource): Map<string, Credential> {
  const logins = plan.filter(({ login }) => login);
  return new Map(
    logins.map(({ name, passwordVersion }) => [name, new Credential(name, { passwordVersion }, { parent })]),
  );
}

function declareRole(role: RolePlan, credential: Credential | undefined): DeclaredRole {
  const { passwordVersion: _version, ...attributes } = role;
  return credential === undefined
    ? attributes
    : { ...attributes, verifier: pulumi.secret(credential.verifier) };
}

const roleProperties = [
  "assumeRole",
  "bypassRowLevelSecurity",
  "connectionLimit",
  "createDatabase",
  "createRole",
  "encrypted",
  "encryptedPassword",
  "idleInTransactionSessionTimeout",
  "inherit",
  "login",
  "name",
  "password",
  "passwordWo",
  "passwordWoVersion",
  "replication",
  "roles",
  "searchPaths",
  "skipDropRole",
  "skipReassignOwned",
  "statementTimeout",
  "superuser",
  "validUntil",
];

function createRole(
  plan: RolePlan,
  declared: DeclaredRole | undefined,
  connection: Connection,
  parent: pulumi.Resource,
): pulumi.Resource {
  const { passwordVersion: _version, validUntil, ...attributes } = plan;
  const args = {
    ...attributes,
    ...(validUntil === undefined ? {} : { validUntil }),
    ...(declared?.verifier === undefined
      ? {}
      : { password: pulumi.secret(declared.verifier) as pulumi.Output<string> }),
    // REASSIGN OWNED reaches one database only: what depends on the role stops the preview instead (core).
    skipReassignOwned: true,
  };
  // Named after the role: another name is another role, and the old one leaves.
  return new postgresql.Role(plan.name, args, { parent, ...createOnly(connection, roleProperties) });
}
