import { describe, expect, test } from "vitest";
import {
  isEmptyPlan,
  ownStatements,
  renderPlan,
  renderSummary,
  shown,
  type Statement,
} from "../../../components/core/statement";

const limit: Statement = {
  sql: "ALTER ROLE a CONNECTION LIMIT 5",
  reason: "the server has 4",
  risk: "access",
  kind: "role",
};
const verifier: Statement = {
  sql: "ALTER ROLE a PASSWORD 'SCRAM-SHA-256$4096:x'",
  redacted: "ALTER ROLE a PASSWORD '[verifier]'",
  reason: "another password",
  risk: "access",
  kind: "role",
};
const official: Statement = {
  sql: "CREATE SCHEMA b",
  reason: "new",
  risk: "none",
  kind: "schema",
  by: "@pulumi/postgresql",
};
const drop: Statement = {
  sql: "DROP SCHEMA c CASCADE",
  reason: "it left",
  risk: "data-loss",
  kind: "schema",
};
const refusal = { subject: "schema s.c", message: "2 tables would be lost", hint: "declare it again" };

test("a plan shows each statement with its reason, its risk and who sends it", () => {
  expect(renderPlan({ statements: [limit, official, drop], refusals: [refusal] })).toBe(
    [
      "plan: 3 statements: 1 access, 1 data-loss; 1 refused",
      "  ALTER ROLE a CONNECTION LIMIT 5;  -- the server has 4 [access]",
      "  CREATE SCHEMA b;  -- new (by @pulumi/postgresql)",
      "  DROP SCHEMA c CASCADE;  -- it left [data-loss]",
      "  refused: schema s.c: 2 tables would be lost; declare it again",
    ].join("\n"),
  );
});

test("a verifier is never shown", () => {
  expect(shown(verifier)).toBe("ALTER ROLE a PASSWORD '[verifier]'");
  expect(renderPlan({ statements: [verifier], refusals: [] }, { full: true })).not.toContain("SCRAM");
});

test("a long plan is cut where it has no risk: a restart at its end is shown", () => {
  const harmless = Array.from({ length: 60 }, (_, n) => ({ ...official, sql: `SELECT ${n}` }));
  const text = renderPlan({ statements: [...harmless, drop], refusals: [] });
  expect(text).toContain("DROP SCHEMA c CASCADE;  -- it left [data-loss]\n  … and 21 more");
  expect(text).toContain("SELECT 38");
  expect(text).not.toContain("SELECT 39");
});

test("a long plan is cut and counted, unless the whole of it is wanted", () => {
  const statements = Array.from({ length: 45 }, (_, index) => ({ ...limit, sql: `SELECT ${index}` }));
  const cut = renderPlan({ statements, refusals: [refusal] });
  expect(cut).toContain("… and 5 more; PGSTEAD_PLAN=full shows them all");
  expect(cut).not.toContain("SELECT 40");
  expect(cut).toContain("refused: schema s.c");
  expect(renderPlan({ statements, refusals: [] }, { full: true })).toContain("SELECT 44");
});

describe("a plan is empty", () => {
  test("where there is nothing to do but what an official resource does", () => {
    expect(isEmptyPlan({ statements: [official], refusals: [] })).toBe(true);
    expect(ownStatements({ statements: [official, limit], refusals: [] })).toEqual([limit]);
  });

  test("not where something is refused", () => {
    expect(isEmptyPlan({ statements: [], refusals: [refusal] })).toBe(false);
    expect(isEmptyPlan({ statements: [limit], refusals: [] })).toBe(false);
  });
});

test("the summary counts what has a risk, the mildest first", () => {
  expect(renderSummary([])).toBe("0 statements");
  expect(renderSummary([limit])).toBe("1 statement: 1 access");
  expect(renderSummary([official, limit])).toBe("2 statements: 1 access");
  expect(renderSummary([limit, { ...drop, risk: "restart" }, { ...drop, risk: "lock" }, drop])).toBe(
    "4 statements: 1 access, 1 lock, 1 restart, 1 data-loss",
  );
});

test("what is no SQL has no semicolon, and a statement in another database says where", () => {
  const restart: Statement = {
    sql: "restart the server",
    reason: "port",
    risk: "restart",
    kind: "server",
    step: true,
  };
  const elsewhere: Statement = { ...limit, database: "shop" };
  expect(
    renderPlan({ statements: [restart, elsewhere], refusals: [] })
      .split("\n")
      .slice(1),
  ).toEqual([
    "  restart the server  -- port [restart]",
    "  ALTER ROLE a CONNECTION LIMIT 5;  -- the server has 4 [access] (in database shop)",
  ]);
});

test("what nobody declared is listed, and cut and counted as statements are", () => {
  const found = { kind: "role", subject: "role carol", message: "nobody declared it" } as const;
  const plan = { statements: [], refusals: [], undeclared: Array.from({ length: 42 }, () => found) };
  const lines = renderPlan(plan).split("\n");
  expect(lines[1]).toBe("  left alone: role carol: nobody declared it");
  expect(lines.at(-1)).toBe("  … and 2 more left alone");
  expect(renderPlan(plan, { full: true }).split("\n")).toHaveLength(43);
});

test("a name on the server cannot look like another line of the plan, or be obeyed by a terminal", () => {
  const name = 'a"\n  refused: schema b: gone\u001b[2J\u202e';
  const plan = { statements: [{ ...limit, sql: `DROP ROLE "${name}"`, reason: name }], refusals: [refusal] };
  const lines = renderPlan(plan).split("\n");
  expect(lines).toHaveLength(3);
  expect(lines.join("")).not.toMatch(/[\p{Cc}\p{Bidi_Control}]/u);
});
