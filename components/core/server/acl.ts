import { quoteIdentifier } from "../identifier";
import type { Plan, Statement, Undeclared } from "../statement";

/** What PostgreSQL has for a database, in the order in which it is written. */
export type DatabasePrivilege = "CONNECT" | "CREATE" | "TEMPORARY";

const databasePrivileges: readonly DatabasePrivilege[] = ["CONNECT", "CREATE", "TEMPORARY"];

/** One privilege of one grantee, as `aclexplode` gives it. */
export interface AclItem {
  /** Null is PUBLIC. */
  readonly grantee: string | null;
  readonly grantor: string;
  readonly privilege: DatabasePrivilege;
  /** May grant it to others (`WITH GRANT OPTION`). */
  readonly grantable: boolean;
}

/** Who may do what with a database. PUBLIC may do nothing, its owner everything. */
export interface DesiredDatabaseAcl {
  readonly name: string;
  readonly owner: string;
  readonly connect: readonly string[];
  readonly temporary: readonly string[];
  readonly create?: readonly string[];
  /** True: what nobody declared for a grantee that nobody declared is taken as well. */
  readonly authoritative: boolean;
}

/** What a database has whose ACL was never changed. */
export function defaultAcl(owner: string): readonly AclItem[] {
  const item = (grantee: string | null) => (privilege: DatabasePrivilege) => ({
    grantee,
    grantor: owner,
    privilege,
    grantable: false,
  });
  return [
    ...databasePrivileges.map(item(owner)),
    ...databasePrivileges.filter((privilege) => privilege !== "CREATE").map(item(null)),
  ];
}

/** What a change of owner makes of an ACL: the new owner stands wherever the old one stood. */
export function withOwner(acl: readonly AclItem[], from: string, to: string): readonly AclItem[] {
  const moved = (name: string): string => (name === from ? to : name);
  return acl.map((item) => ({
    ...item,
    grantor: moved(item.grantor),
    grantee: item.grantee === null ? null : moved(item.grantee),
  }));
}

/**
 * The statements that make the privileges on a database what they are to be: exactly, for PUBLIC, its owner and the
 * roles of this stack.
 *
 * @param ours names of the declared roles and groups
 */
export function planDatabaseAcl(
  desired: DesiredDatabaseAcl,
  ours: ReadonlySet<string>,
  acl: readonly AclItem[],
): Plan {
  const isOurs = ({ grantee }: AclItem): boolean =>
    grantee === null || desired.authoritative || ours.has(grantee);
  const others = acl.filter(({ grantee }) => grantee !== desired.owner);
  const wrong = others.filter((item) => isOurs(item) && !isWanted(desired, item));
  const taken = withDependents(wrong, others, desired.owner);
  return {
    statements: [...revoke(desired, taken, acl), ...grant(desired, acl, taken)],
    refusals: [],
    undeclared: others
      .filter((item) => !isOurs(item) && !taken.includes(item))
      .map(({ grantee, privilege, grantor }): Undeclared => {
        const subject = `${privilege} on database ${desired.name} for ${grantee ?? "PUBLIC"}`;
        return { kind: "privilege", subject, message: `nobody declared it (by ${grantor})` };
      }),
  };
}

function wantedBy({ connect, temporary, create = [] }: DesiredDatabaseAcl, privilege: DatabasePrivilege) {
  if (privilege === "CREATE") return create;
  return privilege === "CONNECT" ? connect : temporary;
}

/** Nobody but the owner has a grant option. */
function isWanted(desired: DesiredDatabaseAcl, { grantee, privilege, grantable }: AclItem): boolean {
  return grantee !== null && !grantable && wantedBy(desired, privilege).includes(grantee);
}

