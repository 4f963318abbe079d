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
      "plan: 3 statements: 1 data-loss, 1 access, 1 none; 1 refused",
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

test("the summary counts, the worst first", () => {
  expect(renderSummary([])).toBe("0 statements");
  expect(renderSummary([limit])).toBe("1 statement: 1 access");
  expect(renderSummary([limit, { ...drop, risk: "restart" }, { ...drop, risk: "lock" }, drop])).toBe(
    "4 statements: 1 data-loss, 1 restart, 1 lock, 1 access",
  );
});
