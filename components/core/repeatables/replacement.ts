import { quoteIdentifier } from "../identifier";
import { splitIdentity } from "./decide";

/** An object as the server knows it. */
export interface FoundObject {
  /** Kind and identity: `function app.total(integer)`. */
  readonly object: string;
  /** Numbers of its catalogue and of itself. */
  readonly classid: string;
  readonly objid: string;
}

/** Something that stands on something else. */
export interface Dependence extends FoundObject {
  readonly on: string;
}

/** One privilege of an object, or of a column of it. */
export interface Privilege {
  readonly object: string;
  readonly column: string | null;
  readonly privilege: string;
  readonly grantable: boolean;
  /** null: PUBLIC. */
  readonly grantee: string | null;
}

/** What has to be dropped so that something can be made anew. */
export interface Replacement {
  /** The last ones first: nothing stands on what is dropped. */
  readonly drops: readonly FoundObject[];
  /** What stands on it and no repeatable file makes: it would be lost. */
  readonly strangers: readonly string[];
}

/** What a file would drop and make anew, as the database is now. */
export interface Forecast {
  /** `sql/views/prices.sql:3` */
  readonly path: string;
  /** What is made anew, in the order in which it is dropped. */
  readonly objects: readonly string[];
  /** What stands on it and no file makes: the file is refused. */
  readonly strangers: readonly string[];
}

/** @param isMade whether a repeatable file makes an object */
export function decideReplacement(
  roots: readonly FoundObject[],
  dependences: readonly Dependence[],
  isMade: (object: string) => boolean,
): Replacement {
  const all = new Map([...dependences, ...roots].map((found) => [found.object, found]));
  const isRoot = (object: string): boolean => roots.some((root) => root.object === object);
  const strangers = [...all.keys()].filter((object) => !isRoot(object) && !isMade(object));
  const drops: FoundObject[] = [];
  while (all.size > 0) {
    const free = [...all.values()].find(
      ({ object }) =>
        !dependences.some((one) => one.on === object && one.object !== object && all.has(one.object)),
    );
    // Views cannot stand on each other in a circle; whatever does is refused by the server.
    const next = free ?? [...all.values()][0];
    if (next === undefined) break;
    drops.push(next);
    all.delete(next.object);
  }
  return { drops, strangers: strangers.toSorted() };
}

/**
 * Gives an object that was made anew the privileges that it had, whatever default privileges gave it.
 *
 * @param now those that it has
 */
export function restorePrivileges(had: readonly Privilege[], now: readonly Privilege[]): string[] {
  const object = had[0]?.object ?? now[0]?.object;
  if (object === undefined || sameGrants(had, now)) return [];
  const on = grantTarget(object);
  const grantees = [...new Set(now.map(({ grantee }) => grantee))];
  return [
    ...(grantees.length === 0 ? [] : [`REVOKE ALL ON ${on} FROM ${grantees.map(granteeSql).join(", ")}`]),
    ...had.map(({ column, privilege, grantable, grantee }) => {
      const columns = column === null ? "" : ` (${quoteIdentifier(column)})`;
      return `GRANT ${privilege}${columns} ON ${on} TO ${granteeSql(grantee)}${grantable ? " WITH GRANT OPTION" : ""}`;
    }),
  ];
}

function sameGrants(one: readonly Privilege[], other: readonly Privilege[]): boolean {
  const text = (privileges: readonly Privilege[]): string =>
    privileges
      .map(({ column, privilege, grantable, grantee }) =>
        JSON.stringify([column, privilege, grantable, grantee]),
      )
      .toSorted()
      .join();
  return text(one) === text(other);
}

function grantTarget(object: string): string {
  const { kind, identity } = splitIdentity(object);
  const isCode = kind === "function" || kind === "procedure";
  return `${isCode ? kind.toUpperCase() : "TABLE"} ${identity}`;
}

function granteeSql(grantee: string | null): string {
  return grantee === null ? "PUBLIC" : quoteIdentifier(grantee);
}
