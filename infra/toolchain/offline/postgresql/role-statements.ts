import { quoteIdentifier, quoteLiteral } from "../../../../components/core/identifier";
import { roleShape, type RoleValues } from "./role-shape";

const flags = [
  ["superuser", "SUPERUSER"],
  ["createDatabase", "CREATEDB"],
  ["createRole", "CREATEROLE"],
  ["inherit", "INHERIT"],
  ["login", "LOGIN"],
  ["bypassRowLevelSecurity", "BYPASSRLS"],
  ["replication", "REPLICATION"],
] as const;

/** Statements that make a role, in the order in which they have to run. They may hold a password. */
export function createRoleStatements(role: RoleValues): string[] {
  const name = quoteIdentifier(role.name);
  const options = [
    ...passwordOption(role),
    `VALID UNTIL ${quoteLiteral(validUntil(role))}`,
    `CONNECTION LIMIT ${role.connectionLimit ?? -1}`,
    ...flags.map(([property, word]) => flag(role, property, word)),
  ];
  return [
    `CREATE ROLE ${name} WITH ${options.join(" ")}`,
    ...grants(role),
    searchPath(role),
    ...timeouts(role, ["statementTimeout", "idleInTransactionSessionTimeout"]).filter(
      (statement) => !statement.includes(" RESET "),
    ),
  ];
}

/**
 * Statements of any update of a role.
 *
 * Whatever has changed, every membership is revoked and the declared ones are granted again with default options, and
 * the search path is set: the official plugin does so.
 */
export function updateRoleStatements(
  before: RoleValues,
  after: RoleValues,
  changed: readonly string[],
  memberOf: readonly string[],
): string[] {
  const name = quoteIdentifier(after.name);
  const has = (property: string): boolean => changed.includes(property);
  const alter = (option: string): string => `ALTER ROLE ${name} ${option}`;
  return [
    ...(has("name") ? [`ALTER ROLE ${quoteIdentifier(before.name)} RENAME TO ${name}`] : []),
    ...(has("password") ? [alter(passwordOption(after).join(" ") || "PASSWORD NULL")] : []),
    // A new name voids an MD5 password, as the name is its salt.
    ...(has("name") && !has("password") ? passwordOption(after).map(alter) : []),
    ...(has("connectionLimit") ? [alter(`CONNECTION LIMIT ${after.connectionLimit ?? -1}`)] : []),
    ...flags
      .filter(([property]) => has(property))
      .map(([property, word]) => alter(flag(after, property, word))),
    ...(has("validUntil") ? [alter(`VALID UNTIL ${quoteLiteral(validUntil(after))}`)] : []),
    ...memberOf.map((group) => `REVOKE ${quoteIdentifier(group)} FROM ${name}`),
    ...grants(after),
    searchPath(after),
    ...timeouts(after, changed),
  ];
}

function flag(role: RoleValues, property: (typeof flags)[number][0], word: string): string {
  const value = role[property] ?? roleShape.attributes[property]?.default;
  return value === true ? word : `NO${word}`;
}

/** As one word, so that it stays one option: the password as it was given, which may be a verifier. */
function passwordOption({ password, encryptedPassword }: RoleValues): string[] {
  if (password === undefined || password === null || password === "") return [];
  if (password.toUpperCase() === "NULL") return ["PASSWORD NULL"];
  const form = (encryptedPassword ?? true) ? "ENCRYPTED" : "UNENCRYPTED";
  return [`${form} PASSWORD ${quoteLiteral(password)}`];
}

function validUntil(role: RoleValues): string {
  const text = role.validUntil ?? "";
  return text === "" || text.toLowerCase() === "infinity" ? "infinity" : text;
}

function grants(role: RoleValues): string[] {
  return [...new Set(role.roles ?? [])]
    .sort()
    .map((group) => `GRANT ${quoteIdentifier(group)} TO ${quoteIdentifier(role.name)}`);
}

function searchPath(role: RoleValues): string {
  const paths = role.searchPaths ?? [];
  const value = paths.length === 0 ? "DEFAULT" : paths.map(quoteIdentifier).join(", ");
  return `ALTER ROLE ${quoteIdentifier(role.name)} SET search_path TO ${value}`;
}

const settings = [
  ["statementTimeout", "statement_timeout"],
  ["idleInTransactionSessionTimeout", "idle_in_transaction_session_timeout"],
] as const;

function timeouts(role: RoleValues, changed: readonly string[]): string[] {
  const name = quoteIdentifier(role.name);
  return settings
    .filter(([property]) => changed.includes(property))
    .map(([property, setting]) => {
      const value = role[property] ?? 0;
      return value === 0
        ? `ALTER ROLE ${name} RESET ${setting}`
        : `ALTER ROLE ${name} SET ${setting} TO ${value}`;
    });
}