/** Who loses a privilege with its grant option loses what it granted by it, and so on: the last one granted first. */
function withDependents(wrong: readonly AclItem[], all: readonly AclItem[], owner: string): AclItem[] {
  const taken = new Set<AclItem>();
  const take = (item: AclItem): void => {
    if (taken.has(item)) return;
    const dependents = all.filter(
      ({ grantor, privilege }) =>
        item.grantable && grantor === item.grantee && grantor !== owner && privilege === item.privilege,
    );
    for (const dependent of dependents) if (dependent !== item) take(dependent);
    taken.add(item);
  };
  for (const item of wrong.toSorted(compareItems)) take(item);
  return [...taken];
}

function revoke(
  { name, owner }: DesiredDatabaseAcl,
  taken: readonly AclItem[],
  acl: readonly AclItem[],
): Statement[] {
  const database = quoteIdentifier(name);
  return grouped(taken, ({ grantor, grantee }) => JSON.stringify([grantor, grantee])).flatMap((items) => {
    const [first] = items;
    if (first === undefined) return [];
    const from = first.grantee === null ? "PUBLIC" : quoteIdentifier(first.grantee);
    const sql = `REVOKE ${list(items)} ON DATABASE ${database} FROM ${from}`;
    // Only who granted it, or the owner for what the owner granted, takes it back.
    const isOwner = first.grantor === owner || !acl.some(({ grantee }) => grantee === first.grantor);
    const grantor = quoteIdentifier(first.grantor);
    return [
      {
        sql: isOwner ? sql : `SET LOCAL ROLE ${grantor}; ${sql}; RESET ROLE`,
        reason:
          first.grantee === null
            ? "whoever logs in to the server has it, declared or not"
            : `nobody declared it${isOwner ? "" : ` (by ${first.grantor})`}`,
        risk: "access" as const,
        kind: first.grantee === null ? ("PUBLIC" as const) : ("privilege" as const),
      },
    ];
  });
}

function grant(desired: DesiredDatabaseAcl, acl: readonly AclItem[], taken: readonly AclItem[]): Statement[] {
  const database = quoteIdentifier(desired.name);
  const has = (grantee: string, privilege: DatabasePrivilege): boolean =>
    acl.some((item) => item.grantee === grantee && item.privilege === privilege && !taken.includes(item));
  const missing = databasePrivileges.filter((privilege) => !has(desired.owner, privilege));
  const owners = missing.length === 0 ? [] : [{ names: [desired.owner], what: missing.join(", ") }];
  const declared = databasePrivileges.flatMap((what) => {
    const names = [...new Set(wantedBy(desired, what))]
      .filter((grantee) => grantee !== desired.owner && !has(grantee, what))
      .toSorted();
    return names.length === 0 ? [] : [{ names, what }];
  });
  return [...owners, ...declared].map(({ names, what }) => ({
    sql: `GRANT ${what} ON DATABASE ${database} TO ${names.map(quoteIdentifier).join(", ")}`,
    reason: grantReason(desired, names, what),
    risk: "access",
    kind: "privilege",
  }));
}

function grantReason({ owner }: DesiredDatabaseAcl, names: readonly string[], what: string): string {
  if (names[0] === owner) return `${owner} owns it`;
  if (what === "CREATE") return "declared to make schemas in it";
  return what === "CONNECT"
    ? "declared to log in to it"
    : "declared to make temporary tables, as writers are";
}

function list(items: readonly AclItem[]): string {
  const names = new Set(items.map(({ privilege }) => privilege));
  return databasePrivileges.filter((privilege) => names.has(privilege)).join(", ");
}

/** Neighbours with the same key together: what depends on something stays in front of it. */
function grouped(items: readonly AclItem[], keyOf: (item: AclItem) => string): AclItem[][] {
  const groups: AclItem[][] = [];
  for (const item of items) {
    const last = groups.at(-1);
    if (last?.[0] !== undefined && keyOf(last[0]) === keyOf(item)) last.push(item);
    else groups.push([item]);
  }
  return groups;
}

function compareItems(a: AclItem, b: AclItem): number {
  const key = ({ grantee, grantor, privilege }: AclItem): string =>
    `${grantee ?? ""}\0${grantor}\0${privilege}`;
  return key(a) < key(b) ? -1 : Number(key(a) > key(b));
}
