import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { ActualDatabase, DesiredDatabase } from "../../../../components/core/server/database";
import type { ActualRole, DesiredRole } from "../../../../components/core/server/role";
import { planServerAccess } from "../../../../components/core/server/access";
import {
  newServerCatalog,
  type ServerAccess,
  type ServerCatalog,
} from "../../../../components/core/server/model";
import { defaultAcl } from "../../../../components/core/server/acl";
import { ownStatements } from "../../../../components/core/statement";

function role(name: string): DesiredRole {
  return {
    name,
    login: true,
    connectionLimit: -1,
    inherit: true,
    createDatabase: false,
    createRole: false,
    replication: false,
    bypassRowLevelSecurity: false,
    verifier: `SCRAM-SHA-256$4096:${name}`,
    database: "shop",
    memberOf: [],
    settings: {},
    databaseSettings: {},
  };
}

function actualRole(name: string, change: Partial<ActualRole> = {}): ActualRole {
  const { verifier } = role(name);
  const rest = { superuser: false, validUntil: null, dependencies: [] };
  return { ...role(name), ...rest, verifier: verifier ?? null, ...change };
}

function database(name: string): DesiredDatabase {
  const fixed = { encoding: "UTF8", lcCollate: "C", lcCtype: "C", template: "template0" };
  const access = { connect: [], temporary: [], settings: {}, authoritative: false };
  return { name, owner: "owner", connectionLimit: -1, ...fixed, ...access };
}

function actualDatabase(name: string, change: Partial<ActualDatabase> = {}): ActualDatabase {
  const { template: _template, ...rest } = database(name);
  const acl = defaultAcl(change.owner ?? rest.owner).filter(({ grantee }) => grantee !== null);
  return { ...rest, allowConnections: true, sizeBytes: null, acl, ...change };
}

function declare(change: Partial<ServerAccess> = {}): ServerAccess {
  const nothing = { roles: [], groups: [], databases: [], closed: [] };
  return { ...nothing, allowDataLoss: [], protect: false, ...change };
}

/** A server with these roles and databases, and what initdb makes. */
function server(change: Partial<ServerCatalog> = {}): ServerCatalog {
  return { ...newServerCatalog("postgres"), predefined: ["pg_monitor"], ...change };
}

describe("who makes what is missing", () => {
  const desired = declare({ roles: [role("app")], databases: [database("shop")] });

  test("the official resource, where the last run did not know it", () => {
    const plan = planServerAccess(desired, undefined, server());
    expect(plan.statements.map(({ by }) => by)).toEqual([
      "@pulumi/postgresql",
      "@pulumi/postgresql",
      undefined,
    ]);
    expect(ownStatements(plan).map(({ sql }) => sql)).toEqual([
      'REVOKE CONNECT, TEMPORARY ON DATABASE "shop" FROM PUBLIC',
    ]);
  });

  test("Access, where it was there and is gone", () => {
    const plan = planServerAccess(desired, desired, server());
    expect(ownStatements(plan).map(({ sql }) => sql.slice(0, 21))).toEqual([
      'CREATE ROLE "app" LOG',
      'CREATE DATABASE "shop',
      "REVOKE CONNECT, TEMPO",
    ]);
  });

  test("a role and a database of one name are told apart", () => {
    const before = declare({ roles: [role("shop")] });
    const both = declare({ roles: [role("shop")], databases: [database("shop")] });
    const plan = planServerAccess(both, before, server());
    expect(plan.statements.map(({ sql, by }) => [sql.split(" ")[1], by])).toEqual([
      ["ROLE", undefined],
      ["DATABASE", "@pulumi/postgresql"],
      ["CONNECT,", undefined],
    ]);
  });
});

test("the order of what is declared, and of what the server says, does not matter", () => {
  const names = fc.uniqueArray(fc.stringMatching(/^[a-z]{1,6}$/), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(names, fc.integer(), (list, seed) => {
      const shuffled = list.toSorted((a, b) => (a + seed.toString() < b + a ? -1 : 1));
      const plan = (declared: readonly string[], found: readonly string[]) =>
        planServerAccess(
          declare({ roles: declared.map(role), databases: declared.map(database) }),
          undefined,
          server({
            roles: found.slice(1).map((name) => actualRole(name, { login: false })),
            databases: list.slice(2).map((name) => actualDatabase(name, { owner: "other" })),
          }),
        );
      expect(plan(shuffled, list).statements).toEqual(plan(list, list).statements);
      expect(plan(list.toReversed(), list.slice(0, 1).concat(list.slice(1).toReversed())).statements).toEqual(
        plan(list, list).statements,
      );
    }),
    { verbose: true },
  );
});

