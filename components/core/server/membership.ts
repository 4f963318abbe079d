import { quoteIdentifier } from "../identifier";
import type { Refusal, Statement, Undeclared } from "../statement";

/** A role that another one is to belong to. */
export interface DesiredMembership {
  readonly role: string;
  /** May give the membership to others (`ADMIN`). */
  readonly admin: boolean;
  /** Has the role's privileges without SET ROLE (`INHERIT`, 16 and newer: before, the member's own attribute counts). */
  readonly inherit: boolean;
  /** May become the role (`SET`, 16 and newer: before, every member may). */
  readonly set: boolean;
  /** Oldest major version that has the role: on older ones there is nothing to belong to. */
  readonly since?: number;
  /** Options that somebody wrote down as false, by name: a server that does not know them cannot keep that promise. */
  readonly without?: readonly ("inherit" | "set")[];
}

/** A row of pg_auth_members. */
export interface ActualMembership {
  readonly role: string;
  readonly member: string;
  readonly grantor: string;
  readonly admin: boolean;
  /** Null before PostgreSQL 16, as is `set`. */
  readonly inherit: boolean | null;
  readonly set: boolean | null;
}

/** What a plan of memberships needs to know of the server. */
export interface MembershipServer {
  /** Major version, such as 17. */
  readonly major: number;
  readonly memberships: readonly ActualMembership[];
  /** Names of all roles; undefined where the server was not read. */
  readonly names: ReadonlySet<string> | undefined;
  readonly superusers: ReadonlySet<string>;
  /** Whom PostgreSQL writes down as the grantor of what the managing login grants. */
  readonly grantor: string;
  /** The managing login. */
  readonly manager: string;
}

export interface DeclaredMembers {
  /** What each declared role belongs to, and nothing else; a role that leaves or retires belongs to nothing. */
  readonly members: ReadonlyMap<string, readonly DesiredMembership[]>;
  /** Declared roles and groups; true where a member that nobody declared is put out. */
  readonly roles: ReadonlyMap<string, boolean>;
  /** Roles that are declared to make roles: each is by itself an administrator of those that it made. */
  readonly creators: ReadonlySet<string>;
}

/** A statement about a membership in the role `of`. */
export type MembershipStatement = Statement & { readonly of: string };

export interface MembershipPlan {
  readonly statements: readonly MembershipStatement[];
  readonly refusals: readonly Refusal[];
  readonly undeclared: readonly Undeclared[];
}

/** A row that goes, and why. */
type Removed = ReadonlyMap<ActualMembership, string>;

/**
 * The statements that make memberships what they are to be: every revocation is one of its own, those that depend on
 * another one first, so that CASCADE is never needed and the plan shows all that goes.
 */
export function planMemberships(declared: DeclaredMembers, server: MembershipServer): MembershipPlan {
  const { undeclared, removed: first } = sortOut(declared, server);
  const removed = withDependents(first, declared, server);
  const left = server.memberships.filter((row) => !removed.has(row));
  return {
    statements: [
      ...[...removed]
        .toSorted(([a], [b]) => depth(b, server) - depth(a, server) || compareRows(a, b))
        .map(([row, reason]) => revoke(row, reason, server)),
      ...wantedPairs(declared, server).flatMap(([member, wanted]) =>
        diffMembership(member, wanted, left, server),
      ),
    ],
    refusals: [...refuseUnknown(declared, server), ...refuseOptions(declared, server)],
    undeclared,
  };
}

/** What is to go by itself, and what nobody declared and is left alone. */
function sortOut(
  declared: DeclaredMembers,
  server: MembershipServer,
): { removed: Removed; undeclared: Undeclared[] } {
  const removed = new Map<ActualMembership, string>();
  const undeclared: Undeclared[] = [];
  for (const row of server.memberships.toSorted(compareRows)) {
    const wanted = declared.members.get(row.member);
    const authoritative = declared.roles.get(row.role);
    if (wanted !== undefined) {
      const reason = wrongRow(row, wanted, declared, server);
      if (reason !== undefined) removed.set(row, reason);
    } else if (authoritative === true && !isManaging(row.member, server)) {
      removed.set(row, `nobody declared that ${row.member} belongs to it`);
    } else if (authoritative === false && !isManaging(row.member, server)) {
      const subject = `membership of ${row.member} in ${row.role}`;
      undeclared.push({ kind: "membership", subject, message: `nobody declared it (by ${row.grantor})` });
    }
  }
  return { removed, undeclared };
}

