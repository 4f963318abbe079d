import { substituteOf, type Capabilities } from "../capabilities";
import { settingLimit } from "../settings/rights";
import type { ActualRole, RoleAttributes } from "./role";
import { shown, type Plan, type Statement } from "../statement";

/** What matters of a role to who changes it. */
type Reach = Pick<RoleAttributes, "name" | "createDatabase" | "replication" | "bypassRowLevelSecurity">;

/** Why the managing login cannot do something; undefined where it can. */
export interface Limits {
  /** Change a role that is there, or make one. */
  role(desired: Reach, actual: ActualRole | undefined): string | undefined;
  /** Give or take a membership in a role. */
  membership(role: string): string | undefined;
  /** Make a database. */
  newDatabase(): string | undefined;
  /** Change a database, its privileges or its settings, as its owner. */
  database(owner: string): string | undefined;
  /** Set something for a role or a database. */
  setting(name: string): string | undefined;
}

/**
 * What a managing login without superuser may not do. Nobody's rights are guessed: where they are not known (a preview
 * by another login), nothing is refused.
 *
 * @param existing roles that are on the server: those that this run makes are the managing login's to change
 */
export function limitsOf(
  capabilities: Capabilities | undefined,
  existing: ReadonlyMap<string, ActualRole>,
): Limits {
  if (capabilities === undefined || capabilities.superuser) {
    const all = (): undefined => undefined;
    return { role: all, membership: all, newDatabase: all, database: all, setting: all };
  }
  const { login, createRole, createDatabase, adminOf, memberOf, serverVersion } = capabilities;
  const me = existing.get(login);
  // Before 16 CREATEROLE reaches every role but superusers: whoever could join those would be one.
  const administers = (role: string): boolean =>
    serverVersion < 160_000 ? createRole && existing.get(role)?.superuser !== true : adminOf.includes(role);
  return {
    role(desired, actual) {
      if (!createRole) return `${login} has no CREATEROLE`;
      if (actual?.superuser === true) return "only a superuser changes one";
      if (actual !== undefined && !administers(desired.name))
        return `${login} is no administrator of it (ADMIN)`;
      return missingAttribute(desired, actual, me, capabilities);
    },
    membership(role) {
      if (!existing.has(role) && !role.startsWith("pg_")) return undefined;
      return administers(role) ? undefined : `${login} is no administrator of ${role} (ADMIN)`;
    },
    newDatabase: () => (createDatabase ? undefined : `${login} has no CREATEDB`),
    database: (owner) =>
      // A member, or about to become one: see planJoining.
      owner === login || memberOf.includes(owner) || (existing.has(owner) && administers(owner))
        ? undefined
        : `${login} does not belong to its owner ${owner}`,
    setting: (name) =>
      // What a service lets its own substitute of a superuser set beyond that is nowhere to be read: it is tried.
      capabilities.settings === undefined || substituteOf(capabilities) !== undefined
        ? undefined
        : settingLimit(capabilities.settings, name),
  };
}

/** Nobody gives what it does not have itself; before 16 only superusers give the two that reach every database. */
function missingAttribute(
  desired: Reach,
  actual: ActualRole | undefined,
  me: ActualRole | undefined,
  { login, createDatabase, serverVersion }: Capabilities,
): string | undefined {
  const isOld = serverVersion < 160_000;
  const may = {
    createDatabase: isOld || createDatabase,
    replication: !isOld && me?.replication === true,
    bypassRowLevelSecurity: !isOld && me?.bypassRowLevelSecurity === true,
  };
  const words = {
    createDatabase: "CREATEDB",
    replication: "REPLICATION",
    bypassRowLevelSecurity: "BYPASSRLS",
  };
  const missing = (["createDatabase", "replication", "bypassRowLevelSecurity"] as const).find(
    (property) => desired[property] !== (actual?.[property] ?? false) && !may[property],
  );
  return missing === undefined ? undefined : `${login} may not give or take ${words[missing]}`;
}

/** The statements, or, where the managing login may not send them, the refusal that says so. */
export function within(
  subject: string,
  limit: string | undefined,
  statements: readonly Statement[],
  hint = "let a superuser run that, or give the managing login what it needs",
): Plan {
  const [first] = statements;
  if (limit === undefined || first === undefined) return { statements, refusals: [] };
  const rest = statements.length === 1 ? "" : ` and ${statements.length - 1} more`;
  return {
    statements: [],
    refusals: [
      {
        subject,
        message: `it is not as declared, and ${limit}: ${shown(first)}${rest}`,
        hint,
      },
    ],
  };
}
