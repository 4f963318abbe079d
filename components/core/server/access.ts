import type { Capabilities } from "../capabilities";
import { diffDatabase, refuseFixed, type ActualDatabase, type DesiredDatabase } from "./database";
import type { Profile } from "../groups";
import { planMemberships, type ActualMembership, type DesiredMembership } from "./membership";
import { claimServer, refuseOtherOwner, type OwnerPlace } from "./owner-row";
import { diffRole, type ActualRole, type DesiredRole, type RoleAttributes } from "./role";
import type { ActualSettings } from "./role-settings";
import { defaultAcl, planDatabaseAcl, withOwner } from "./acl";
import { leave, planServerLeaving } from "./leaving";
import { limitsOf, within, type Limits } from "./limits";
import { planJoining } from "./joining";
import { planServerSettings } from "./settings";
import { joinPlans, type Plan, type Statement } from "../statement";

/** A schema's readers or writers: a role of our own that nobody logs in as. */
export interface DesiredGroup {
  readonly name: string;
  readonly database: string;
  readonly schema: string;
  readonly profile: Profile;
}

/** What `Access` of scope server declares: the roles and databases of a server. */
export interface ServerAccess {
  readonly roles: readonly DesiredRole[];
  readonly groups: readonly DesiredGroup[];
  readonly databases: readonly DesiredDatabase[];
  /** Losses that the configuration allows: `database <name>`, `schema <database>.<schema>`. */
  readonly allowDataLoss: readonly string[];
  /** True where the databases are protected in Pulumi's state. */
  readonly protect: boolean;
  /** `<project>/<stack>`, where this stack owns what belongs to the whole server. */
  readonly stack?: string;
  /** Databases that every server has and PUBLIC may not connect to, with who may. */
  readonly closed: readonly { readonly name: string; readonly connect: readonly string[] }[];
}

/** What the server has. */
export interface ServerCatalog {
  /** Major version, such as 17. */
  readonly major: number;
  readonly roles: readonly ActualRole[];
  /** Roles that PostgreSQL makes itself (`pg_…`); undefined where the server was not read. */
  readonly predefined: readonly string[] | undefined;
  readonly databases: readonly ActualDatabase[];
  readonly memberships: readonly ActualMembership[];
  readonly settings: readonly ActualSettings[];
  /** The role of initdb: PostgreSQL writes it down as the grantor of what superusers grant. */
  readonly bootstrap: string;
  readonly owner: OwnerPlace;
  /** The managing login. */
  readonly manager: string;
  /** What it may do; undefined where another login reads for it. */
  readonly capabilities?: Capabilities;
}

/** A server as initdb leaves it, for a plan against one that is not there yet. */
export function newServerCatalog(manager: string): ServerCatalog {
  const common = { owner: manager, encoding: "UTF8", lcCollate: "C", lcCtype: "C", sizeBytes: null };
  const limits = { connectionLimit: -1, allowConnections: true };
  const born = (name: string) => ({ name, ...common, ...limits, acl: defaultAcl(manager) });
  return {
    major: 17,
    roles: [],
    predefined: undefined,
    databases: [born("postgres"), born("template1")],
    memberships: [],
    settings: [],
    bootstrap: manager,
    owner: { hasSchema: false, hasTable: false, row: undefined, mayCreate: true },
    manager,
  };
}

/**
 * The statements that bring roles and databases to what is declared, and what may not be done.
 *
 * @param before what the last run declared: what is in it and no more in `desired` leaves the server in this run
 */
export function planServerAccess(
  desired: ServerAccess,
  before: ServerAccess | undefined,
  actual: ServerCatalog,
): Plan {
  const roles = new Map(actual.roles.map((role) => [role.name, role]));
  const limits = limitsOf(actual.capabilities, roles);
  return joinPlans(
    planJoining(desired, actual, limits),
    planOwnership(desired, actual),
    planRoles(desired, before, roles, limits),
    planDatabases(desired, before, actual, limits),
    planMembers(desired, before, actual, limits),
    planServerSettings(desired, actual, limits),
    planPrivileges(desired, before, actual, limits),
    planServerLeaving(desired, before, actual),
    { statements: [], refusals: [], undeclared: unreadPasswords(desired, roles) },
  );
}

function planOwnership({ stack }: ServerAccess, { owner }: ServerCatalog): Plan {
  if (stack === undefined) return { statements: [], refusals: [] };
  const refusals = refuseOtherOwner(owner.row, stack, "what PUBLIC may do with postgres and template1");
  return { statements: refusals.length > 0 ? [] : claimServer(owner, stack), refusals };
}

function planRoles(
  desired: ServerAccess,
  before: ServerAccess | undefined,
  actual: ReadonlyMap<string, ActualRole>,
  limits: Limits,
): Plan {
  const known = new Map(before?.roles.map((role) => [role.name, role]));
  const declared = byName(desired.roles).map((role) => {
    const found = actual.get(role.name);
    const last = known.get(role.name);
    const statements = diffRole(role, found, last?.verifier);
    if (found === undefined && last === undefined) return { statements: official(statements), refusals: [] };
    return within(`role ${role.name}`, limits.role(role, found), statements);
  });
  const groups = byName(desired.groups).map((group) => {
    const found = actual.get(group.name);
    const attributes = groupAttributes(group.name);
    const statements = diffRole(attributes, found).map((statement) =>
      found === undefined ? { ...statement, reason: groupReason(group) } : statement,
    );
    return within(`role ${group.name}`, limits.role(attributes, found), statements);
  });
  return joinPlans(...declared, ...groups);
}

function groupReason({ profile, schema, database }: DesiredGroup): string {
  return `${profile}s of schema ${schema} of ${database}`;
}

