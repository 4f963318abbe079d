import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  planMemberships,
  type ActualMembership,
  type DeclaredMembers,
  type DesiredMembership,
  type MembershipServer,
} from "../../../../components/core/server/membership";

const wanted = (role: string, change: Partial<DesiredMembership> = {}): DesiredMembership => ({
  role,
  admin: false,
  inherit: true,
  set: true,
  ...change,
});

const row = (role: string, member: string, change: Partial<ActualMembership> = {}): ActualMembership => ({
  role,
  member,
  grantor: "postgres",
  admin: false,
  inherit: true,
  set: true,
  ...change,
});

function server(memberships: ActualMembership[], change: Partial<MembershipServer> = {}): MembershipServer {
  const names = new Set(["app", "club", "carol", "dave", "pg_monitor"]);
  const superusers = new Set(["postgres", "root"]);
  return { major: 17, memberships, names, superusers, grantor: "postgres", manager: "postgres", ...change };
}

function declare(
  members: Record<string, DesiredMembership[]>,
  roles: Record<string, boolean> = {},
): DeclaredMembers {
  return {
    members: new Map(Object.entries(members)),
    roles: new Map(Object.entries(roles)),
    creators: new Set(),
  };
}

const sqlOf = (declared: DeclaredMembers, actual: MembershipServer): string[] =>
  planMemberships(declared, actual).statements.map(({ sql }) => sql);

describe("before PostgreSQL 16, where a membership has ADMIN only", () => {
  const old = (...rows: ActualMembership[]) =>
    server(
      rows.map((one) => ({ ...one, inherit: null, set: null })),
      { major: 15 },
    );

  test("it is given without options, or with ADMIN", () => {
    expect(sqlOf(declare({ app: [wanted("club", { inherit: false })] }), old())).toEqual([
      'GRANT "club" TO "app"',
    ]);
    expect(sqlOf(declare({ app: [wanted("club", { admin: true })] }), old())).toEqual([
      'GRANT "club" TO "app" WITH ADMIN OPTION',
    ]);
  });

  test("ADMIN is taken by itself, whoever granted it, and INHERIT and SET are no difference", () => {
    const declared = declare({ app: [wanted("club", { inherit: false, set: false })] });
    expect(sqlOf(declared, old(row("club", "app")))).toEqual([]);
    expect(sqlOf(declared, old(row("club", "app", { admin: true, grantor: "carol" })))).toEqual([
      'REVOKE ADMIN OPTION FOR "club" FROM "app"',
    ]);
    expect(sqlOf(declare({ app: [] }), old(row("club", "app", { grantor: "carol" })))).toEqual([
      'REVOKE "club" FROM "app"',
    ]);
  });

  test("a role that only newer versions have is not asked for", () => {
    const declared = declare({ app: [wanted("pg_use_reserved_connections", { since: 16 })] });
    expect(planMemberships(declared, old())).toEqual({ statements: [], refusals: [], undeclared: [] });
    expect(planMemberships(declared, server([])).refusals).toHaveLength(1);
  });
});

test("several grants of one membership count together", () => {
  const two = [
    row("club", "app", { set: false, grantor: "carol" }),
    row("club", "app", { inherit: false, grantor: "dave" }),
  ];
  expect(sqlOf(declare({ app: [wanted("club")] }), server(two))).toEqual([]);
  expect(sqlOf(declare({ app: [wanted("club", { set: false })] }), server(two))).toEqual([
    'REVOKE "club" FROM "app" GRANTED BY "dave"',
  ]);
});

test("superusers and the managing login are in no group that matters: they are not told, nor put out", () => {
  const rows = [row("club", "root"), row("club", "manager"), row("club", "carol")];
  const at = server(rows, { manager: "manager" });
  expect(planMemberships(declare({}, { club: false }), at).undeclared).toEqual([
    {
      kind: "membership",
      subject: "membership of carol in club",
      message: "nobody declared it (by postgres)",
    },
  ]);
  expect(sqlOf(declare({}, { club: true }), at)).toEqual(['REVOKE "club" FROM "carol"']);
});