/** Why a row of a declared member cannot stay; undefined where it may, or is mended by a GRANT. */
function wrongRow(
  row: ActualMembership,
  wanted: readonly DesiredMembership[],
  declared: DeclaredMembers,
  server: MembershipServer,
): string | undefined {
  const one = wanted.find(({ role }) => role === row.role);
  if (one === undefined) {
    return isOfCreator(row, declared) ? undefined : `nobody declared that ${row.member} belongs to it`;
  }
  const excess = options(server).filter((option) => row[option] === true && !one[option]);
  // A row of our own is changed by the next GRANT; before 16 there is one row for a pair, whoever granted it.
  if (excess.length === 0 || server.major < 16 || row.grantor === server.grantor) return undefined;
  return `${row.grantor} granted it with ${excess.map(words).join(", ")}`;
}

/**
 * From 16 on, who makes a role is its administrator at once, and may have made itself a member as well
 * (`createrole_self_grant`): that belongs to CREATEROLE and is no membership that somebody has to declare.
 */
function isOfCreator(row: ActualMembership, { creators, roles }: DeclaredMembers): boolean {
  // Nobody made what PostgreSQL brings, and what is declared here is made by ourselves.
  if (!creators.has(row.member) || roles.has(row.role) || row.role.startsWith("pg_")) return false;
  return (row.admin && row.inherit === false && row.set === false) || row.grantor === row.member;
}

/** Membership gives a superuser, or the managing login, nothing that it does not have. */
function isManaging(member: string, { manager, superusers }: MembershipServer): boolean {
  return member === manager || superusers.has(member);
}

/** Who loses ADMIN loses what it granted by it, and so on. */
function withDependents(first: Removed, declared: DeclaredMembers, server: MembershipServer): Removed {
  const removed = new Map(first);
  if (server.major < 16) return removed;
  const administers = (member: string, role: string, rows: readonly ActualMembership[]): boolean =>
    rows.some((row) => row.role === role && row.member === member && row.admin);
  const keepsAdmin = (row: ActualMembership): boolean => {
    const wanted = declared.members.get(row.member)?.find(({ role }) => role === row.role);
    return wanted === undefined || wanted.admin;
  };
  for (let before = -1; before !== removed.size;) {
    before = removed.size;
    const left = server.memberships.filter((row) => !removed.has(row));
    for (const row of left) {
      const had = administers(row.grantor, row.role, server.memberships);
      if (!had || administers(row.grantor, row.role, left.filter(keepsAdmin))) continue;
      removed.set(row, `${row.grantor}, who granted it, may not any more`);
    }
  }
  return removed;
}

/** How many grants stand between a row and its first grantor. */
function depth(row: ActualMembership, { memberships }: MembershipServer): number {
  const visited = new Set<ActualMembership>([row]);
  for (let at: ActualMembership | undefined = row; ;) {
    const { role, grantor }: ActualMembership = at;
    at = memberships.find((other) => other.role === role && other.member === grantor && other.admin);
    if (at === undefined || visited.has(at)) return visited.size;
    visited.add(at);
  }
}

function wantedPairs(
  declared: DeclaredMembers,
  server: MembershipServer,
): (readonly [string, DesiredMembership])[] {
  return [...declared.members]
    .flatMap(([member, wanted]) => wanted.map((one) => [member, one] as const))
    .filter(([, { since = 0 }]) => since <= server.major)
    .toSorted(([a, one], [b, other]) => compareText(one.role, other.role) || compareText(a, b));
}

