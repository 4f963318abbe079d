import { describe, expect, test } from "vitest";
import { superuserCapabilities, type Capabilities } from "../../../../components/core/capabilities";
import { resolveServerAccess } from "../../../../components/core/desired/server";
import { planServerAccess } from "../../../../components/core/server/access";
import { newServerCatalog } from "../../../../components/core/server/model";
import { planServerDeletion } from "../../../../components/core/server/leaving";
import type { ActualRole, RoleAttributes } from "../../../../components/core/server/role";

const desired = (keepPrivileges = false) =>
  resolveServerAccess({
    databases: [
      {
        database: { name: "shop", owner: "shop_owner", keepPrivileges },
        roles: [
          { name: "shop_owner" },
          { name: "shop_app", login: true },
          { name: "shop_migrator", login: true, migrator: true },
        ],
        schemas: [{ name: "app" }],
      },
    ],
    allowDataLoss: [],
    protect: false,
  });

const attributes: RoleAttributes = {
  name: "",
  login: false,
  connectionLimit: -1,
  inherit: true,
  createDatabase: false,
  createRole: false,
  replication: false,
  bypassRowLevelSecurity: false,
};

function found(name: string, change: Partial<ActualRole> = {}): ActualRole {
  return { ...attributes, superuser: false, validUntil: null, dependencies: [], ...change, name };
}

/** A server as the first login of a managed service sees it. */
function managed(change: Partial<Capabilities> = {}, major = 17) {
  const none = { superuser: false, readVerifiers: false, serverVersion: major * 10_000 };
  const capabilities = { ...superuserCapabilities("master"), ...none, ...change };
  return { ...newServerCatalog("master"), manager: "master", major, predefined: [], capabilities };
}

const joins = (plan: { readonly statements: readonly { readonly sql: string }[] }): string[] =>
  plan.statements
    .map(({ sql }) => sql)
    .filter((sql) => sql.endsWith('TO "master"') || sql.includes('TO "master" WITH'));

describe("a managing login without superuser", () => {
  test("becomes a member of who owns things, before anything is done to them", () => {
    const plan = planServerAccess(desired(), undefined, managed());
    expect(plan.refusals).toEqual([]);
    expect(plan.statements.slice(0, 2).map(({ sql }) => sql)).toEqual([
      'GRANT "shop_migrator" TO "master" WITH INHERIT TRUE, SET TRUE',
      'GRANT "shop_owner" TO "master" WITH INHERIT TRUE, SET TRUE',
    ]);
    expect(joins(plan)).toHaveLength(2);
    expect(joins(planServerAccess(desired(), undefined, managed({}, 15)))).toEqual([
      'GRANT "shop_migrator" TO "master"',
      'GRANT "shop_owner" TO "master"',
    ]);
  });

  test("joins nothing that it is a member of, or cannot join, or whose privileges are kept", () => {
    const server = {
      ...managed({ memberOf: ["shop_owner", "shop_migrator"] }),
      roles: [found("shop_owner")],
    };
    expect(joins(planServerAccess(desired(), undefined, server))).toEqual([]);
    const strange = { ...managed(), roles: [found("shop_owner"), found("shop_migrator", { login: true })] };
    expect(joins(planServerAccess(desired(), undefined, strange))).toEqual([]);
    const shop = { ...managed().databases[0]!, name: "shop", owner: "shop_owner" };
    const kept = { ...managed(), databases: [shop] };
    expect(joins(planServerAccess(desired(true), undefined, kept))).toEqual([]);
    const moved = { ...managed(), databases: [{ ...shop, owner: "master" }] };
    expect(joins(planServerAccess(desired(true), undefined, moved))).not.toEqual([]);
  });

  test("joins a group before it takes the group's privileges away", () => {
    const dependency = {
      database: "shop",
      shared: true,
      how: "privilege",
      kind: "database",
      count: 1,
    } as const;
    const group = found("shop_app_writer", { dependencies: [dependency] });
    const shop = { ...managed().databases[0]!, name: "shop", owner: "shop_owner" };
    const server = { ...managed({ adminOf: [group.name] }), roles: [group], databases: [shop] };
    const statements = planServerDeletion(desired(), server).statements.map(({ sql }) => sql);
    expect(statements).toEqual([
      'GRANT "shop_app_writer" TO "master" WITH INHERIT TRUE, SET TRUE',
      'REASSIGN OWNED BY "shop_app_writer" TO "shop_owner"',
      'DROP OWNED BY "shop_app_writer"',
      'DROP ROLE "shop_app_writer"',
    ]);
    const superuser = { ...server, capabilities: superuserCapabilities("master") };
    expect(planServerDeletion(desired(), superuser).statements).toHaveLength(3);
  });
});

