import { quoteIdentifier, quoteLiteral } from "../identifier";
import type { DesiredMembership } from "./membership";
import type { RoleDependency } from "./retired";
import type { DesiredSettings } from "./role-settings";
import type { Statement } from "../statement";

/** A role as it is to be. */
export interface DesiredRole {
  readonly name: string;
  readonly login: boolean;
  /** Sessions at once (`CONNECTION LIMIT`); −1 is no limit. */
  readonly connectionLimit: number;
  readonly inherit: boolean;
  readonly createDatabase: boolean;
  readonly createRole: boolean;
  readonly replication: boolean;
  readonly bypassRowLevelSecurity: boolean;
  /** Moment after which the password is refused (`VALID UNTIL`); default never. */
  readonly validUntil?: string;
  /** SCRAM verifier of the password; null while it is not made yet; absent where the password is not ours. */
  readonly verifier?: string | null;
  /** Database of the stack that it belongs to. */
  readonly database: string;
  /** All that it belongs to. */
  readonly memberOf: readonly DesiredMembership[];
  /** `ALTER ROLE … SET`. */
  readonly settings: DesiredSettings;
  /** `ALTER ROLE … IN DATABASE … SET`, in its database. */
  readonly databaseSettings: DesiredSettings;
  /** On its way out: `reassign` gives what it owns to the owners of the databases, `keep` leaves it. */
  readonly retired?: "reassign" | "keep";
  /** It owns the trail of an audit, which nobody else is to own. */
  readonly ownsTrail?: true;
}

/** What `CREATE ROLE` and `ALTER ROLE` say of a role. */
export type RoleAttributes = Omit<
  DesiredRole,
  "database" | "memberOf" | "settings" | "databaseSettings" | "retired" | "ownsTrail"
>;

/** A role as the server has it. */
export interface ActualRole {
  readonly name: string;
  readonly login: boolean;
  readonly connectionLimit: number;
  readonly inherit: boolean;
  readonly createDatabase: boolean;
  readonly createRole: boolean;
  readonly replication: boolean;
  readonly bypassRowLevelSecurity: boolean;
  readonly superuser: boolean;
  /** Seconds since 1970; null is never, `-infinity` a password that was never valid. */
  readonly validUntil: number | "-infinity" | null;
  /** What pg_authid holds; null is no password; absent where the session may not read it. */
  readonly verifier?: string | null;
  /** Objects and privileges that keep the role from being dropped. */
  readonly dependencies: readonly RoleDependency[];
}

const attributes = [
  ["login", "LOGIN"],
  ["inherit", "INHERIT"],
  ["createDatabase", "CREATEDB"],
  ["createRole", "CREATEROLE"],
  ["replication", "REPLICATION"],
  ["bypassRowLevelSecurity", "BYPASSRLS"],
] as const;

/**
 * The statements that make a role what it is to be: none where it is.
 *
 * @param before the verifier that the last run set: it counts where the server's own cannot be read
 */
export function diffRole(
  desired: RoleAttributes,
  actual: ActualRole | undefined,
  before?: string | null,
): Statement[] {
  const role = quoteIdentifier(desired.name);
  if (actual === undefined) return [createRole(desired)];
  const wrong = attributes.filter(([property]) => desired[property] !== actual[property]);
  const options = wrong.map(([property, word]) => (desired[property] ? word : `NO${word}`));
  if (actual.superuser) options.unshift("NOSUPERUSER");
  if (desired.connectionLimit !== actual.connectionLimit) {
    options.push(`CONNECTION LIMIT ${desired.connectionLimit}`);
  }
  if (validUntilSeconds(desired.validUntil) !== actual.validUntil) {
    options.push(`VALID UNTIL ${quoteLiteral(desired.validUntil ?? "infinity")}`);
  }
  return [
    ...(options.length === 0
      ? []
      : [
          {
            sql: `ALTER ROLE ${role} ${options.join(" ")}`,
            reason: attributeReason(actual, options),
            risk: "access" as const,
            kind: "role" as const,
          },
        ]),
    ...diffVerifier(desired, actual, before),
  ];
}

