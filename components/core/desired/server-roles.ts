import { groupName, type Profile } from "../groups";
import type { DesiredMembership } from "../server/membership";
import type { GrantDeclaration } from "../privileges/declaration";
import type { DesiredRole, RoleAttributes } from "../server/role";
import type { DesiredSettings } from "../server/role-settings";
import type { SchemaMembers } from "./schema-members";

/** What a role is for, where that reaches the whole server. */
export type RoleProfile = "backup" | "monitor";

/** A membership as a user declares it: a name, or a name with options. */
export interface MembershipDeclaration {
  readonly role: string;
  readonly admin?: boolean;
  readonly inherit?: boolean;
  readonly set?: boolean;
}

/** A role as a user declares it, with names as the server has them. */
export interface RoleDeclaration {
  readonly name: string;
  readonly login?: boolean;
  readonly connectionLimit?: number;
  readonly inherit?: boolean;
  readonly createDatabase?: boolean;
  readonly createRole?: boolean;
  readonly replication?: boolean;
  readonly bypassRowLevelSecurity?: boolean;
  readonly validUntil?: string;
  readonly profile?: RoleProfile;
  /** It changes the schemas: whatever it makes belongs to the database's owner. */
  readonly migrator?: boolean;
  readonly memberOf?: readonly MembershipDeclaration[];
  readonly settings?: DesiredSettings;
  readonly databaseSettings?: DesiredSettings;
  readonly retired?: "reassign" | "keep";
  /** Privileges that no profile says. */
  readonly grants?: readonly GrantDeclaration[];
}

/** What `CREATE ROLE` says of it. */
export function resolveAttributes(role: RoleDeclaration): RoleAttributes {
  const { validUntil, retired } = role;
  const isRetired = retired !== undefined;
  return {
    name: role.name,
    login: role.login === true && !isRetired,
    connectionLimit: role.connectionLimit ?? -1,
    inherit: role.inherit ?? true,
    createDatabase: role.createDatabase ?? false,
    createRole: role.createRole ?? false,
    replication: role.replication ?? false,
    // A dump with row level security in force fails, or misses rows: a backup is whole or none.
    bypassRowLevelSecurity:
      (role.bypassRowLevelSecurity ?? false) || (role.profile === "backup" && !isRetired),
    ...(validUntil === undefined ? {} : { validUntil }),
  };
}

/** Everything that a role is to be, with what its profile, its schemas and its retirement say. */
export function resolveRole(
  role: RoleDeclaration,
  database: { readonly name: string; readonly owner: string },
  schemas: readonly SchemaMembers[],
): DesiredRole {
  const { retired } = role;
  const isMigrator = role.migrator === true && retired === undefined;
  return {
    ...resolveAttributes(role),
    database: database.name,
    memberOf: retired === undefined ? memberships(role, database, schemas) : [],
    // Set before its first statement: what it makes, in whatever way, belongs to the owner.
    settings: isMigrator ? { role: database.owner, ...role.settings } : (role.settings ?? {}),
    databaseSettings: role.databaseSettings ?? {},
    ...(retired === undefined ? {} : { retired }),
    ...(schemas.some(({ owner, trail }) => trail === true && owner === role.name)
      ? { ownsTrail: true as const }
      : {}),
  };
}

function memberships(
  role: RoleDeclaration,
  database: { readonly name: string; readonly owner: string },
  schemas: readonly SchemaMembers[],
): readonly DesiredMembership[] {
  const { name } = role;
  const groups = schemas.flatMap((schema) => [
    ...(schema.writers?.includes(name) === true ? [inGroup(database.name, schema.name, "writer")] : []),
    ...(schema.readers?.includes(name) === true ? [inGroup(database.name, schema.name, "reader")] : []),
  ]);
  const all = [
    ...groups,
    ...(role.migrator === true ? [becoming(database.owner)] : []),
    ...(role.profile === undefined ? [] : profileRoles[role.profile]),
    ...(role.memberOf ?? []).map((one) => ({
      admin: false,
      inherit: true,
      set: true,
      ...one,
      ...promised(one, role),
    })),
  ];
  // What is written counts more than what a profile says of the same role.
  return [...new Map(all.map((one) => [one.role, one])).values()].toSorted((a, b) =>
    a.role < b.role ? -1 : 1,
  );
}

/** What a member is not to have of a role, and would have on a server that does not know the option. */
function promised(one: MembershipDeclaration, role: RoleDeclaration): Pick<DesiredMembership, "without"> {
  const without = [
    ...(one.inherit === false && role.inherit !== false ? ["inherit" as const] : []),
    ...(one.set === false ? ["set" as const] : []),
  ];
  return without.length === 0 ? {} : { without };
}

/** Its privileges, and no more: what a member made as the group would belong to nobody who logs in. */
function inGroup(database: string, schema: string, profile: Profile): DesiredMembership {
  return { role: groupName(database, schema, profile), admin: false, inherit: true, set: false };
}

/** It works as the owner or not at all: a session that leaves the role by RESET or SET ROLE NONE can do nothing. */
function becoming(owner: string): DesiredMembership {
  return { role: owner, admin: false, inherit: false, set: true };
}

const predefined = (role: string, since?: number): DesiredMembership => ({
  role,
  admin: false,
  inherit: true,
  set: false,
  ...(since === undefined ? {} : { since }),
});

const profileRoles: Readonly<Record<RoleProfile, readonly DesiredMembership[]>> = {
  backup: [predefined("pg_read_all_data")],
  monitor: [predefined("pg_monitor"), predefined("pg_use_reserved_connections", 16)],
};