describe("a database that leaves", () => {
  const before = declare({ databases: [database("shop")] });
  const actual = server({ databases: [actualDatabase("shop", { sizeBytes: 7_700_000 })] });

  test("is refused with its size and the entry that would allow it", () => {
    expect(planServerAccess(declare(), before, actual).refusals).toEqual([
      {
        subject: "database shop",
        message: "it left the configuration: the database (7.3 MB) and everything in it would be dropped",
        hint: 'declare it again, or allow the loss with pgstead:allowDataLoss: ["database shop"]',
      },
    ]);
  });

  test("says how to unprotect where it is protected", () => {
    const withUrn = {
      ...before,
      databases: before.databases.map((one) => ({ ...one, urn: "urn:pulumi:prod::p::t$it" })),
    };
    const [refusal] = planServerAccess(declare({ protect: true }), withUrn, actual).refusals;
    expect(refusal?.hint).toContain(
      "npm run pulumi -- state unprotect --stack prod 'urn:pulumi:prod::p::t$it'",
    );
  });

  test("goes where its own entry allows it, and no other", () => {
    const allow = (...allowDataLoss: string[]) =>
      planServerAccess(declare({ allowDataLoss }), before, actual).refusals;
    expect(allow("database shop")).toEqual([]);
    expect(allow("database shops", "schema shop.app")).toHaveLength(1);
  });

  test("that is gone already stops nothing, and is made again for its official resource to drop", () => {
    const plan = planServerAccess(declare(), before, server());
    expect(plan.refusals).toEqual([]);
    expect(plan.statements.map(({ sql }) => sql)).toContain('CREATE DATABASE "shop"');
  });
});

describe("a role that leaves", () => {
  const before = declare({ roles: [role("app")], databases: [database("shop")] });
  const owned = { database: "shop", shared: false, how: "owns", kind: "relation", count: 2 } as const;
  const wide = { database: null, shared: true, how: "owns", kind: "tablespace", count: 1 } as const;
  const actual = server({
    roles: [actualRole("app", { dependencies: [owned, wide] })],
    databases: [actualDatabase("shop")],
  });

  test("is refused while something depends on it, with the list", () => {
    const [refusal] = planServerAccess(declare({ databases: [database("shop")] }), before, actual).refusals;
    expect(refusal).toMatchObject({
      subject: "role app",
      message:
        "it left the configuration and cannot be dropped: it has 1 tablespace on the whole server; 2 relations in shop",
    });
    expect(refusal?.hint).toContain("REASSIGN OWNED BY");
  });

  test("is not to give a trail away: another way ends the auditing", () => {
    const roles = before.roles.map((role) => ({ ...role, ownsTrail: true as const }));
    const found = { ...actual, roles: [actualRole("app", { dependencies: [owned] })] };
    const plan = planServerAccess(declare({ databases: [database("shop")] }), { ...before, roles }, found);
    expect(plan.refusals.map(({ hint }) => hint)).toEqual([
      expect.stringContaining("pgstead:audit: { schemas: [] }"),
    ]);
  });

  test("may go with the database that its objects are in", () => {
    const only = { ...actual, roles: [actualRole("app", { dependencies: [owned] })] };
    const plan = planServerAccess(declare({ allowDataLoss: ["database shop"] }), before, only);
    expect(plan.refusals).toEqual([]);
  });

  test("may go where nothing depends on it", () => {
    const free = server({ roles: [actualRole("app")], databases: [actualDatabase("shop")] });
    expect(planServerAccess(declare({ databases: [database("shop")] }), before, free).refusals).toEqual([]);
  });
});

test("a role that somebody dropped is made again, without a login, for its official resource to drop", () => {
  const before = declare({ roles: [{ ...role("app"), verifier: "SCRAM-SHA-256$of app" }] });
  const [statement] = planServerAccess(declare(), before, server()).statements;
  expect(statement?.sql).toBe(
    'CREATE ROLE "app" NOLOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS',
  );
  expect(statement?.by).toBeUndefined();
});