describe("a database whose privileges are kept", () => {
  const catalog = { ...newServerCatalog("postgres"), predefined: [] };

  test("has no groups, and PUBLIC keeps what it has", () => {
    const sql = planServerAccess(desired(true), undefined, catalog).statements.map(
      (statement) => statement.sql,
    );
    expect(sql.filter((text) => /PUBLIC|_writer|_reader/.test(text))).toEqual([]);
    expect(sql.filter((text) => text.startsWith("CREATE"))).toHaveLength(4);
  });

  test("takes the way to the profiles once the line is removed", () => {
    const sql = planServerAccess(desired(), undefined, catalog).statements.map((statement) => statement.sql);
    expect(sql).toContain('REVOKE CONNECT, TEMPORARY ON DATABASE "shop" FROM PUBLIC');
    expect(sql.join()).toContain('CREATE ROLE "shop_app_reader"');
  });
});

describe("a managing login with CREATEROLE before 16", () => {
  const closing = { ...desired(), stack: "shop/prod", closed: [{ name: "postgres", connect: [] }] };
  const root = found("postgres", { superuser: true, login: true });
  const other = { ...managed({}, 15).databases[0]!, name: "postgres", owner: "postgres" };

  test("joins every role but superusers: their databases are left, and told", () => {
    const server = { ...managed({}, 15), roles: [root, found("master")], databases: [other] };
    const plan = planServerAccess(closing, undefined, server);
    expect(plan.refusals).toEqual([]);
    expect(plan.statements.filter(({ sql }) => sql.includes('DATABASE "postgres"'))).toEqual([]);
    expect(plan.undeclared?.map(({ message }) => message)).toContainEqual(
      expect.stringMatching(
        /^its privileges are not as .*, and master does not belong to its owner postgres; .*REVOKE CONNECT.* is for who does$/,
      ),
    );
  });

  test("has a monitor go without what nobody may give, and tells it", () => {
    const roles = [
      { name: "shop_owner" },
      { name: "shop_monitor", login: true, profile: "monitor" as const },
    ];
    const declared = resolveServerAccess({
      databases: [{ database: { name: "shop", owner: "shop_owner" }, roles, schemas: [] }],
      allowDataLoss: [],
      protect: false,
    });
    const predefined = ["pg_monitor", "pg_use_reserved_connections"];
    const server = { ...managed({ adminOf: ["pg_monitor"] }, 17), predefined };
    const plan = planServerAccess(declared, undefined, server);
    expect(plan.refusals).toEqual([]);
    expect(plan.statements.map(({ sql }) => sql).join("\n")).not.toContain("reserved");
    expect(plan.undeclared?.map(({ subject }) => subject)).toContain(
      "membership in pg_use_reserved_connections",
    );
    // What the profile cannot do without is refused.
    const none = planServerAccess(declared, undefined, {
      ...server,
      capabilities: { ...server.capabilities, adminOf: [] },
    });
    expect(none.refusals.map(({ subject }) => subject)).toEqual(["membership in pg_monitor"]);
  });
});
