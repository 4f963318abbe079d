import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import { parseMoment } from "./moment";
import { lengthFault, nameFault, roleNameFault, type Fault } from "./names";
import type { Draft } from "./resolve";
import type { RoleConfig } from "./stack-config";
import { renderPath, renderValue } from "./shape";

/** What the types alone cannot tell about the roles of a database. */
export function checkRoles(draft: Draft, administrator: string): Problem[] {
  return draft.config.roles.flatMap((role) => [
    ...checkRoleName(draft, role, administrator),
    ...checkLogin(draft, role),
    ...checkLimit(draft, role),
    ...checkValidUntil(draft, role),
  ]);
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
    ...(draft.written.roles?.[role.key]?.passwordVersion !== undefined && !role.login
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
