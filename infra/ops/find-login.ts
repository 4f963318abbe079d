import { problemError, type ProblemError } from "../../components/core/problem";
import type { DatabaseConfig, RoleConfig, StackConfig } from "../config";
import { meantOrKnown } from "./meant";

export interface FoundLogin {
  readonly database: DatabaseConfig;
  readonly role: RoleConfig;
}

/**
 * The login role that a user means, by its name in the configuration or on the server.
 *
 * @param option where the user named it, for an error
 * @throws ProblemError with the names that are known, where there is none or more than one
 */
export function findLogin(
  config: StackConfig,
  wanted: { readonly role?: string | undefined; readonly database?: string | undefined },
  option = "--role",
): FoundLogin {
  const databases = candidates(config, wanted.database);
  const logins = databases.flatMap((database) =>
    // Of two that take turns, the one whose turn it is; either name means it.
    database.roles
      .filter(({ login, turn }) => login && turn?.is !== "former")
      .map((role) => ({ database, role })),
  );
  const known = [...new Set(logins.map(({ role }) => role.key))];
  if (wanted.role === undefined) {
    throw problemError(option, "is missing", `say which role: ${known.join(", ")}`);
  }
  const found = logins.filter(({ database, role }) =>
    database.roles.some(({ key, name }) => key === role.key && (name === wanted.role || key === wanted.role)),
  );
  const [only] = found;
  if (only === undefined) throw unknownRole(option, wanted.role, databases, known, logins);
  if (found.length === 1) return only;
  const names = found.map(({ database }) => database.name).join(", ");
  throw problemError("--database", `is missing: several have a role ${wanted.role}`, `say which: ${names}`);
}

function candidates({ databases }: StackConfig, wanted: string | undefined): readonly DatabaseConfig[] {
  if (wanted === undefined) return databases;
  const found = databases.filter(({ name }) => name === wanted);
  if (found.length > 0) return found;
  const known = databases.map(({ name }) => name);
  throw problemError("--database", `${wanted} is not declared`, meantOrKnown(wanted, known));
}

function unknownRole(
  option: string,
  wanted: string,
  databases: readonly DatabaseConfig[],
  known: readonly string[],
  logins: readonly FoundLogin[],
): ProblemError {
  const declared = databases.flatMap(({ roles }) => roles);
  if (declared.some(({ key, name }) => key === wanted || name === wanted)) {
    const hint = `set \`login: true\` for it, or take one that does: ${known.join(", ")}`;
    return problemError(option, `${wanted} does not log in`, hint);
  }
  const names = [...known, ...logins.map(({ role }) => role.name)];
  return problemError(option, `${wanted} is not declared`, meantOrKnown(wanted, names, known));
}
