import { byName } from "../lists";
import type { ActualMembership } from "../server/membership";
import type { ActualRole } from "../server/role";
import type { ServerCatalog } from "../server/model";
import { otherStack } from "../server/marks";
import {
  unless,
  written,
  type AdoptionNote,
  type FoundServer,
  type NameRules,
  type Written,
  type WrittenMap,
} from "./found";
import { writeSettings } from "./settings";

/** A role of the server as an entry of the configuration. */
export interface AdoptedRole {
  readonly name: string;
  /** Database that declares it: each role belongs to one. */
  readonly database: string;
  readonly key: string;
  readonly entry: WrittenMap;
}

export interface AdoptedRoles {
  readonly roles: readonly AdoptedRole[];
  readonly notes: readonly AdoptionNote[];
}

/**
 * The roles of a server, each under one of its databases.
 *
 * A role that the configuration cannot say whole is left out whole: half of it would be changed by the first run.
 *
 * @param databases names of the databases that are adopted, sorted, at least one
 */
export function adoptRoles(
  catalog: ServerCatalog,
  databases: readonly string[],
  rules: NameRules,
  { stack, only }: Pick<FoundServer, "stack" | "only"> = {},
): AdoptedRoles {
  const notes: AdoptionNote[] = [];
  const kept: { role: ActualRole; database: string }[] = [];
  for (const role of byName(catalog.roles)) {
    if (role.name === catalog.manager) continue; // pgstead:server.administrator
    const other = otherStack(`role ${role.name}`, catalog.owner, stack);
    const reason =
      other === undefined
        ? reasonToLeave(role, catalog, rules)
        : `it is left to stack ${other}, which declares it`;
    const database = homeOf(role, catalog, databases, only === undefined);
    if (reason === undefined && database !== undefined) kept.push({ role, database });
    else if (only === undefined || database !== undefined)
      notes.push({ subject: `role ${role.name}`, message: reason ?? "" });
  }
  const keys = assignKeys(kept, catalog);
  const roles = kept.map(({ role, database }) => {
    const key = keys.get(role.name) ?? role.name;
    return { name: role.name, database, key, entry: writeRole(role, { database, key }, keys, kept, catalog) };
  });
  return { roles, notes };
}

/** Why a role is not taken over; undefined where it is. */
function reasonToLeave(role: ActualRole, catalog: ServerCatalog, rules: NameRules): string | undefined {
  if (role.superuser) return "it is a superuser, which no declared role is; it is left as it is";
  const fault = rules.role(role.name);
  if (fault !== undefined) return `it is left as it is: ${fault}`;
  if (role.validUntil === "-infinity")
    return "its password was never valid (VALID UNTIL '-infinity'), which cannot be said";
  if (role.validUntil !== null && !Number.isInteger(role.validUntil))
    return "its VALID UNTIL has fractions of a second, which cannot be said";
  const own = catalog.settings.filter(({ role: name }) => name === role.name);
  if (own.filter(({ database }) => database !== null).length > 1)
    return "it has settings in several databases, and a role belongs to one here";
  if (own.some(({ settings }) => writeSettings(settings) === undefined))
    return "one of its settings may hold a secret, and no secret is written";
  return undefined;
}

/** Where it has settings, what it owns, where it may connect by name, or the first where all are adopted. */
function homeOf(
  { name }: ActualRole,
  catalog: ServerCatalog,
  databases: readonly string[],
  all: boolean,
): string | undefined {
  const settings = catalog.settings.find((row) => row.role === name && row.database !== null);
  const adopted = catalog.databases.filter((database) => databases.includes(database.name));
  const owned = adopted.filter(({ owner }) => owner === name).map((database) => database.name);
  const granted = adopted
    .filter(({ acl }) => acl.some(({ grantee }) => grantee === name))
    .map((database) => database.name);
  const candidates = [
    settings?.database ?? "",
    ...owned.toSorted(),
    ...granted.toSorted(),
    ...(all ? databases : []),
  ];
  return candidates.find((database) => databases.includes(database));
}

/**
 * `shop_app` of database shop is `app`, any other one its own name. A key is never the name of another role: memberships
 * would take the one for the other. `migrator` means more than a name, and `owner` is for who does not log in.
 */