test("grants that go around in a circle are put into some order, and end", () => {
  const rows = [
    row("club", "app", { admin: true, grantor: "carol" }),
    row("club", "carol", { admin: true, grantor: "app" }),
  ];
  expect(sqlOf(declare({ app: [], carol: [] }), server(rows))).toHaveLength(2);
});

test("what a plan does makes the next one empty, whatever there was", () => {
  const names = ["a", "b", "c", "d", "e"];
  const flags = { admin: fc.boolean(), inherit: fc.boolean(), set: fc.boolean() };
  const grant = fc.record({
    ...flags,
    role: fc.nat(4),
    member: fc.nat(4),
    grantor: fc.constantFrom("postgres", "x"),
  });
  const rows = fc.uniqueArray(grant, {
    selector: ({ role, member, grantor }) => `${role} ${member} ${grantor}`,
  });
  const wishes = fc.uniqueArray(fc.record({ ...flags, role: fc.nat(4), member: fc.nat(4) }), {
    selector: ({ role, member }) => `${role} ${member}`,
  });
  fc.assert(
    fc.property(rows, wishes, (found, wished) => {
      const memberships = found
        .filter(({ role, member }) => role < member)
        .map((one) => ({ ...one, role: names[one.role]!, member: names[one.member]! }));
      const members: Record<string, DesiredMembership[]> = { b: [], c: [], d: [], e: [] };
      for (const { member, ...one } of wished.filter(({ role, member }) => role < member)) {
        members[names[member]!]!.push({ ...one, role: names[one.role]! });
      }
      const at = server(memberships, { names: new Set(names) });
      const declared = declare(members, Object.fromEntries(names.map((name) => [name, true])));
      const after = played(memberships, planMemberships(declared, at).statements);
      expect(sqlOf(declared, { ...at, memberships: after })).toEqual([]);
    }),
  );
});

/** What the statements make of memberships, as PostgreSQL 17 does. */
function played(
  rows: readonly ActualMembership[],
  statements: readonly { sql: string }[],
): ActualMembership[] {
  let left = [...rows];
  for (const { sql } of statements) {
    const [, role, member, by = "postgres"] =
      /^REVOKE "(.*?)" FROM "(.*?)"(?: GRANTED BY "(.*?)")?$/.exec(sql) ?? [];
    const [, to, who, ...flags] =
      /^GRANT "(.*?)" TO "(.*?)" WITH ADMIN (.*?), INHERIT (.*?), SET (.*?)$/.exec(sql) ?? [];
    const [admin = false, inherit = false, set = false] = flags.map((flag) => flag === "TRUE");
    const is = (one: ActualMembership, a = "", b = "", c = ""): boolean =>
      one.role === a && one.member === b && one.grantor === c;
    if (role !== undefined) {
      expect(left.some((one) => is(one, role, member, by))).toBe(true);
      left = left.filter((one) => !is(one, role, member, by));
    } else {
      left = left.filter((one) => !is(one, to, who, "postgres"));
      left.push({ role: to ?? "", member: who ?? "", grantor: "postgres", admin, inherit, set });
    }
  }
  return left;
}

test("an option that a server does not know is refused where somebody wrote it down", () => {
  const declared = declare({ carol: [wanted("club", { set: false, without: ["set"] })] });
  expect(planMemberships(declared, server([])).refusals).toEqual([]);
  const [refusal, ...rest] = planMemberships(declared, server([], { major: 15 })).refusals;
  expect(rest).toEqual([]);
  expect(refusal).toMatchObject({
    subject: "role carol",
    message:
      "it is declared to belong to club with SET FALSE, and PostgreSQL 15 has no such membership: that came with 16",
    hint: "remove `set: false` from memberOf, knowing that the role may SET ROLE then",
  });
});
