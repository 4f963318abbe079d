import { diffDatabase, refuseFixed, type ActualDatabase, type DesiredDatabase } from "./database";
import { quoteIdentifier } from "./identifier";
import { createRole, diffRole, type ActualRole, type DesiredRole } from "./role";
import { renderSize } from "./size";
import type { Plan, Refusal, Statement } from "./statement";

/** What `Access` of scope server declares: the roles and databases of a server. */
export interface ServerAccess {
  readonly roles: readonly DesiredRole[];
  readonly databases: readonly DesiredDatabase[];
  /** Losses that the configuration allows: `database <name>`, `schema <database>.<schema>`. */
  readonly allowDataLoss: readonly string[];
  /** True where the databases are protected in Pulumi's state. */
  readonly protect: boolean;
}

/** What the server has. */
export interface ServerCatalog {
  readonly roles: readonly ActualRole[];
  readonly databases: readonly ActualDatabase[];
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
  const databases = new Map(actual.databases.map((database) => [database.name, database]));
  const knownRoles = new Set(before?.roles.map(({ name }) => name));
  const knownDatabases = new Set(before?.databases.map(({ name }) => name));
  return {
    statements: [
      ...byName(desired.roles).flatMap((role) => {
        const found = roles.get(role.name);
        const statements = diffRole(role, found);
        return found === undefined && !knownRoles.has(role.name) ? official(statements) : statements;
      }),
      ...byName(desired.databases).flatMap((database) => {
        const found = databases.get(database.name);
        const statements = diffDatabase(database, found);
        return found === undefined && !knownDatabases.has(database.name) ? official(statements) : statements;
      }),
      ...leave(before?.roles, desired.roles)
        .filter(({ name }) => !roles.has(name))
        .map(({ verifier: _verifier, ...role }) => leftToDrop(createRole({ ...role, login: false }))),
      ...leave(before?.databases, desired.databases)
        .filter(({ name }) => !databases.has(name))
        // Its owner may be gone or on the way out: the managing role does.
        .map(({ name }) => leftToDrop({ ...emptyDatabase, sql: `CREATE DATABASE ${quoteIdentifier(name)}` })),
    ],
    refusals: [
      ...desired.databases.flatMap((database) => {
        const last = before?.databases.find(({ name }) => name === database.name);
        return refuseFixed(database, last, databases.get(database.name));
      }),
      ...refuseLostDatabases(desired, before, databases),
      ...refuseDependentRoles(desired, before, roles),
    ],
  };
}

/** What the last run did not know, and is not there, is made by its official resource. */
function official(statements: readonly Statement[]): Statement[] {
  return statements.map((statement) => ({ ...statement, by: "@pulumi/postgresql" }));
}

/** `urn:pulumi:<stack>::<project>::…` */
function stackOf(urn: string): string {
  return urn.split(":")[2] ?? "";
}

const emptyDatabase = { reason: "", risk: "none", kind: "database", transactional: false } as const;

/** Somebody dropped what leaves in this run: its official resource fails where there is nothing to drop. */
function leftToDrop(statement: Statement): Statement {
  return {
    ...statement,
    reason: "left for its official resource to drop, which fails where there is nothing",
  };
}

function refuseLostDatabases(
  desired: ServerAccess,
  before: ServerAccess | undefined,
  actual: ReadonlyMap<string, ActualDatabase>,
): Refusal[] {
  const leaving = leave(before?.databases, desired.databases);
  return leaving.flatMap(({ name, urn }) => {
    const found = actual.get(name);
    const entry = `database ${name}`;
    if (found === undefined || desired.allowDataLoss.includes(entry)) return [];
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

/** DROP ROLE fails while something depends on the role: at the end of a run, which then cannot succeed. */
function refuseDependentRoles(
  desired: ServerAccess,
  before: ServerAccess | undefined,
  actual: ReadonlyMap<string, ActualRole>,
): Refusal[] {
  const lost = new Set(leave(before?.databases, desired.databases).map(({ name }) => name));
  return leave(before?.roles, desired.roles).flatMap(({ name }) => {
    const dependencies = (actual.get(name)?.dependencies ?? []).filter(({ database }) => !lost.has(database));
    if (dependencies.length === 0) return [];
    const list = dependencies.map(({ database, count }) => `${count} in ${database}`).join(", ");
    return [
      {
        subject: `role ${name}`,
        message: `it left the configuration and cannot be dropped: objects or privileges depend on it (${list})`,
        hint: `declare it again, or give its objects away first: REASSIGN OWNED BY … TO …; DROP OWNED BY … in each database`,
      },
    ];
  });
}

function leave<Item extends { readonly name: string }>(
  before: readonly Item[] | undefined,
  desired: readonly Item[],
): readonly Item[] {
  const staying = new Set(desired.map(({ name }) => name));
  return (before ?? []).filter(({ name }) => !staying.has(name));
}

function byName<Item extends { readonly name: string }>(items: readonly Item[]): Item[] {
  return items.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}
