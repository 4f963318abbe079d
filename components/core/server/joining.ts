import { diffDatabase } from "./database";
import { quoteIdentifier } from "../identifier";
import type { DesiredRole } from "./role";
import type { ServerAccess, ServerCatalog } from "./model";
import type { Limits } from "./limits";
import type { Plan, Statement } from "../statement";

/**
 * The memberships by which a managing login without superuser works on what others own: it changes a database, its
 * schemas and its privileges as a member of the owner. From 16 on, who makes a role may give itself the membership and
 * does not have it at once.
 *
 * A database whose privileges stay as they are needs none before something of it is to be changed.
 */
export function planJoining(desired: ServerAccess, actual: ServerCatalog, limits: Limits): Plan {
  const databases = new Map(actual.databases.map((database) => [database.name, database]));
  const kept = new Set(
    desired.databases
      .filter(({ keepPrivileges }) => keepPrivileges === true)
      .filter((database) => diffDatabase(database, databases.get(database.name)).length === 0)
      .map(({ name }) => name),
  );
  const statements = desired.roles
    .filter((role) => makesObjects(role) && !kept.has(role.database))
    .map(({ name }) => name)
    .filter((name) => !isMember(name, actual) && limits.membership(name) === undefined)
    .toSorted()
    .map((name) => join(name, actual));
  return { statements, refusals: [] };
}

/** Roles that do not log in hold objects, and who works as one of them (`ALTER ROLE … SET role`) makes them. */
function makesObjects({ login, settings, retired }: DesiredRole): boolean {
  return retired === undefined && (!login || settings.role !== undefined);
}

/** What takes a role's objects and privileges away, preceded by the membership that it needs. */
export function asMember(name: string, cleared: Plan, actual: ServerCatalog): Plan {
  const needs = cleared.statements.some(({ kind }) => kind === "owner");
  if (!needs || isMember(name, actual)) return cleared;
  return { ...cleared, statements: [join(name, actual), ...cleared.statements] };
}

/** A superuser needs no membership; of another login nothing is known. */
function isMember(name: string, { capabilities }: ServerCatalog): boolean {
  return capabilities === undefined || capabilities.superuser || capabilities.memberOf.includes(name);
}

function join(role: string, { manager, major }: ServerCatalog): Statement {
  const options = major >= 16 ? " WITH INHERIT TRUE, SET TRUE" : "";
  return {
    sql: `GRANT ${quoteIdentifier(role)} TO ${quoteIdentifier(manager)}${options}`,
    reason: `${manager} is no superuser: it works on what ${role} owns as a member`,
    risk: "access",
    kind: "membership",
  };
}
