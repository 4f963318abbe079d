import { secondLogin } from "../../components/core/credentials/turns";
import { groupName, profiles } from "../../components/core/groups";
import type { HbaRule } from "../../components/core/hba/rule";
import { parseWord, userKeywords } from "../../components/core/hba/word";
import type { Problem } from "../../components/core/problem";
import { at } from "./check-server";
import type { Draft } from "./draft";
import { lengthFault, type Fault } from "./names";
import { takesTurns } from "./resolve-turns";
import type { RoleConfig } from "./stack-config";

/** What the types alone cannot tell about roles whose logins take turns. */
export function checkTurns(drafts: readonly Draft[], administrator: string): Problem[] {
  const names = new Set([
    administrator,
    ...drafts.flatMap(({ config }) => config.roles.map(({ name }) => name)),
  ]);
  return drafts.flatMap((draft) =>
    draft.config.roles
      .filter(takesTurns)
      .flatMap((role) => [
        ...at([...draft.rolesPath, role.key, "rotation"], rotationFault(draft, role)),
        ...at([...draft.rolesPath, role.key], secondNameFault(draft, role, names)),
        ...draft.config.roles.flatMap((other) => checkMember(draft, role, other)),
      ]),
  );
}

function rotationFault({ config }: Draft, role: RoleConfig): Fault | undefined {
  const { key, name, login, keepPassword, retired } = role;
  if (retired !== undefined) return undefined;
  if (key === "migrator") {
    const hint =
      "remove the line: pgstead reads its password anew each time; who migrates by hand asks `connection`";
    return { message: "the migrator is one login, as which all changes of the schema are made", hint };
  }
  if (!login)
    return { message: "a role that does not log in has no password", hint: "remove it, or add login: true" };
  if (keepPassword) {
    return {
      message: "the password of the role is kept as it is",
      hint: "remove one of password and rotation",
    };
  }
  const owned = config.owner === name ? [`database ${config.name}`] : [];
  const owns = [
    ...owned,
    ...config.schemas.filter(({ owner }) => owner === name).map((schema) => `schema ${schema.name}`),
  ];
  if (owns.length > 0) {
    const hint = "have a role that does not log in own it, such as owner";
    return {
      message: `${key} owns ${owns.join(", ")}, and what one login owns the other cannot change`,
      hint,
    };
  }
  return makerFault(role);
}

/** What somebody makes belongs to the login that made it. */
function makerFault({ key, createDatabase, createRole, grants }: RoleConfig): Fault | undefined {
  const makes = [
    ...(createDatabase ? ["createDatabase"] : []),
    ...(createRole ? ["createRole"] : []),
    ...(grants.some(mayCreate) ? ["a grant of CREATE"] : []),
  ];
  if (makes.length === 0) return undefined;
  return {
    message: `${key} has ${makes.join(" and ")}, and what one login makes the other cannot change`,
    hint: "give that to a role of one login, such as the migrator",
  };
}

function mayCreate({ on, privileges }: RoleConfig["grants"][number]): boolean {
  const holds = on.database === true || on.schema !== undefined;
  return holds && privileges.some((word) => word === "CREATE" || word === "ALL");
}

function secondNameFault(
  { config }: Draft,
  { key, name }: RoleConfig,
  names: ReadonlySet<string>,
): Fault | undefined {
  const second = secondLogin(name);
  const groups = config.schemas.flatMap((schema) =>
    profiles.map((profile) => groupName(config.name, schema.name, profile)),
  );
  const hint = `its logins are ${name} and ${second}: give the role, or the other, another \`name\``;
  if (lengthFault(second) !== undefined) {
    return {
      message: `its second login ${lengthFault(second)?.message ?? ""}`,
      hint: "give the role a shorter `name`",
    };
  }
  if (!names.has(second) && !groups.includes(second)) return undefined;
  return { message: `the second login of ${key} is called ${second}, and so is another role`, hint };
}

/** A login that stands for two is no group. */
function checkMember({ rolesPath, written }: Draft, role: RoleConfig, other: RoleConfig): Problem[] {
  if (!other.memberOf.some((one) => one.role === role.name)) return [];
  const memberOf = written.roles?.[other.key]?.memberOf ?? [];
  const place = memberOf.findIndex((one) => [role.key, role.name].includes(one.role));
  return at([...rolesPath, other.key, "memberOf", place < 0 ? 0 : place], {
    message: `${role.key} has two logins that take turns, and is no group`,
    hint: `make a role that does not log in, with ${role.key} and ${other.key} as its members`,
  });
}

/** Rules that name one of two logins lock clients out as soon as it is the other's turn. */
export function checkTurnsInHba(
  { user }: HbaRule,
  path: readonly (string | number)[],
  drafts: readonly Draft[],
): Problem[] {
  const named = new Set(
    user.flatMap((word) => {
      const meaning = parseWord(word, userKeywords);
      return meaning.kind === "name" ? [meaning.name] : [];
    }),
  );
  const roles = drafts.flatMap(({ config }) => config.roles).filter(takesTurns);
  return roles.flatMap(({ key, name }) => {
    const pair = [name, secondLogin(name)];
    const missing = pair.filter((login) => !named.has(login));
    if (missing.length !== 1) return [];
    return at(path, {
      message: `the logins of ${key} take turns, and ${missing.join("")} is not named`,
      hint: `write both: [${pair.join(", ")}]`,
    });
  });
}
