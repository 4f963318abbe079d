import type { DesiredGroup, ServerAccess, ServerCatalog } from "./model";
import { diffDatabase, refuseFixed } from "./database";
import { planMemberships, type DesiredMembership } from "./membership";
import { claimServer, refuseOtherOwner } from "./owner-row";
import { diffRole, type ActualRole, type RoleAttributes } from "./role";
import { defaultAcl, planDatabaseAcl, withOwner } from "./acl";
import { leave, planServerLeaving } from "./leaving";
import { planMarks } from "./marks";
import { limitsOf, within, type Limits } from "./limits";
import { planJoining } from "./joining";
import { planServerSettings } from "./settings";
import { refuseTaken, takenNames } from "./taken";
import { findUndeclared } from "./undeclared";
import { byName } from "../lists";
import { joinPlans, type Plan, type Statement } from "../statement";

export interface ServerAccessOptions {
  /** True where the state knows nothing but what an import said. */
  readonly imported?: boolean;
  /** What official resources are to make in this run, as `role <name>` and `database <name>`; known in a preview only. */
  readonly newcomers?: ReadonlySet<string>;
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
  { imported = false, newcomers = new Set() }: ServerAccessOptions = {},
): Plan {
  const roles = new Map(actual.roles.map((role) => [role.name, role]));
  const limits = limitsOf(actual.capabilities, roles);
  const ownership = planOwnership(desired, actual);
  const plan = joinPlans(
    planJoining(desired, actual, limits),
    ownership,
    planRoles(desired, before, roles, limits),
    planDatabases(desired, before, actual, limits),
    planMembers(desired, before, actual, limits),
    planServerSettings(desired, actual, limits),
    planPrivileges(desired, before, actual, limits),
    planServerLeaving(desired, before, actual),
    {
      statements: [],
      refusals: [],
      undeclared: [...unreadPasswords(desired, roles), ...findUndeclared(desired, before, actual)],
    },
  );
  const hasOthers = plan.statements.length > 0;
  const makesTable = ownership.statements.length > 0;
  const marks = planMarks(desired, before, actual, { hasOthers, makesTable, imported });
  const taken = takenNames(desired, actual, newcomers);
  return taken.length > 0 ? refuseTaken(joinPlans(plan, marks), taken) : joinPlans(plan, marks);
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
    const isNew = found === undefined && last === undefined;
    return within(`role ${role.name}`, limits.role(role, found), isNew ? official(statements) : statements);
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
      const isNew = found === undefined && last === undefined;
      const limit = found === undefined ? limits.newDatabase() : limits.database(found.owner);
      const plan = within(`database ${database.name}`, limit, isNew ? official(statements) : statements);
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
  const comforts = comfortsOf(desired);
  const beyond = statements.filter(({ of }) => comforts.has(of) && limits.membership(of) !== undefined);
  const limited = statements
    .filter((statement) => !beyond.includes(statement))
    .map((statement) =>
      within(`membership in ${statement.of}`, limits.membership(statement.of), [withoutOf(statement)]),
    );
  const without = beyond.map(({ of, sql }) => ({
    kind: "membership" as const,
    subject: `membership in ${of}`,
    message: `it goes without: ${limits.membership(of) ?? ""}; ${sql} is for who has that`,
    beyond: true as const,
  }));
  return joinPlans(...limited, { statements: [], refusals, undeclared: [...undeclared, ...without] });
}

/** Roles that a profile has where the server's version has them (`since`): it works without as well. */
function comfortsOf({ roles }: ServerAccess): ReadonlySet<string> {
  const all = roles.flatMap(({ memberOf }) => memberOf);
  const needed = new Set(all.filter(({ since }) => since === undefined).map(({ role }) => role));
  return new Set(all.map(({ role }) => role).filter((role) => !needed.has(role)));
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
    const told = { kind: "PUBLIC" as const, subject: `database ${name}`, beyond: true as const };
    const forOthers = plan.statements.map(({ sql }) => sql).join("; ");
    const message = `its privileges are not as they should be, and ${limit}; ${forOthers} is for who does`;
    return {
      statements: [],
      refusals: [],
      undeclared: [...(plan.undeclared ?? []), { ...told, message }],
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
  const subject = `passwords of ${names.join(", ")}`;
  return [{ kind: "role" as const, subject, message, beyond: true as const }];
}

/** What the last run did not know, and is not there, is made by its official resource. */
function official(statements: readonly Statement[]): Statement[] {
  return statements.map((statement) => ({ ...statement, by: "@pulumi/postgresql" }));
}
