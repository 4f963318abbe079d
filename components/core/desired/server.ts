import type { SchemaMembers } from "./schema-members";
import type { DesiredDatabase } from "../server/database";
import { groupName, profiles } from "../groups";
import type { GrantDeclaration } from "../privileges/declaration";
import { resolveRole, type RoleDeclaration } from "./server-roles";
import type { DesiredSettings } from "../server/role-settings";
import type { DesiredGroup, ServerAccess } from "../server/model";

/** A database as a user declares it, with the names of its roles on the server. */
export interface DatabaseDeclaration {
  readonly name: string;
  readonly owner: string;
  readonly encoding?: string;
  readonly locale?: string;
  /** `LC_CTYPE`, where it is not the locale. */
  readonly ctype?: string;
  readonly template?: string;
  readonly connectionLimit?: number;
  readonly settings?: DesiredSettings;
  readonly authoritative?: boolean;
  /** True: privileges stay as the server has them, and its schemas get no groups. */
  readonly keepPrivileges?: boolean;
}

export interface ServerDeclaration {
  readonly databases: readonly {
    readonly database: DatabaseDeclaration;
    readonly roles: readonly RoleDeclaration[];
    readonly schemas: readonly SchemaMembers[];
  }[];
  readonly allowDataLoss: readonly string[];
  readonly protect: boolean;
  /** `<project>/<stack>`, where the stack owns what belongs to the whole server. */
  readonly stack?: string;
  /** `<project>/<stack>`, where other stacks may be on the server. */
  readonly markedAs?: string;
  /** True where the server is for this stack alone. */
  readonly exclusive?: boolean;
}

/** Databases that every server has; `template0` takes no connections. */
const everywhere = ["postgres", "template1"];

/** All that `Access` of scope server looks after, without passwords: those are made by their own resources. */
export function resolveServerAccess(declaration: ServerDeclaration): ServerAccess {
  const { allowDataLoss, protect, stack, markedAs } = declaration;
  const databases = declaration.databases.map((one) => ({ ...one, schemas: withPublic(one.schemas) }));
  // Who watches the server logs in to the maintenance database as well: it is there before any other one.
  const watching = databases.flatMap(({ roles }) => roles.filter(isWatching).map(({ name }) => name));
  return {
    roles: databases.flatMap(({ database, roles, schemas }) =>
      roles.map((role) => resolveRole(role, database, schemas)),
    ),
    groups: databases.flatMap(({ database, schemas }) =>
      database.keepPrivileges === true ? [] : resolveGroups(database.name, schemas),
    ),
    databases: databases.map(({ database, roles, schemas }) => ({
      ...resolveDatabase(database),
      connect: [
        ...new Set([...roles.filter(mayConnect).map(({ name }) => name), ...granted(roles, "CONNECT")]),
      ],
      temporary: [
        ...schemas.map(({ name }) => groupName(database.name, name, "writer")),
        ...granted(roles, "TEMPORARY"),
      ],
      ...present("create", granted(roles, "CREATE")),
    })),
    allowDataLoss,
    protect,
    ...(stack === undefined ? {} : { stack }),
    ...(markedAs === undefined ? {} : { markedAs }),
    ...(declaration.exclusive === true ? { exclusive: true } : {}),
    closed:
      stack === undefined
        ? []
        : everywhere.map((name) => ({ name, connect: name === "postgres" ? watching : [] })),
  };
}

/** Every database is born with `public`, and `resolveSchemas` looks after it: declared or not, it has its groups. */
function withPublic(schemas: readonly SchemaMembers[]): readonly SchemaMembers[] {
  return schemas.some(({ name }) => name === "public") ? schemas : [{ name: "public" }, ...schemas];
}

/** Roles whose explicit grants on their database say a privilege. */
function granted(roles: readonly RoleDeclaration[], privilege: string): string[] {
  const says = ({ on, privileges }: GrantDeclaration): boolean =>
    on.database === true && privileges.some((word) => ["ALL", privilege].includes(word.toUpperCase()));
  return roles
    .filter(({ retired, grants = [] }) => retired === undefined && grants.some(says))
    .map(({ name }) => name);
}

/** What nobody has is no part of the state. */
function present<Name extends string>(
  name: Name,
  roles: readonly string[],
): Partial<Record<Name, readonly string[]>> {
  return roles.length === 0 ? {} : ({ [name]: roles } as Record<Name, readonly string[]>);
}

/** Fills in what was left out. Who may connect to it is told by its roles. */
export function resolveDatabase(database: DatabaseDeclaration): DesiredDatabase {
  return {
    name: database.name,
    owner: database.owner,
    encoding: database.encoding ?? "UTF8",
    lcCollate: database.locale ?? "C",
    lcCtype: database.ctype ?? database.locale ?? "C",
    template: database.template ?? "template0",
    connectionLimit: database.connectionLimit ?? -1,
    connect: [],
    temporary: [],
    settings: database.settings ?? {},
    authoritative: database.authoritative ?? false,
    ...(database.keepPrivileges === true ? { keepPrivileges: true } : {}),
  };
}

/** Every schema has both groups, with members or without: what is granted to them needs no other run. */
export function resolveGroups(database: string, schemas: readonly SchemaMembers[]): readonly DesiredGroup[] {
  return schemas.flatMap(({ name: schema }) =>
    profiles.map((profile) => ({ name: groupName(database, schema, profile), database, schema, profile })),
  );
}

/** Each login connects to its own database, by a grant to itself: who joins a group by hand gets no way in. */
function mayConnect({ login, retired }: RoleDeclaration): boolean {
  return login === true && retired === undefined;
}

function isWatching(role: RoleDeclaration): boolean {
  return role.profile === "monitor" && mayConnect(role);
}
