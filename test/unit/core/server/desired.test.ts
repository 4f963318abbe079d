import { expect, test } from "vitest";
import { resolveServerAccess } from "../../../../components/core/desired/server";
import type { RoleDeclaration } from "../../../../components/core/desired/server-roles";

/** The server's part of a database `shop` with these roles. */
function shop(roles: readonly RoleDeclaration[], stack?: string) {
  return resolveServerAccess({
    databases: [
      {
        database: { name: "shop", owner: "shop_owner" },
        roles: [{ name: "shop_owner" }, ...roles],
        schemas: [
          { name: "public", readers: ["ro"] },
          { name: "app", writers: ["app", "old"], readers: ["ro"] },
        ],
      },
    ],
    allowDataLoss: [],
    protect: true,
    ...(stack === undefined ? {} : { stack }),
  });
}

const role = (name: string, roles: readonly RoleDeclaration[]) =>
  shop(roles).roles.find((one) => one.name === name);

test("each schema has a group of readers and one of writers, with members or without", () => {
  expect(shop([]).groups.map(({ name }) => name)).toEqual([
    "shop_public_reader",
    "shop_public_writer",
    "shop_app_reader",
    "shop_app_writer",
  ]);
});

test("readers and writers have their group's privileges, and cannot become it", () => {
  const only = { admin: false, inherit: true, set: false };
  expect(role("app", [{ name: "app", login: true }])?.memberOf).toEqual([
    { role: "shop_app_writer", ...only },
  ]);
  expect(role("ro", [{ name: "ro", login: true }])?.memberOf).toEqual([
    { role: "shop_app_reader", ...only },
    { role: "shop_public_reader", ...only },
  ]);
});

test("a migrator works as the owner, and has nothing of its own", () => {
  const found = role("m", [{ name: "m", login: true, migrator: true, settings: { lock_timeout: "3s" } }]);
  expect(found?.memberOf).toEqual([{ role: "shop_owner", admin: false, inherit: false, set: true }]);
  expect(found?.settings).toEqual({ role: "shop_owner", lock_timeout: "3s" });
});

test("profiles reach the whole server, and what is written counts more", () => {
  const backup = role("b", [{ name: "b", login: true, profile: "backup" }]);
  expect(backup).toMatchObject({ bypassRowLevelSecurity: true, memberOf: [{ role: "pg_read_all_data" }] });
  const own = { role: "pg_monitor", admin: true };
  const monitor = role("w", [{ name: "w", login: true, profile: "monitor", memberOf: [own] }]);
  expect(monitor?.memberOf).toEqual([
    { role: "pg_monitor", admin: true, inherit: true, set: true },
    { role: "pg_use_reserved_connections", admin: false, inherit: true, set: false, since: 16 },
  ]);
});

test("logins connect to their database, writers' groups make temporary tables, and nobody else either", () => {
  const roles = [
    { name: "app", login: true },
    { name: "group" },
    { name: "w", login: true, profile: "monitor" as const },
  ];
  const { databases, closed } = shop(roles, "shop/dev");
  expect(databases[0]).toMatchObject({
    connect: ["app", "w"],
    temporary: ["shop_public_writer", "shop_app_writer"],
  });
  expect(closed).toEqual([
    { name: "postgres", connect: ["w"] },
    { name: "template1", connect: [] },
  ]);
  expect(shop(roles).closed).toEqual([]);
});

test.each(["reassign", "keep"] as const)("a role that retires (%s) has nothing but its name", (retired) => {
  const old = { name: "old", login: true, profile: "backup" as const, memberOf: [{ role: "x" }], retired };
  expect(role("old", [old])).toMatchObject({
    login: false,
    memberOf: [],
    bypassRowLevelSecurity: false,
    retired,
  });
  expect(shop([old]).databases[0]?.connect).toEqual([]);
});
