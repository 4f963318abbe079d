import { loginsAt } from "../../components/core/credentials/turns";
import type { DatabaseConfig, RoleConfig } from "./stack-config";

/**
 * A database with both logins of each role whose logins take turns. They are declared alike and belong to the same
 * groups, so that everything else (privileges, pg_hba.conf, settings, drift) holds for both without knowing of turns.
 */
export function withTurns(database: DatabaseConfig): DatabaseConfig {
  const pairs = new Map(
    database.roles.filter(takesTurns).map((role) => [role.name, loginsAt(role.name, role.passwordVersion)]),
  );
  if (pairs.size === 0) return database;
  const members = (names: readonly string[]): string[] =>
    names.flatMap((name) => pairs.get(name)?.map((login) => login.name) ?? [name]).toSorted();
  return {
    ...database,
    schemas: database.schemas.map((schema) => ({
      ...schema,
      writers: members(schema.writers),
      readers: members(schema.readers),
    })),
    roles: database.roles.flatMap((role) => {
      const pair = pairs.get(role.name);
      return pair === undefined ? [role] : pair.map((login) => loginOf(role, login));
    }),
  };
}

export function takesTurns({ rotation }: Pick<RoleConfig, "rotation">): boolean {
  return rotation !== undefined;
}

function loginOf(role: RoleConfig, login: ReturnType<typeof loginsAt>[number]): RoleConfig {
  const { name, passwordVersion, is } = login;
  // Who is retired has no turn any more: both leave.
  if (role.retired !== undefined) return { ...role, name, passwordVersion };
  const isShutOut = is === "former" && role.rotation === "dual-finished";
  return {
    ...role,
    name,
    passwordVersion,
    login: role.login && !isShutOut,
    turn: { role: role.name, is },
  };
}