function groupAttributes(name: string): RoleAttributes {
  return {
    name,
    login: false,
    connectionLimit: -1,
    inherit: true,
    createDatabase: false,
    createRole: false,
    replication: false,
    bypassRowLevelSecurity: false,
  };
}

function planDatabases(
  desired: ServerAccess,
  before: ServerAccess | undefined,
  actual: ServerCatalog,
  limits: Limits,
): Plan {
  const databases = new Map(actual.databases.map((database) => [database.name, database]));
  const known = new Map(before?.databases.map((database) => [database.name, database]));
  return joinPlans(
    ...byName(desired.databases).map((database) => {
      const found = databases.get(database.name);
      const last = known.get(database.name);
      const statements = diffDatabase(database, found);
      const refusals = refuseFixed(database, last, found);
      if (found === undefined && last === undefined) return { statements: official(statements), refusals };
      const limit = found === undefined ? undefined : limits.database(found.owner);
      const plan = within(`database ${database.name}`, limit, statements);
      return { ...plan, refusals: [...refusals, ...plan.refusals] };
    }),
  );
}

function planMembers(
  desired: ServerAccess,
  before: ServerAccess | undefined,
  actual: ServerCatalog,
  limits: Limits,
): Plan {
  const authoritative = new Map(desired.databases.map((database) => [database.name, database.authoritative]));
  const declared = [...desired.roles, ...desired.groups];
  const existing = new Set(actual.roles.map(({ name }) => name));
  const nothing: readonly DesiredMembership[] = [];
  // A role that leaves belongs to nothing any more, and neither does what it granted to others.
  const leaving = leave(before?.roles, declared).filter(({ name }) => existing.has(name));
  const { statements, refusals, undeclared } = planMemberships(
    {
      members: new Map([
        ...[...desired.groups, ...leaving].map(({ name }) => [name, nothing] as const),
        ...desired.roles.map(({ name, memberOf }) => [name, memberOf] as const),
      ]),
      roles: new Map(declared.map(({ name, database }) => [name, authoritative.get(database) ?? false])),
      creators: new Set(desired.roles.filter(({ createRole }) => createRole).map(({ name }) => name)),
    },
    membershipServer(actual),
  );
  const limited = statements.map((statement) =>
    within(`membership in ${statement.of}`, limits.membership(statement.of), [withoutOf(statement)]),
  );
  return joinPlans(...limited, { statements: [], refusals, undeclared });
}

function withoutOf({ of: _of, ...statement }: Statement & { readonly of: string }): Statement {
  return statement;
}

function membershipServer(actual: ServerCatalog) {
  const { major, memberships, predefined, bootstrap, manager, capabilities } = actual;
  const named = (condition: (role: ActualRole) => boolean): Set<string> =>
    new Set(actual.roles.filter(condition).map(({ name }) => name));
  return {
    major,
    memberships,
    names: predefined === undefined ? undefined : new Set([...predefined, ...named(() => true)]),
    superusers: named(({ superuser }) => superuser),
    grantor: capabilities?.superuser === false ? manager : bootstrap,
    manager,
  };
}

function planPrivileges(
  desired: ServerAccess,
  before: ServerAccess | undefined,
  actual: ServerCatalog,
  limits: Limits,
): Plan {
  const databases = new Map(actual.databases.map((database) => [database.name, database]));
  // What leaves in this run is ours to clear out as well.
  const ours = new Set(
    [desired, before].flatMap((one) =>
      [...(one?.roles ?? []), ...(one?.groups ?? [])].map(({ name }) => name),
    ),
  );
  const managed = desired.databases.filter(({ keepPrivileges }) => keepPrivileges !== true);
  const declared = byName(managed).map((database) => {
    const found = databases.get(database.name);
    const acl = withOwner(
      found?.acl ?? defaultAcl(database.owner),
      found?.owner ?? database.owner,
      database.owner,
    );
    const { statements, undeclared = [] } = planDatabaseAcl(database, ours, acl);
    const limit = found === undefined ? undefined : limits.database(found.owner);
    return { ...within(`database ${database.name}`, limit, statements), undeclared };
  });
  const isOwner = refuseOtherOwner(actual.owner.row, desired.stack ?? "", "").length === 0;
  const closed = byName(isOwner ? desired.closed : []).map(({ name, connect }): Plan => {
    const found = databases.get(name);
    if (found === undefined) return { statements: [], refusals: [] };
    const wanted = { name, owner: found.owner, connect, temporary: [], authoritative: false };
    const plan = planDatabaseAcl(wanted, ours, found.acl);
    const limit = limits.database(found.owner);
    if (limit === undefined || plan.statements.length === 0) return plan;
    const undeclared = { kind: "PUBLIC" as const, subject: `database ${name}` };
    const message = `its privileges are not as they should be, and ${limit}`;
    return {
      statements: [],
      refusals: [],
      undeclared: [...(plan.undeclared ?? []), { ...undeclared, message }],
    };
  });
  return joinPlans(...declared, ...closed);
}

function unreadPasswords({ roles }: ServerAccess, actual: ReadonlyMap<string, ActualRole>) {
  const unread = roles.filter(({ name, verifier }) => {
    const found = actual.get(name);
    return verifier !== undefined && found !== undefined && found.verifier === undefined;
  });
  if (unread.length === 0) return [];
  const names = unread.map(({ name }) => name).toSorted();
  const message = "they cannot be compared: only a superuser reads them";
  return [{ kind: "role" as const, subject: `passwords of ${names.join(", ")}`, message }];
}

/** What the last run did not know, and is not there, is made by its official resource. */
function official(statements: readonly Statement[]): Statement[] {
  return statements.map((statement) => ({ ...statement, by: "@pulumi/postgresql" }));
}

function byName<Item extends { readonly name: string }>(items: readonly Item[]): Item[] {
  return items.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
