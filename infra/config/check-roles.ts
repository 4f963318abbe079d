import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import { parseMoment } from "./moment";
import { lengthFault, nameFault, roleNameFault, type Fault } from "./names";
import type { Draft } from "./draft";
import type { RoleConfig, Target } from "./stack-config";
import { groupName, profiles } from "../../components/core/groups";
import { nearest, renderPath, renderValue } from "./shape";

/** What the types alone cannot tell about the roles of a database. */
export function checkRoles(draft: Draft, administrator: string): Problem[] {
  return draft.config.roles.flatMap((role) => [
    ...checkRoleName(draft, role, administrator),
    ...checkLogin(draft, role),
    ...checkLimit(draft, role),
    ...checkValidUntil(draft, role),
    ...checkGroupName(draft, role),
    ...checkRetired(draft, role),
    ...checkMemberOf(draft, role),
    ...checkSettings(draft, role),
  ]);
}

/**
 * Owner, writers and readers of schemas are keys of the database's roles. On a server that was there before, a schema may
 * belong to a role that nobody declares, by its name.
 */
export function checkSchemaRoles(draft: Draft, target: Target): Problem[] {
  const known = new Map(draft.config.roles.map((role) => [role.key, role]));
  return Object.entries(draft.written.schemas).flatMap(([schema, { owner, writers, readers }]) => {
    const path = [...draft.path, "schemas", schema];
    const named: (readonly [readonly (string | number)[], string])[] = [
      ...(owner === undefined || (target === "existing" && !known.has(owner))
        ? []
        : [[["owner"], owner] as const]),
      ...writers.map((key, index) => [["writers", index], key] as const),
      ...readers.map((key, index) => [["readers", index], key] as const),
    ];
    return named.flatMap(([step, key]) => at([...path, ...step], memberFault(key, known)));
  });
}

function memberFault(key: string, known: ReadonlyMap<string, RoleConfig>): Fault | undefined {
  const role = known.get(key);
  if (role?.retired !== undefined) {
    return { message: `${key} is retired`, hint: "name another role, or remove this one" };
  }
  if (role !== undefined) return undefined;
  const meant = nearest(key, known.keys());
  const hint = meant === undefined ? `declare it: roles: { ${key}: {} }` : `did you mean ${meant}?`;
  return { message: `the database has no role ${renderValue(key)}`, hint };
}

/** Roles belong to the server, not to a database: two of the same name would be one. */
export function checkSharedNames(drafts: readonly Draft[]): Problem[] {
  const first = new Map<string, string>();
  return drafts.flatMap((draft) =>
    draft.config.roles.flatMap(({ key, name }) => {
      const path = renderPath([...draft.rolesPath, key]);
      const other = first.get(name);
      first.set(name, other ?? path);
      // A database without a name gives its roles none either, and says so itself.
      if (other === undefined || draft.name === undefined) return [];
      const hint = "give one of the two another `name`: roles belong to the whole server";
      return [{ path, message: `is called ${name}, and so is ${other}`, hint }];
    }),
  );
}

function checkRoleName(draft: Draft, role: RoleConfig, administrator: string): Problem[] {
  const path = [...draft.rolesPath, role.key];
  const given = draft.written.roles?.[role.key]?.name !== undefined;
  const keyFault = nameFault(role.key);
  if (keyFault !== undefined) return at(path, keyFault);
  if (!given && draft.name === undefined) return [];
  if (role.name === administrator) {
    const hint = "choose another name for one of them (pgstead:server: { administrator: { name: … } })";
    return at(given ? [...path, "name"] : path, { message: `${role.name} is the administrator`, hint });
  }
  if (given) {
    const postgres = { message: "postgres is the name of superusers", hint: "choose another name" };
    return at([...path, "name"], role.name === "postgres" ? postgres : roleNameFault(role.name));
  }
  // A bad database name is reported once, not again for each of its roles.
  if (nameFault(draft.name ?? "") !== undefined) return [];
  if (lengthFault(role.name) === undefined) return at(path, roleNameFault(role.name));
  const message = `its name ${lengthFault(role.name)?.message ?? ""}`;
  return at(path, { message, hint: "give the role a shorter `name` of its own" });
}

function checkLogin(draft: Draft, role: RoleConfig): Problem[] {
  const path = [...draft.rolesPath, role.key];
  return [
    ...(role.key === "owner" && role.login ? at([...path, "login"], ownerLogin) : []),
    ...(role.key === "migrator" && !role.login ? at([...path, "login"], migratorLogin) : []),
    ...(draft.written.roles?.[role.key]?.passwordVersion !== undefined && role.keepPassword
      ? at([...path, "passwordVersion"], keptPassword)
      : []),
    ...(draft.written.roles?.[role.key]?.passwordVersion !== undefined &&
    !role.login &&
    role.retired === undefined
      ? at([...path, "passwordVersion"], needlessVersion)
      : []),
  ];
}