function diffMembership(
  member: string,
  wanted: DesiredMembership,
  left: readonly ActualMembership[],
  server: MembershipServer,
): MembershipStatement[] {
  const rows = left.filter((row) => row.role === wanted.role && row.member === member);
  const has = (option: Option): boolean => rows.some((row) => row[option] === true);
  const wrong = options(server).filter((option) => has(option) !== wanted[option]);
  if (rows.length > 0 && wrong.length === 0) return [];
  const reason =
    rows.length === 0
      ? `${member} is declared to belong to it`
      : `the server has it with ${wrong.map((option) => `${words(option)} ${upper(has(option))}`).join(", ")}`;
  const sql = grant(member, wanted, has("admin"), server);
  return [{ of: wanted.role, sql, reason, risk: "access", kind: "membership" }];
}

function grant(member: string, wanted: DesiredMembership, isAdmin: boolean, { major }: MembershipServer) {
  const [role, to] = [quoteIdentifier(wanted.role), quoteIdentifier(member)];
  if (major >= 16) {
    const { admin, inherit, set } = wanted;
    return `GRANT ${role} TO ${to} WITH ADMIN ${upper(admin)}, INHERIT ${upper(inherit)}, SET ${upper(set)}`;
  }
  if (isAdmin && !wanted.admin) return `REVOKE ADMIN OPTION FOR ${role} FROM ${to}`;
  return `GRANT ${role} TO ${to}${wanted.admin ? " WITH ADMIN OPTION" : ""}`;
}

function revoke(
  { role, member, grantor }: ActualMembership,
  reason: string,
  server: MembershipServer,
): MembershipStatement {
  // Before 16 a pair has one row, and who granted it does not matter.
  const by = server.major < 16 || grantor === server.grantor ? "" : ` GRANTED BY ${quoteIdentifier(grantor)}`;
  const sql = `REVOKE ${quoteIdentifier(role)} FROM ${quoteIdentifier(member)}${by}`;
  return { of: role, sql, reason, risk: "access", kind: "membership" };
}

/** Before 16 every member may become the role, and its own attribute alone says whether it inherits. */
function refuseOptions({ members }: DeclaredMembers, { names, major }: MembershipServer): Refusal[] {
  if (names === undefined || major >= 16) return [];
  return [...members].flatMap(([member, wanted]) =>
    wanted
      .filter(({ without = [] }) => without.length > 0)
      .map(({ role, without = [] }) => ({
        subject: `role ${member}`,
        message: `it is declared to belong to ${role} with ${without.map((one) => `${words(one)} FALSE`).join(" and ")}, and PostgreSQL ${major} has no such membership: that came with 16`,
        hint: `remove ${without.map((one) => `\`${one}: false\``).join(" and ")} from memberOf${without.includes("inherit") ? ", and give the role itself `inherit: false` if that is meant" : ", knowing that the role may SET ROLE then"}`,
      })),
  );
}

function refuseUnknown({ members, roles }: DeclaredMembers, { names, major }: MembershipServer): Refusal[] {
  if (names === undefined) return [];
  return [...members].flatMap(([member, wanted]) =>
    wanted
      .filter(({ role, since = 0 }) => since <= major && !names.has(role) && !roles.has(role))
      .map(({ role }) => ({
        subject: `role ${member}`,
        message: `it is declared to belong to ${role}, which is neither declared nor on the server`,
        hint: "declare that role, make it on the server first, or correct its name in memberOf",
      })),
  );
}

type Option = "admin" | "inherit" | "set";

/** What a membership says on this server. */
function options({ major }: MembershipServer): readonly Option[] {
  return major < 16 ? ["admin"] : ["admin", "inherit", "set"];
}

function words(option: Option): string {
  return option.toUpperCase();
}

function upper(value: boolean): string {
  return value ? "TRUE" : "FALSE";
}

function compareRows(a: ActualMembership, b: ActualMembership): number {
  return compareText(a.role, b.role) || compareText(a.member, b.member) || compareText(a.grantor, b.grantor);
}

function compareText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
