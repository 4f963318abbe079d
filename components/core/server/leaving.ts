import { mayBeLost, needsNoBackup, withoutBackup } from "../allowed-loss";
import { byName } from "../lists";
import { quoteIdentifier } from "../identifier";
import { removeMarks } from "./marks";
import { releaseServer } from "./owner-row";
import { createRole, type ActualRole } from "./role";
import { clearLeaving, clearRetired, dropGroup, type Clearing, type RoleDependency } from "./retired";
import type { ActualDatabase } from "./database";
import type { ServerAccess, ServerCatalog } from "./model";
import { planDatabaseAcl } from "./acl";
import { asMember } from "./joining";
import { renderSize } from "../size";
import { joinPlans, type Loss, type Plan, type Refusal, type Statement } from "../statement";

/** What happens to roles that retire, and to all that left the configuration since the last run. */
export function planServerLeaving(
  desired: ServerAccess,
  before: ServerAccess | undefined,
  actual: ServerCatalog,
): Plan {
  const roles = new Map(actual.roles.map((role) => [role.name, role]));
  const databases = new Map(actual.databases.map((database) => [database.name, database]));
  const clearing = clearingOf(desired, before, databases);
  const dependenciesOf = (name: string): readonly RoleDependency[] =>
    remaining(name, roles.get(name), desired);
  return joinPlans(
    ...byName(desired.roles.filter(({ retired, name }) => retired === "reassign" && roles.has(name))).map(
      ({ name }) => asMember(name, clearRetired(name, dependenciesOf(name), clearing), actual),
    ),
    ...leave(before?.roles, [...desired.roles, ...desired.groups])
      .filter(({ name }) => roles.has(name))
      .map((role) => asMember(role.name, clearLeaving(role, dependenciesOf(role.name), clearing), actual)),
    ...leave(before?.groups, [...desired.groups, ...desired.roles])
      .filter(({ name }) => roles.has(name))
      .map(({ name }) => asMember(name, dropGroup(name, dependenciesOf(name), clearing), actual)),
    { statements: leftToDrop(desired, before, roles, databases), refusals: [] },
    {
      statements: [],
      refusals: refuseLostDatabases(desired, before, databases),
      losses: lostDatabases(desired, before, databases),
    },
  );
}

/**
 * What goes with the whole declaration and has no official resource: the groups, what our roles have on databases that
 * stay, the ownership of the server. What PUBLIC lost is not given back.
 */
export function planServerDeletion(declared: ServerAccess, actual: ServerCatalog): Plan {
  const roles = new Map(actual.roles.map((role) => [role.name, role]));
  const databases = new Map(actual.databases.map((database) => [database.name, database]));
  const ours = new Set([...declared.roles, ...declared.groups].map(({ name }) => name));
  const clearing = clearingOf(declared, undefined, databases);
  return joinPlans(
    ...declared.closed
      .flatMap(({ name }) => databases.get(name) ?? [])
      .map(({ name, owner, acl }) => {
        const left = acl.filter(({ grantee }) => grantee === owner || ours.has(grantee ?? ""));
        return planDatabaseAcl({ ...nobody, name, owner }, ours, left);
      }),
    ...byName(declared.groups.filter(({ name }) => roles.has(name))).map(({ name }) =>
      asMember(name, dropGroup(name, roles.get(name)?.dependencies ?? [], clearing), actual),
    ),
    {
      statements: [
        ...(declared.stack === undefined ? [] : releaseServer(actual.owner, declared.stack)),
        ...(declared.markedAs === undefined
          ? []
          : removeMarks(actual.owner.marks ?? [], declared.markedAs, "the stack is destroyed")),
      ],
      refusals: [],
    },
  );
}

const nobody = { connect: [], temporary: [], authoritative: false };

/** Items of the last run that are in this one no more, by name. */
export function leave<Item extends { readonly name: string }>(
  before: readonly Item[] | undefined,
  desired: readonly { readonly name: string }[],
): readonly Item[] {
  const staying = new Set(desired.map(({ name }) => name));
  return byName((before ?? []).filter(({ name }) => !staying.has(name)));
}

