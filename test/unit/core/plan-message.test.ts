import { expect, test } from "vitest";
import { renderPlanMessage } from "../../../components/core/plan-message";
import type { Plan } from "../../../components/core/statement";

const plan: Plan = {
  statements: [
    {
      sql: "ALTER ROLE \"a\" PASSWORD 'SCRAM-SHA-256$4096:x'",
      redacted: "ALTER ROLE \"a\" PASSWORD '[verifier]'",
      reason: "another password\nthan before",
      risk: "access",
      kind: "role",
    },
    { sql: "restart the server", reason: "a setting", risk: "restart", kind: "server", step: true },
  ],
  refusals: [{ subject: "schema s", message: "2 tables would be lost", hint: "declare it" }],
};

test("a plan for programs is one line of JSON without anything secret", () => {
  const text = renderPlanMessage(plan, { database: "shop" });
  expect(text).not.toContain("\n");
  expect(text).not.toContain("SCRAM");
  expect(JSON.parse(text)).toEqual({
    pgsteadPlan: 1,
    database: "shop",
    statements: [
      {
        sql: "ALTER ROLE \"a\" PASSWORD '[verifier]'",
        redacted: true,
        reason: "another password\nthan before",
        risk: "access",
        kind: "role",
      },
      plan.statements[1],
    ],
    refusals: plan.refusals,
    undeclared: [],
  });
});

test("a server that was not read is told with the plan", () => {
  const nothing = { statements: [], refusals: [] };
  expect(JSON.parse(renderPlanMessage(nothing, { database: null, unread: "no answer" }))).toMatchObject({
    database: null,
    unread: "no answer",
  });
});
