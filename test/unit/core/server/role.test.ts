import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  createRole,
  diffRole,
  validUntilSeconds,
  type ActualRole,
  type RoleAttributes,
} from "../../../../components/core/server/role";
import { renderPlan, shown } from "../../../../components/core/statement";

const plain: RoleAttributes = {
  name: "shop_app",
  login: true,
  connectionLimit: 40,
  inherit: true,
  createDatabase: false,
  createRole: false,
  replication: false,
  bypassRowLevelSecurity: false,
  verifier: "SCRAM-SHA-256$4096:c2FsdA==$a:b",
};

function onServer(role: RoleAttributes, change: Partial<ActualRole> = {}): ActualRole {
  const { validUntil, verifier, ...attributes } = role;
  return {
    ...attributes,
    superuser: false,
    validUntil: validUntilSeconds(validUntil),
    verifier: verifier ?? null,
    dependencies: [],
    ...change,
  };
}

const sqlOf = (desired: RoleAttributes, actual: ActualRole | undefined): string[] =>
  diffRole(desired, actual).map(({ sql }) => sql);

test("a role that is as declared needs nothing", () => {
  expect(diffRole(plain, onServer(plain))).toEqual([]);
});

test("a role that is missing is made whole, without its verifier being shown", () => {
  const [statement] = diffRole({ ...plain, validUntil: "2030-01-01" }, undefined);
  const sql =
    'CREATE ROLE "shop_app" LOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS' +
    " CONNECTION LIMIT 40 VALID UNTIL '2030-01-01' PASSWORD";
  expect(statement).toMatchObject({
    sql: `${sql} '${plain.verifier ?? ""}'`,
    redacted: `${sql} '[verifier]'`,
    risk: "access",
    kind: "role",
  });
});

test("a group has no password and no limit", () => {
  const { verifier: _verifier, ...group } = { ...plain, login: false, connectionLimit: -1 };
  expect(createRole(group)).toEqual({
    sql: 'CREATE ROLE "shop_app" NOLOGIN INHERIT NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS',
    reason: "declared and not on the server",
    risk: "access",
    kind: "role",
  });
});

describe("what was changed by hand is set back in one statement", () => {
  test.each<[string, Partial<ActualRole>, string, string]>([
    ["NOLOGIN", { login: false }, "LOGIN", "the server has NOLOGIN"],
    ["superuser", { superuser: true }, "NOSUPERUSER", "the server has SUPERUSER"],
    ["CREATEDB", { createDatabase: true }, "NOCREATEDB", "the server has CREATEDB"],
    ["CREATEROLE", { createRole: true }, "NOCREATEROLE", "the server has CREATEROLE"],
    ["REPLICATION", { replication: true }, "NOREPLICATION", "the server has REPLICATION"],
    ["BYPASSRLS", { bypassRowLevelSecurity: true }, "NOBYPASSRLS", "the server has BYPASSRLS"],
    ["NOINHERIT", { inherit: false }, "INHERIT", "the server has NOINHERIT"],
    ["the limit", { connectionLimit: 7 }, "CONNECTION LIMIT 40", "the server has CONNECTION LIMIT 7"],
    [
      "the expiry",
      { validUntil: 1_893_456_000 },
      "VALID UNTIL 'infinity'",
      "the server has VALID UNTIL '2030-01-01T00:00:00.000Z'",
    ],
  ])("%s", (_what, change, option, reason) => {
    expect(diffRole(plain, onServer(plain, change))).toEqual([
      { sql: `ALTER ROLE "shop_app" ${option}`, reason, risk: "access", kind: "role" },
    ]);
  });

  test("several at once", () => {
    const actual = onServer(plain, { login: false, superuser: true, connectionLimit: -1 });
    expect(diffRole(plain, actual)).toEqual([
      {
        sql: 'ALTER ROLE "shop_app" NOSUPERUSER LOGIN CONNECTION LIMIT 40',
        reason: "the server has SUPERUSER NOLOGIN CONNECTION LIMIT -1",
        risk: "access",
        kind: "role",
      },
    ]);
  });
});

