import { DatabaseError } from "pg";
import type { ConnectionTarget } from "../../core/connection";
import { planDatabaseAccess } from "../../core/database/access";
import type { DatabaseAccess, DesiredExtension } from "../../core/database/model";
import { quoteIdentifier } from "../../core/identifier";
import { planObjectsAccess } from "../../core/privileges/objects";
import { problemError, ProblemError } from "../../core/problem";
import { planServerAccess } from "../../core/server/access";
import type { ServerAccess } from "../../core/server/model";
import type { Plan } from "../../core/statement";
import { applyStatements } from "../apply";
import { readDatabaseCatalog } from "../catalog/database";
import { readObjectsCatalog } from "../catalog/objects";
import { readServerCatalog } from "../catalog/server";
import { withSession, type Session } from "../session";

/** What is declared of one database, and of the live server what a scratch one has to be like. */
export interface DeclaredState {
  /** Roles, groups and databases; of the databases the one alone that is looked at. */
  readonly server: ServerAccess;
  readonly database: DatabaseAccess;
  /** Name of the managing login. */
  readonly manager: string;
  /** Names of all roles of the live server: what migrations grant to has to be there. */
  readonly roles: readonly string[];
  /** Version of each extension of the live database: what nobody declared is as it is there. */
  readonly extensions: Readonly<Record<string, string>>;
}

/** Makes the roles and the database on a scratch server, as `up` would. */
export async function makeDeclaredServer(
  administrator: ConnectionTarget,
  { server, roles }: DeclaredState,
): Promise<void> {
  await withSession(administrator, { applicationName: "pgstead scratch" }, async (maintenance) => {
    const plan = planServerAccess(server, server, await readServerCatalog(maintenance));
    await act(plan, maintenance, administrator);
    const made = await maintenance.query<{ name: string }>("SELECT rolname AS name FROM pg_catalog.pg_roles");
    const known = new Set(made.map(({ name }) => name));
    // PostgreSQL's own are there, or of another version.
    const others = roles.filter((role) => !known.has(role) && !role.startsWith("pg_"));
    for (const role of others) await maintenance.query(`CREATE ROLE ${quoteIdentifier(role)}`);
  });
}

/**
 * Makes schemas and extensions with their privileges: what migrations begin from.
 *
 * @param otherwise what to do where the server lacks an extension
 */
export async function makeDeclaredDatabase(
  administrator: ConnectionTarget,
  database: string,
  state: DeclaredState,
  otherwise: string,
): Promise<void> {
  await withSession(administrator, { database, applicationName: "pgstead scratch" }, async (session) => {
    const extensions = await usableExtensions(session, state, otherwise);
    const access = { ...state.database, extensions };
    const catalog = await readDatabaseCatalog(session, { manager: state.manager });
    await act(planDatabaseAccess(access, access, catalog), session, administrator);
  });
}

/**
 * Makes what is declared and a restored server lacks, as `up` would before it migrates.
 *
 * @returns why it could not be made; undefined: all is there
 */
export async function makeMissing(
  administrator: ConnectionTarget,
  database: string,
  state: DeclaredState,
): Promise<string | undefined> {
  try {
    await makeDeclaredServer(administrator, state);
    await makeDeclaredDatabase(administrator, database, state, "test it where the server has it");
    return undefined;
  } catch (error) {
    if (error instanceof DatabaseError) return error.message;
    if (!(error instanceof ProblemError)) throw error;
    return error.problems.map(({ path, message }) => `${path}: ${message}`).join("; ");
  }
}

/** Gives what migrations made its owners and privileges, as `up` does after them. */
export async function grantDeclared(
  administrator: ConnectionTarget,
  database: string,
  { database: { privileges } }: DeclaredState,
): Promise<void> {
  if (privileges === undefined) return;
  await withSession(administrator, { database, applicationName: "pgstead scratch" }, async (session) => {
    const plan = planObjectsAccess(privileges, await readObjectsCatalog(session, privileges));
    await act(plan, session, administrator);
  });
}

async function act(plan: Plan, session: Session, administrator: ConnectionTarget): Promise<void> {
  if (plan.refusals.length > 0) {
    const problems = plan.refusals.map(({ subject, ...rest }) => ({ path: subject, ...rest }));
    throw new ProblemError("what is declared cannot be made on a scratch server", problems);
  }
  await applyStatements(session, plan.statements, (database, use) =>
    withSession(administrator, { database, applicationName: "pgstead scratch" }, use),
  );
}

/** The declared extensions in the versions of the live database, where a scratch server has those. */
async function usableExtensions(
  session: Session,
  { database, extensions }: DeclaredState,
  otherwise: string,
): Promise<DesiredExtension[]> {
  const rows = await session.query<{ name: string; versions: string[] }>(
    `SELECT name::text, pg_catalog.array_agg(version) AS versions
     FROM pg_catalog.pg_available_extension_versions GROUP BY name`,
  );
  const available = new Map(rows.map(({ name, versions }) => [name, versions]));
  const missing = database.extensions.filter(({ name }) => !available.has(name));
  if (missing.length > 0) {
    const names = missing.map(({ name }) => name).join(", ");
    throw problemError("scratch server", `it does not have what the database has: ${names}`, otherwise);
  }
  return database.extensions.map((extension) => {
    const version = extension.version ?? extensions[extension.name];
    const has = version !== undefined && available.get(extension.name)?.includes(version) === true;
    return has ? { ...extension, version } : extension;
  });
}