/** The whole statement of a new role. */
export function createRole(desired: RoleAttributes): Statement {
  const options = attributes.map(([property, word]) => (desired[property] ? word : `NO${word}`));
  if (desired.connectionLimit !== -1) options.push(`CONNECTION LIMIT ${desired.connectionLimit}`);
  if (desired.validUntil !== undefined) options.push(`VALID UNTIL ${quoteLiteral(desired.validUntil)}`);
  const sql = `CREATE ROLE ${quoteIdentifier(desired.name)} ${options.join(" ")}`;
  const reason = "declared and not on the server";
  if (desired.verifier === undefined) return { sql, reason, risk: "access", kind: "role" };
  return {
    sql: `${sql} PASSWORD ${quoteLiteral(desired.verifier ?? "")}`,
    redacted: `${sql} PASSWORD '[verifier]'`,
    reason,
    risk: "access",
    kind: "role",
  };
}

function diffVerifier(
  desired: RoleAttributes,
  actual: ActualRole,
  before: string | null | undefined,
): Statement[] {
  // Where nothing is known, its official resource has made it with this one.
  const found = actual.verifier === undefined ? (before ?? desired.verifier) : actual.verifier;
  // A verifier that is not made yet differs from whatever the server has, no password included.
  const same = desired.verifier !== null && desired.verifier === found;
  if (desired.verifier === undefined || same) return [];
  const role = quoteIdentifier(desired.name);
  const statement = (password: string): string => `ALTER ROLE ${role} PASSWORD ${password}`;
  return [
    {
      sql: statement(quoteLiteral(desired.verifier ?? "")),
      redacted: statement("'[verifier]'"),
      reason: desired.verifier === null ? "a new password is made in this run" : verifierReason(actual),
      risk: "access",
      kind: "role",
    },
  ];
}

function verifierReason(actual: ActualRole): string {
  if (actual.verifier === undefined) return "the state has another password than the last run";
  return actual.verifier === null
    ? "the role has no password"
    : "the server has another password than the state";
}

function attributeReason(actual: ActualRole, options: readonly string[]): string {
  const was = attributes
    .filter(([, word]) => options.includes(word) || options.includes(`NO${word}`))
    .map(([property, word]) => (actual[property] ? word : `NO${word}`));
  if (actual.superuser) was.unshift("SUPERUSER");
  if (options.some((option) => option.startsWith("CONNECTION LIMIT"))) {
    was.push(`CONNECTION LIMIT ${actual.connectionLimit}`);
  }
  if (options.some((option) => option.startsWith("VALID UNTIL"))) {
    was.push(`VALID UNTIL ${renderSeconds(actual.validUntil)}`);
  }
  return `the server has ${was.join(" ")}`;
}

const moment =
  /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?))? ?(Z|[+-]\d{2}(?::?\d{2})?)?$/i;

/** Seconds since 1970 of a moment as PostgreSQL and ISO 8601 write it; null for none and for `infinity`. */
export function validUntilSeconds(text: string | undefined): number | null {
  if (text === undefined || text.trim().toLowerCase() === "infinity") return null;
  // `2030-01-01 00:00:00+00` is PostgreSQL's spelling; ISO 8601 wants a T and minutes in the offset. Without a zone it
  // is UTC, as our sessions are.
  const [, date = "", time = "00:00:00", zone = "Z"] = moment.exec(text.trim()) ?? [];
  const minutes = /^[+-]\d{2}$/.test(zone) ? ":00" : "";
  return Date.parse(`${date}T${time}${zone.toUpperCase()}${minutes}`) / 1000;
}

function renderSeconds(seconds: ActualRole["validUntil"]): string {
  if (seconds === "-infinity") return "'-infinity'";
  return seconds === null ? "'infinity'" : `'${new Date(seconds * 1000).toISOString()}'`;
}
