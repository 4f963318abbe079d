import * as postgresql from "@pulumi/postgresql";
import * as pulumi from "@pulumi/pulumi";
import { createOnly, type Connection } from "./connection";
import {
  resolveAttributes,
  type MembershipDeclaration,
  type RoleDeclaration,
  type RoleProfile,
} from "./core/desired/server-roles";
import type { RoleCredential } from "./core/credentials/age";
import type { Turn } from "./core/credentials/turns";
import type { GrantDeclaration } from "./core/privileges/declaration";
import type { DesiredSettings } from "./core/server/role-settings";
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

  /**
   * Whether the password that the role has on the server stays: nothing is known of it, and nothing changes it.
   *
   * @default - false: a login gets a password of its own, made once
   */
  readonly keepPassword?: boolean;

  /**
   * Which of two logins that take turns it is: the former one keeps the password of its last turn, whether it may log in
   * or not, and is nobody's to be given.
   *
   * @default - it is the only one
   */
  readonly turn?: Turn;

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

  /**
   * What it is for, where that reaches the whole server: `backup` reads everything (`pg_read_all_data`, BYPASSRLS),
   * `monitor` sees what the server does (`pg_monitor`, and from 16 on a reserved connection).
   *
   * @default - none: it has what its schemas and grants say
   */
  readonly profile?: RoleProfile;

  /**
   * Whether it changes the schemas: it works as the database's owner from its first statement (`ALTER ROLE … SET role`),
   * and has no privileges of its own.
   *
   * @default - false
   */
  readonly migrator?: boolean;

  /**
   * Roles that it belongs to, by their names on the server, beside the groups of schemas. Exact: any other membership is
   * revoked.
   *
   * @default - none
   */
  readonly memberOf?: readonly MembershipDeclaration[];

  /**
   * Settings of its sessions (`ALTER ROLE … SET`), lists as lists. They count for new sessions; those that somebody else
   * set are reset. Anybody may read them: nothing secret belongs here.
   *
   * @default - none; a migrator has `role`
   */
  readonly settings?: DesiredSettings;

  /** Settings of its sessions in its database (`ALTER ROLE … IN DATABASE … SET`). @default - none */
  readonly databaseSettings?: DesiredSettings;

  /**
   * Privileges that no schema's readers and writers say: on one object, or on all of a kind in a schema (`tablesIn`), now
   * and later. Exact: what is in no grant is revoked.
   *
   * @default - none
   */
  readonly grants?: readonly GrantDeclaration[];

  /**
   * Takes LOGIN, memberships and privileges, before the role goes. `reassign` gives what it owns to the owners of the
   * databases, so that the entry can be removed afterwards; `keep` leaves its objects with it.
   *
   * @default - it is in use
   */
  readonly retired?: "reassign" | "keep";
}

export interface RolesArgs {
  /** The server that holds the roles. */
  readonly connection: Connection;
  /** The roles: order does not matter. */
  readonly roles: readonly RoleArgs[];
  /** What has to be in order first: the server's settings, as a restart ends all sessions. */
  readonly dependsOn?: readonly pulumi.Resource[];
}

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
  /** What was declared, as `ServerAccessControl` takes it. */
  readonly declarations: readonly RoleDeclaration[];
  /** SCRAM verifiers by role name; secret. */
  readonly verifiers: ReadonlyMap<string, pulumi.Output<string>>;
  /** When the password of each role was made: of two logins that take turns, that of the current one. */
  readonly credentials: pulumi.Output<RoleCredential[]>;
  /** The official resources, for `dependsOn`. */
  readonly resources: readonly pulumi.Resource[];
  /** Their ids by role name: not known before a role is made. */
  readonly ids: ReadonlyMap<string, pulumi.Output<string>>;

  constructor(name: string, args: RolesArgs, opts?: pulumi.ComponentResourceOptions) {
    const plan = resolveRoles(args);
    super("pg:index:Roles", name, {}, opts);

    const credentials = createCredentials(plan, this);
    this.verifiers = new Map([...credentials].map(([role, { verifier }]) => [role, pulumi.secret(verifier)]));
    const made = plan.map((role) => ({
      role: role.name,
      resource: createRole(role, this.verifiers.get(role.name), args, this),
    }));
    this.resources = made.map(({ resource }) => resource);
    this.ids = new Map(made.map(({ role, resource }) => [role, resource.id]));

    this.credentials = pulumi.all(
      plan
        .filter(({ turn }) => turn?.is !== "former")
        .flatMap(({ name: login, turn }) => {
          const made = credentials.get(login);
          return made === undefined ? [] : [describeCredential(made, { role: turn?.role ?? login, login })];
        }),
    );
    this.declarations = args.roles;
    this.passwords = pulumi.secret(
      pulumi.all(Object.fromEntries([...credentials].map(([role, { password }]) => [role, password]))),
    );
    this.registerOutputs({ passwords: this.passwords });
  }
}

/** Refuses names that occur twice. */
function resolveRoles({ roles }: RolesArgs): readonly RoleArgs[] {
  const names = roles.map(({ name }) => name);
  const twice = names.filter((name, index) => names.indexOf(name) !== index);
  if (twice.length > 0) throw new Error(`roles declared twice: ${[...new Set(twice)].join(", ")}`);
  return roles;
}

function createCredentials(plan: readonly RoleArgs[], parent: pulumi.Resource): Map<string, Credential> {
  const logins = plan.filter((role) => hasPassword(role) && role.keepPassword !== true);
  return new Map(
    logins.map(({ name, passwordVersion = 1, turn }) => [
      name,
      new Credential(name, { passwordVersion, ...(turn === undefined ? {} : { turn: turn.is }) }, { parent }),
    ]),
  );
}

/** Who is shut out until its next turn keeps its number. */
function hasPassword(role: RoleArgs): boolean {
  return resolveAttributes(role).login || role.turn?.is === "former";
}

/** What may be told of a password. */
export function describeCredential(
  { passwordVersion, changedAt }: Credential,
  names: Pick<RoleCredential, "role" | "login">,
): pulumi.Output<RoleCredential> {
  return pulumi.all([passwordVersion, changedAt]).apply(([number, moment]) => ({
    ...names,
    passwordVersion: number,
    ...(moment === undefined ? {} : { changedAt: moment }),
  }));
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
  role: RoleArgs,
  verifier: pulumi.Output<string> | undefined,
  { connection, dependsOn = [] }: RolesArgs,
  parent: pulumi.Resource,
): postgresql.Role {
  const args = {
    ...resolveAttributes(role),
    ...(verifier === undefined ? {} : { password: verifier }),
    // REASSIGN OWNED reaches one database only: what depends on the role stops the preview instead (core).
    skipReassignOwned: true,
  };
  // Named after the role: another name is another role, and the old one leaves.
  return new postgresql.Role(role.name, args, {
    parent,
    ...createOnly(connection, roleProperties),
    dependsOn: [...dependsOn],
  });
}