describe("a password", () => {
  test("that the server has otherwise is set back", () => {
    const [statement] = diffRole(plain, onServer(plain, { verifier: "md5abc" }));
    expect(statement?.sql).toBe(`ALTER ROLE "shop_app" PASSWORD '${plain.verifier ?? ""}'`);
    expect(statement?.reason).toBe("the server has another password than the state");
    expect(diffRole(plain, onServer(plain, { verifier: null }))[0]?.reason).toBe("the role has no password");
  });

  test("that is not made yet shows as one, also for a role that has none", () => {
    for (const verifier of ["SCRAM-SHA-256$1", null]) {
      const [statement, ...rest] = diffRole({ ...plain, verifier: null }, onServer(plain, { verifier }));
      expect(rest).toEqual([]);
      expect(statement && shown(statement)).toBe(`ALTER ROLE "shop_app" PASSWORD '[verifier]'`);
      expect(statement?.reason).toBe("a new password is made in this run");
    }
  });

  test("that is not ours is left alone", () => {
    const { verifier: _verifier, ...desired } = plain;
    expect(diffRole(desired, onServer(desired, { verifier: "SCRAM-SHA-256$theirs" }))).toEqual([]);
  });

  test("never shows, and a role as declared needs nothing, whatever it is", () => {
    const role = fc.record<RoleAttributes>({
      name: fc
        .string({ unit: "grapheme", minLength: 1, maxLength: 20 })
        .filter((name) => !name.includes("\0")),
      login: fc.boolean(),
      connectionLimit: fc.integer({ min: -1, max: 1000 }),
      inherit: fc.boolean(),
      createDatabase: fc.boolean(),
      createRole: fc.boolean(),
      replication: fc.boolean(),
      bypassRowLevelSecurity: fc.boolean(),
      verifier: fc.stringMatching(
        /^SCRAM-SHA-256\$4096:[A-Za-z0-9+/]{24}\$[A-Za-z0-9+/]{44}:[A-Za-z0-9+/]{44}$/,
      ),
    });
    fc.assert(
      fc.property(role, role, (desired, other) => {
        expect(diffRole(desired, onServer(desired))).toEqual([]);
        const statements = [
          ...diffRole(desired, undefined),
          ...diffRole(desired, onServer({ ...other, name: desired.name })),
        ];
        const printed = renderPlan({ statements, refusals: [] }, { full: true });
        expect(printed).not.toContain(desired.verifier);
        expect(printed).not.toContain(other.verifier);
      }),
      { verbose: true },
    );
  });
});

describe("the moment of an expiry", () => {
  test.each([
    ["2030-01-01T00:00:00Z", 1_893_456_000],
    ["2030-01-01", 1_893_456_000],
    ["2030-01-01 00:00:00", 1_893_456_000],
    ["2030-01-01 00:00", 1_893_456_000],
    ["2030-01-01 00:00:00+00", 1_893_456_000],
    ["2030-01-01 00:00:00 +00", 1_893_456_000],
    ["2030-01-01t02:00:00+02:00", 1_893_456_000],
    ["2030-01-01 02:00:00+0200", 1_893_456_000],
    ["2029-12-31 19:00:00-05", 1_893_456_000],
    [" 2030-01-01T00:00:00.5z ", 1_893_456_000.5],
  ])("%s is read as PostgreSQL reads it", (text, seconds) => {
    expect(validUntilSeconds(text)).toBe(seconds);
  });

  test.each([undefined, "infinity", " Infinity "])("%s is never", (text) => {
    expect(validUntilSeconds(text)).toBeNull();
  });

  test("in another spelling is the same moment, so nothing changes", () => {
    const desired = { ...plain, validUntil: "2030-01-01 01:00:00+01" };
    expect(sqlOf(desired, onServer(plain, { validUntil: 1_893_456_000 }))).toEqual([]);
    expect(sqlOf(desired, onServer(plain))).toEqual([
      `ALTER ROLE "shop_app" VALID UNTIL '2030-01-01 01:00:00+01'`,
    ]);
  });
});