function assignKeys(
  kept: readonly { role: ActualRole; database: string }[],
  catalog: ServerCatalog,
): ReadonlyMap<string, string> {
  const names = new Set([...catalog.roles.map(({ name }) => name), ...(catalog.predefined ?? [])]);
  return new Map(
    kept.map(({ role, database }) => {
      const prefix = `${database}_`;
      const short = role.name.startsWith(prefix) ? role.name.slice(prefix.length) : "";
      const fits = /^[\p{L}_][\p{L}\p{N}_$-]*$/u.test(short) && !names.has(short);
      const meant = short === "migrator" || (short === "owner" && role.login);
      return [role.name, fits && !meant ? short : role.name];
    }),
  );
}

function writeRole(
  role: ActualRole,
  { database, key }: { readonly database: string; readonly key: string },
  keys: ReadonlyMap<string, string>,
  kept: readonly { role: ActualRole; database: string }[],
  catalog: ServerCatalog,
): WrittenMap {
  const settingsOf = (place: string | null): WrittenMap | undefined => {
    const row = catalog.settings.find((one) => one.role === role.name && one.database === place);
    return row === undefined ? undefined : writeSettings(row.settings);
  };
  const here = new Map(
    kept.filter((one) => one.database === database).map((one) => [one.role.name, keys.get(one.role.name)]),
  );
  const memberOf = memberships(role, catalog).map((one) => writeMembership(one, here, catalog));
  return written({
    name: unless(role.name, `${database}_${key}`),
    login: role.login ? true : undefined,
    // Its password is on the server, and nowhere else.
    password: role.login ? "keep" : undefined,
    connectionLimit: unless(role.connectionLimit, -1),
    inherit: unless(role.inherit, true),
    createDatabase: unless(role.createDatabase, false),
    createRole: unless(role.createRole, false),
    replication: unless(role.replication, false),
    bypassRowLevelSecurity: unless(role.bypassRowLevelSecurity, false),
    validUntil: typeof role.validUntil === "number" ? renderMoment(role.validUntil) : undefined,
    memberOf: memberOf.length === 0 ? undefined : memberOf,
    settings: settingsOf(null),
    databaseSettings: settingsOf(database),
  });
}

/** `2030-01-01T00:00:00Z`. */
function renderMoment(seconds: number): string {
  return new Date(seconds * 1000).toISOString().replace(".000Z", "Z");
}

type Membership = Omit<ActualMembership, "grantor" | "member">;

/**
 * One for each role that it belongs to, with all that its grantors gave together. What CREATEROLE gives its holder by
 * itself (ADMIN on what it made) belongs to the attribute.
 */
function memberships(role: ActualRole, { memberships: rows }: ServerCatalog): Membership[] {
  const mine = rows.filter(({ member }) => member === role.name).filter((row) => !isOfCreator(row, role));
  const merged = new Map<string, Membership>();
  for (const row of mine) {
    const other = merged.get(row.role);
    merged.set(row.role, {
      role: row.role,
      admin: row.admin || (other?.admin ?? false),
      inherit: (row.inherit ?? true) || (other?.inherit ?? false),
      set: (row.set ?? true) || (other?.set ?? false),
    });
  }
  return [...merged.values()].toSorted((a, b) => (a.role < b.role ? -1 : 1));
}

function isOfCreator(row: ActualMembership, { createRole, name }: ActualRole): boolean {
  const implicit = row.admin && row.inherit === false && row.set === false;
  return createRole && (implicit || row.grantor === name);
}

/** A role of the same database by its key, any other one by its name. */
function writeMembership(
  { role, admin, inherit, set }: Membership,
  here: ReadonlyMap<string, string | undefined>,
  { major }: ServerCatalog,
): Written {
  const name = here.get(role) ?? role;
  const options = written({
    admin: unless(admin, false),
    inherit: major < 16 ? undefined : unless(inherit ?? true, true),
    set: major < 16 ? undefined : unless(set ?? true, true),
  });
  return Object.keys(options).length === 0 ? name : { role: name, ...options };
}