function clearingOf(
  desired: ServerAccess,
  before: ServerAccess | undefined,
  databases: ReadonlyMap<string, ActualDatabase>,
): Clearing {
  const lost = leave(before?.databases, desired.databases);
  const owners = [
    ...desired.databases.map(({ name, owner }) => [name, owner] as const),
    ...lost.map(({ name }) => [name, databases.get(name)?.owner ?? ""] as const),
  ];
  return {
    owners: new Map(owners.filter(([name]) => databases.has(name))),
    lost: new Set(lost.map(({ name }) => name)),
  };
}

/** What this run takes by other statements does not count: a database for another owner, privileges on databases. */
function remaining(
  name: string,
  role: ActualRole | undefined,
  desired: ServerAccess,
): readonly RoleDependency[] {
  const moved = new Set(desired.databases.filter(({ owner }) => owner !== name).map((one) => one.name));
  const exact = new Set([...desired.databases, ...desired.closed].map((one) => one.name));
  return (role?.dependencies ?? []).filter(({ shared, how, database }) => {
    if (!shared || database === null) return true;
    return how === "owns" ? !moved.has(database) : how !== "privilege" || !exact.has(database);
  });
}

/** What somebody dropped already is made again: an official resource fails where there is nothing to drop. */
function leftToDrop(
  desired: ServerAccess,
  before: ServerAccess | undefined,
  roles: ReadonlyMap<string, ActualRole>,
  databases: ReadonlyMap<string, ActualDatabase>,
): Statement[] {
  const reason = "left for its official resource to drop, which fails where there is nothing";
  const missing = leave(before?.roles, [...desired.roles, ...desired.groups])
    .filter(({ name }) => !roles.has(name))
    .map(({ verifier: _verifier, ...role }) => createRole({ ...role, login: false }));
  const empty = leave(before?.databases, desired.databases)
    .filter(({ name }) => !databases.has(name))
    // Its owner may be gone or on the way out: the managing role does.
    .map(({ name }): Statement => {
      const sql = `CREATE DATABASE ${quoteIdentifier(name)}`;
      return { sql, reason, risk: "none", kind: "database", transactional: false };
    });
  return [...missing, ...empty].map((statement) => ({ ...statement, reason }));
}

function refuseLostDatabases(
  desired: ServerAccess,
  before: ServerAccess | undefined,
  actual: ReadonlyMap<string, ActualDatabase>,
): Refusal[] {
  return leave(before?.databases, desired.databases).flatMap(({ name, urn }) => {
    const found = actual.get(name);
    const entry = `database ${name}`;
    if (found === undefined || mayBeLost(desired.allowDataLoss, entry)) return [];
    const size = found.sizeBytes === null ? "" : ` (${renderSize(found.sizeBytes)})`;
    // Single quotes: the URN holds a $.
    const unprotect =
      desired.protect && urn !== undefined
        ? ` and unprotect it: npm run pulumi -- state unprotect --stack ${stackOf(urn)} '${urn}'`
        : "";
    return [
      {
        subject: entry,
        message: `it left the configuration: the database${size} and everything in it would be dropped`,
        hint: `declare it again, or allow the loss with pgstead:allowDataLoss: ["${entry}"]${unprotect}`,
      },
    ];
  });
}

/** `urn:pulumi:<stack>::<project>::…` */
function stackOf(urn: string): string {
  return urn.split(":")[2] ?? "";
}

/** What is allowed to go, by the official resources at the end of the run, and is to be in a backup. */
function lostDatabases(
  { allowDataLoss, gate, databases }: ServerAccess,
  before: ServerAccess | undefined,
  actual: ReadonlyMap<string, ActualDatabase>,
): Loss[] {
  if (gate === undefined) return [];
  return leave(before?.databases, databases).flatMap(({ name }) => {
    const entry = `database ${name}`;
    const isAsked =
      actual.has(name) && mayBeLost(allowDataLoss, entry) && !needsNoBackup(allowDataLoss, entry);
    if (!isAsked) return [];
    const message = "it left the configuration, with everything in it";
    return [{ database: name, subject: entry, message, entry: `${entry}${withoutBackup}` }];
  });
}