const ownerLogin: Fault = {
  message: "the owner never logs in: who could, could drop everything",
  hint: "remove login, and log in as the migrator, or declare another role",
};

const migratorLogin: Fault = {
  message: "the migrator has to log in: it runs the migrations",
  hint: "remove the line",
};

const keptPassword: Fault = {
  message: "the password of the role is kept as it is",
  hint: "remove one of password and passwordVersion",
};

const needlessVersion: Fault = {
  message: "a role that does not log in has no password",
  hint: "remove it, or add login: true",
};

function checkLimit({ rolesPath, config }: Draft, role: RoleConfig): Problem[] {
  const limit = config.connectionLimit;
  if (limit === -1 || role.connectionLimit <= limit) return [];
  return at([...rolesPath, role.key, "connectionLimit"], {
    message: `${role.connectionLimit} is more than the ${limit} that database ${config.name} takes in all`,
    hint: `lower it to ${limit}, or raise the connectionLimit of the database`,
  });
}

function checkValidUntil({ rolesPath, written }: Draft, role: RoleConfig): Problem[] {
  const moment = written.roles?.[role.key]?.validUntil;
  if (moment === undefined || moment === "infinity" || parseMoment(moment) !== undefined) return [];
  return at([...rolesPath, role.key, "validUntil"], {
    message: `${renderValue(moment)} is not a moment`,
    hint: 'write it such as validUntil: "2030-01-01T00:00:00Z"',
  });
}

function checkRetired({ rolesPath }: Draft, { key, retired }: RoleConfig): Problem[] {
  if (retired === undefined || (key !== "owner" && key !== "migrator")) return [];
  const message = `the ${key} is always in use`;
  return at([...rolesPath, key, "retired"], { message, hint: "remove the line" });
}

/** The groups of schemas are made by pgstead: a role of the same name would be one of them. */
function checkGroupName(draft: Draft, { key, name }: RoleConfig): Problem[] {
  if (!groupsOf(draft).has(name)) return [];
  const message = `${name} is the group of a schema`;
  return at([...draft.rolesPath, key, "name"], { message, hint: "choose another name" });
}

function groupsOf({ config }: Draft): ReadonlySet<string> {
  return new Set(
    // Where privileges are kept, schemas have no groups.
    (config.keepPrivileges ? [] : config.schemas).flatMap((schema) =>
      profiles.map((profile) => groupName(config.name, schema.name, profile)),
    ),
  );
}

function checkMemberOf(draft: Draft, role: RoleConfig): Problem[] {
  const written = draft.written.roles?.[role.key]?.memberOf ?? [];
  const names = new Map(draft.config.roles.map(({ key, name }) => [key, name]));
  const groups = groupsOf(draft);
  const seen = new Set<string>();
  return written.flatMap((one, index) => {
    const name = names.get(one.role) ?? one.role;
    const isTwice = seen.has(name);
    seen.add(name);
    const path = [...draft.rolesPath, role.key, "memberOf", index];
    if (isTwice) return at(path, { message: `${name} is listed twice`, hint: "remove one of the two" });
    if (groups.has(name)) return at(path, ownGroup(name));
    if (isCircle(draft.config.roles, role.name, name)) {
      return at(path, { message: `${name} belongs to ${role.name} itself`, hint: "remove one of the two" });
    }
    return [];
  });
}

function ownGroup(name: string): Fault {
  return {
    message: `${name} is the group of a schema`,
    hint: "name the role under readers or writers of the schema instead",
  };
}

/** Whether `member` is reached again from `from`, by declared memberships. */
function isCircle(roles: readonly RoleConfig[], member: string, from: string): boolean {
  const seen = new Set<string>();
  const reaches = (name: string): boolean => {
    if (name === member) return true;
    if (seen.has(name)) return false;
    seen.add(name);
    return roles.some((role) => role.name === name && role.memberOf.some((one) => reaches(one.role)));
  };
  return reaches(from);
}

function checkSettings({ rolesPath }: Draft, { key, settings, databaseSettings }: RoleConfig): Problem[] {
  const places = [
    ["settings", settings],
    ["databaseSettings", databaseSettings],
  ] as const;
  return places.flatMap(([place, values]) =>
    Object.keys(values).flatMap((name) =>
      at(
        [...rolesPath, key, place, name],
        name.toLowerCase() === "role" && key === "migrator" ? migratorRole : settingNameFault(name),
      ),
    ),
  );
}

const migratorRole: Fault = {
  message: "the migrator works as the owner, by this very setting",
  hint: "remove it, or declare another role",
};

/** What is no name of a setting; whether the server knows it, the server says. */
export function settingNameFault(name: string): Fault | undefined {
  if (/^[a-z_][a-z0-9_$]*(?:\.[a-z_][a-z0-9_$]*)*$/i.test(name)) return undefined;
  return {
    message: `${renderValue(name)} is no name of a setting`,
    hint: "write it as PostgreSQL does, such as statement_timeout",
  };
}
