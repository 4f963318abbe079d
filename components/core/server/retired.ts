import { keepTrail } from "../audit/model";
import { quoteIdentifier } from "../identifier";
import type { Refusal, Statement } from "../statement";

/** What keeps a role from being dropped, from pg_shdepend. */
export interface RoleDependency {
  /** Null where it belongs to no database, such as a tablespace. */
  readonly database: string | null;
  /** True for the database itself rather than something in it. */
  readonly shared: boolean;
  /** `policy`: a row security policy that names it. */
  readonly how: "owns" | "privilege" | "policy" | "other";
  /** `relation`, `function`, `schema`, `database` … */
  readonly kind: string;
  readonly count: number;
}

/** Where a role may be cleared out: the stack's databases. */
export interface Clearing {
  /** Owner of each database of this stack that is on the server, by the database's name. */
  readonly owners: ReadonlyMap<string, string>;
  /** Databases that leave in this run, with all that is in them. */
  readonly lost: ReadonlySet<string>;
}

export interface Cleared {
  readonly statements: readonly Statement[];
  readonly refusals: readonly Refusal[];
}

/** `retired: reassign`: in the stack's databases it gives what it owns to their owners, and all privileges back. */
export function clearRetired(
  name: string,
  dependencies: readonly RoleDependency[],
  { owners }: Clearing,
): Cleared {
  const elsewhere = dependencies.filter(({ database }) => database === null || !owners.has(database));
  if (elsewhere.some(({ how }) => how === "owns")) {
    return {
      statements: [],
      refusals: [
        {
          subject: `role ${name}`,
          message: `it is retired, and owns what this stack may not give away: ${renderDependencies(dependencies)}`,
          hint: "change or drop that first (REASSIGN OWNED in that database), or set `retired: keep`",
        },
      ],
    };
  }
  const reason = "it is retired";
  return { statements: clear(name, dependencies, owners, reason), refusals: [] };
}

/**
 * A role that leaves the configuration: privileges are taken back, so that its official resource can drop it at the end
 * of the run. What it owns, and what lies outside of the stack, stops the run before it begins.
 */
export function clearLeaving(
  { name, ownsTrail }: { readonly name: string; readonly ownsTrail?: boolean | undefined },
  dependencies: readonly RoleDependency[],
  { owners, lost }: Clearing,
): Cleared {
  const staying = dependencies.filter(({ database }) => database === null || !lost.has(database));
  const isOurs = ({ database, how }: RoleDependency): boolean =>
    how === "privilege" && database !== null && owners.has(database);
  if (!staying.every(isOurs)) {
    return {
      statements: [],
      refusals: [
        {
          subject: `role ${name}`,
          message: `it left the configuration and cannot be dropped: it has ${renderDependencies(staying)}`,
          hint:
            ownsTrail === true
              ? keepTrail
              : staying.every(({ database }) => database !== null && owners.has(database))
                ? "declare it again with `retired: reassign`, which gives what it owns to the owner, and remove it after that run"
                : "declare it again, or clear it out where this stack may not: REASSIGN OWNED BY … TO …; DROP OWNED BY … in that database",
        },
      ],
    };
  }
  return { statements: clear(name, staying, owners, "it left the configuration"), refusals: [] };
}

/** A group whose schema or database leaves goes by our own hand: it has no official resource. */
export function dropGroup(
  name: string,
  dependencies: readonly RoleDependency[],
  { owners }: Clearing,
): Cleared {
  const elsewhere = dependencies.filter(({ database }) => database === null || !owners.has(database));
  if (elsewhere.length > 0) {
    return {
      statements: [],
      refusals: [
        {
          subject: `role ${name}`,
          message: `it left with its schema and cannot be dropped: it has ${renderDependencies(elsewhere)}`,
          hint: "take those back from the group first: nothing outside of this stack's databases is touched",
        },
      ],
    };
  }
  const reason = "its schema left the configuration";
  const sql = `DROP ROLE ${quoteIdentifier(name)}`;
  return {
    statements: [...clear(name, dependencies, owners, reason), { sql, reason, risk: "access", kind: "role" }],
    refusals: [],
  };
}

/** `2 relations, 1 function in shop; 1 privilege on database other`. */
export function renderDependencies(dependencies: readonly RoleDependency[]): string {
  const places = new Map<string, RoleDependency[]>();
  for (const dependency of dependencies.toSorted(compareDependencies)) {
    const place = placeOf(dependency);
    places.set(place, [...(places.get(place) ?? []), dependency]);
  }
  return [...places]
    .map(([place, items]) => {
      const counts = new Map<string, number>();
      for (const item of items) counts.set(nounOf(item), (counts.get(nounOf(item)) ?? 0) + item.count);
      const words = [...counts].map(([noun, count]) => `${count} ${count === 1 ? noun : plural(noun)}`);
      return `${words.join(", ")} ${place}`;
    })
    .join("; ");
}

/** REASSIGN OWNED does not take privileges, nor what DROP OWNED would drop: both are needed, in this order. */
function clear(
  name: string,
  dependencies: readonly RoleDependency[],
  owners: ReadonlyMap<string, string>,
  reason: string,
): Statement[] {
  const role = quoteIdentifier(name);
  const databases = [...new Set(dependencies.flatMap(({ database }) => database ?? []))].toSorted();
  return databases.flatMap((database): Statement[] => {
    const owner = owners.get(database);
    if (owner === undefined) return [];
    const there = dependencies.filter((dependency) => dependency.database === database);
    const owned = there.filter(({ how }) => how === "owns");
    const rest = there.filter(({ how }) => how !== "owns");
    // Where it owns nothing, REASSIGN OWNED keeps what it makes meanwhile from DROP OWNED.
    return [
      {
        sql: `REASSIGN OWNED BY ${role} TO ${quoteIdentifier(owner)}`,
        reason:
          owned.length === 0 ? `${reason}; it owns nothing here` : `${reason}: ${renderDependencies(owned)}`,
        risk: "access",
        kind: "owner",
        database,
      },
      {
        sql: `DROP OWNED BY ${role}`,
        reason: rest.length === 0 ? reason : `${reason}: ${renderDependencies(rest)}`,
        risk: "access",
        kind: "privilege",
        database,
      },
    ];
  });
}

function nounOf({ how, kind }: RoleDependency): string {
  return how === "privilege" ? "privilege" : how === "policy" ? "policy" : kind;
}

function plural(noun: string): string {
  return noun.endsWith("y") ? `${noun.slice(0, -1)}ies` : `${noun}s`;
}

function placeOf({ database, shared }: RoleDependency): string {
  if (database === null) return "on the whole server";
  return shared ? `on database ${database}` : `in ${database}`;
}

function compareDependencies(a: RoleDependency, b: RoleDependency): number {
  const key = (item: RoleDependency): string =>
    `${item.database ?? ""}\0${item.shared ? 1 : 0}\0${nounOf(item)}`;
  return key(a) < key(b) ? -1 : Number(key(a) > key(b));
}
