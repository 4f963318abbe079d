import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkRule, completeRules } from "../../../../components/core/hba/check";
import { defaultRules } from "../../../../components/core/hba/defaults";
import { resolveHba } from "../../../../components/core/hba/desired";
import { diffLines } from "../../../../components/core/hba/diff";
import { parseHba } from "../../../../components/core/hba/parse";
import { planHba, planObstacle, type ActualHba } from "../../../../components/core/hba/plan";
import { renderHba } from "../../../../components/core/hba/render";
import { renderRule, type HbaRule } from "../../../../components/core/hba/rule";

const logins = [
  { name: "shop", logins: ["shop_app", "shop_migrator"] },
  { name: "billing", logins: [] },
  { name: "all", logins: ["all"] },
];
const desired = resolveHba({ logins, replicators: ["standby"] }, "postgres");
const nothing: ActualHba = {
  content: "",
  faults: [],
  isLoaded: true,
  isUnproven: false,
  origin: { address: "127.0.0.1", ssl: false },
  groups: {},
};

describe("rules for a server that declares none", () => {
  test("let in the managing login and every login to its own database, and nobody else", () => {
    expect(desired.rules.map(renderRule)).toEqual([
      "host all postgres 127.0.0.1/32 scram-sha-256",
      "host shop shop_app,shop_migrator 127.0.0.1/32 scram-sha-256",
      // A database and a role that have the name of a word.
      'host "all" "all" 127.0.0.1/32 scram-sha-256',
      "host replication standby 127.0.0.1/32 scram-sha-256",
      "local all,replication all reject",
      "host all,replication all all reject",
    ]);
  });

  test("are right by themselves, and cut off nobody who is declared", () => {
    expect(desired.rules.flatMap(checkRule)).toEqual([]);
    const { statements, refusals } = planHba(desired, undefined, nothing);
    expect(refusals).toEqual([]);
    expect(statements.at(-1)?.reason).not.toContain("cannot log in");
  });
});

describe("rules that reject everybody else", () => {
  const rule: HbaRule = { type: "host", database: ["all"], user: ["all"], address: "all", method: "reject" };
  const own = defaultRules("postgres", []);

  test("are the last ones, whatever was written", () => {
    const closed = completeRules(own);
    expect(closed.slice(1).map(renderRule)).toEqual([
      "local all,replication all reject",
      "host all,replication all all reject",
    ]);
    expect(completeRules(closed)).toEqual(closed);
  });

  test("are not written twice, and keep the comment that they were written with", () => {
    const closed = completeRules([...own, { ...rule, comment: "closed since May" }]);
    expect(closed).toHaveLength(3);
    expect(closed.at(-1)?.comment).toBe("closed since May");
  });
});

test("a file that holds the rules needs nothing, whatever its comments and blanks are", () => {
  const content = renderHba(desired.rules).replaceAll(/ +/g, "\t").replaceAll("# ", "# by hand: ");
  expect(planHba(desired, undefined, { ...nothing, content })).toEqual({ statements: [], refusals: [] });
});

test("rules that would lock the managing login out are no refusal as long as nothing is to be done", () => {
  const elsewhere = { ...nothing, origin: { address: "10.0.0.7", ssl: true } };
  const right = { ...elsewhere, content: renderHba(desired.rules) };
  expect(planHba(desired, undefined, right)).toEqual({ statements: [], refusals: [] });
  expect(planHba(desired, undefined, elsewhere).refusals).toMatchObject([
    {
      hint: expect.stringContaining(
        "{ type: hostssl, database: all, user: postgres, address: 10.0.0.7/32",
      ) as string,
    },
  ]);
});

test("a login whose role is not there yet is not called cut off for a group that it may get", () => {
  const rules = completeRules([
    ...defaultRules("postgres", []),
    {
      type: "host",
      database: ["shop"],
      user: ["+shop_reader"],
      address: "127.0.0.1/32",
      method: "scram-sha-256",
    },
  ]);
  const reasonFor = (groups: ActualHba["groups"]) =>
    planHba({ ...desired, rules, logins: [{ name: "shop", logins: ["shop_app"] }] }, undefined, {
      ...nothing,
      groups,
    }).statements.at(-1)?.reason;
  expect(reasonFor({})).not.toContain("cannot log in");
  expect(reasonFor({ shop_app: ["shop_reader"] })).not.toContain("cannot log in");
  expect(reasonFor({ shop_app: [] })).toContain("cannot log in from anywhere then: shop_app (to shop)");
});

test("a login from within a network that a rule names is not cut off, and a forced rule says so", () => {
  const rules = completeRules([
    ...defaultRules("postgres", []),
    {
      type: "host",
      database: ["shop"],
      user: ["shop_app"],
      address: "10.0.0.0/8",
      method: "trust",
      force: true,
    },
  ]);
  const { statements } = planHba(
    { ...desired, rules, logins: [{ name: "shop", logins: ["shop_app"] }] },
    undefined,
    nothing,
  );
  expect(statements.map(({ reason }) => reason)).toContain("declared; forced");
  expect(statements.at(-1)?.reason).not.toContain("cannot log in");
});

test("what closes the file was declared by nobody, and says what it is for", () => {
  const reasons = (rules: readonly HbaRule[]) =>
    planHba({ ...desired, rules: completeRules(rules) }, undefined, nothing)
      .statements.filter(({ sql }) => sql.endsWith(" reject"))
      .map(({ reason }) => reason);
  const closes = "closes the file, as every one: whom no rule before it lets in is rejected";
  expect(reasons(defaultRules("postgres", []))).toEqual(["Nobody else.", closes]);
  const own: HbaRule = {
    type: "host",
    database: ["all"],
    user: ["all"],
    address: "10.0.0.0/8",
    method: "reject",
  };
  expect(reasons([own])[0]).toBe("declared");
});

test("where the file cannot be looked at, a run that would write it is refused, and a preview says what it misses", () => {
  expect(planObstacle("not superuser", "ada").refusals).toHaveLength(1);
  expect(planObstacle("preview login", "ada")).toMatchObject({
    statements: [],
    refusals: [],
    undeclared: [{}],
  });
  expect(planObstacle("windows", "ada")).toMatchObject({ statements: [], refusals: [], undeclared: [{}] });
});

test("a diff of lines leads from the one to the other, and leaves what both have", () => {
  const lines = fc.array(
    fc.constantFrom("a", "b", "c", "d").map((key) => ({ key })),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(lines, lines, (from, to) => {
      const changes = diffLines(from, to);
      const removed = new Set(changes.flatMap((change) => (change.kind === "remove" ? [change.item] : [])));
      const kept = from.filter((line) => !removed.has(line)).map(({ key }) => key);
      const added = new Set(changes.flatMap((change) => (change.kind === "add" ? [change.item] : [])));
      expect(kept).toEqual(to.filter((line) => !added.has(line)).map(({ key }) => key));
    }),
  );
  expect(diffLines([{ key: "a" }, { key: "b" }], [{ key: "b" }])).toEqual([
    { kind: "remove", item: { key: "a" } },
  ]);
});

test("a comment never takes the rule below it along", () => {
  for (const comment of ["ends with \\", "two\nlines \\\\", "# all", "\\"]) {
    const rules = completeRules([{ ...defaultRules("postgres", [])[0]!, comment }]);
    expect(parseHba(renderHba(rules)).map(({ shown }) => shown)).toEqual(rules.map(renderRule));
  }
});
