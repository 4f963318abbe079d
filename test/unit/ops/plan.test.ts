import { readFileSync } from "node:fs";
import { join } from "node:path";
import picocolors from "picocolors";
import { describe, expect, test } from "vitest";
import { projectRoot } from "../../../components/io/places";
import { parsePreview, resourceName } from "../../../infra/ops/plan/preview";
import { renderStackPlan } from "../../../infra/ops/plan/render";
import { resolvePlan, type PlanData } from "../../../infra/ops/plan/resolve";
import { renderScript } from "../../../infra/ops/plan/script";

const plain = picocolors.createColors(false);
const recorded = (file: string): string =>
  readFileSync(join(projectRoot(), "test", "fixtures", "preview", file), "utf8");

const changed = (): PlanData => resolvePlan(parsePreview(recorded("changed-plan.json")));

describe("the JSON of a preview", () => {
  test("is read with what npm prints before it", () => {
    const { changes } = parsePreview(`\n> pgstead@0.1.0 pulumi\n> node x\n\n${recorded("changed.json")}`);
    expect(changes.map(({ op, urn }) => `${op} ${resourceName(urn)}`)).toEqual([
      "update EmbeddedServer server",
      "update postgresql server",
      "update Access server",
      "update Access promptforge",
      "update Access promptforge-objects",
      "delete Schema promptforge-audit",
    ]);
  });

  test.each([
    ["", "it is empty"],
    ["error: no stack selected\n", "it holds no JSON"],
    [recorded("changed.json").slice(0, 2000), "cut short"],
    ['{"steps": 1}', "not that of a preview"],
    ['{"version": 3}', "not that of a preview"],
  ])("is refused where it is none: %#", (text, message) => {
    expect(() => parsePreview(text)).toThrow(message);
  });

  test("of a run without changes gives an empty plan", () => {
    const plan = resolvePlan(parsePreview(recorded("unchanged.json")));
    expect(plan).toMatchObject({ resources: [], changes: [], variables: [], summary: { statements: 0 } });
    expect(renderStackPlan("dev", plan, plain)).toBe("stack dev: nothing to do\n");
  });
});

describe("a recorded plan", () => {
  test("is summed up by risk and told by resource, in the order of the run", () => {
    expect(changed().summary).toEqual({
      statements: 12,
      risks: { none: 1, access: 9, lock: 0, restart: 1, review: 0, "data-loss": 1 },
      refusals: 0,
    });
    expect(changed().resources.map(({ resource, op, database }) => [resource, op, database])).toEqual([
      ["EmbeddedServer server", "update", null],
      ["Access server", "update", "postgres"],
      ["Access promptforge", "update", "promptforge"],
    ]);
  });

  test("is text for people: a summary, each statement with its reason and risk, what else changes", () => {
    const text = renderStackPlan("dev", changed(), plain);
    expect(text).toMatch(
      /^stack dev: 12 statements: 9 access, 1 restart, 1 data-loss; 6 resources change; 1 left alone\n/,
    );
    expect(text).toContain("\n  restart the server  -- it listens on port 54320, declared is 54321");
    expect(text).toContain(
      '\n  ALTER ROLE "promptforge_app" NOCREATEDB;  -- the server has CREATEDB [access]\n',
    );
    expect(text).toContain(
      "\n  left alone: membership of mallory`s in promptforge_owner: nobody declared it",
    );
    expect(text).toContain("\n  delete Schema promptforge-audit\n");
    expect(text).not.toContain("\u001b");
    expect(renderStackPlan("dev", changed(), picocolors.createColors(true))).toContain("\u001b");
  });

  test("is a psql script: a database, then a transaction; steps are comments", () => {
    const script = renderScript("dev", changed());
    const sent = script.split("\n").filter((line) => line !== "" && !line.startsWith("--"));
    expect(sent.slice(0, 2)).toEqual(["\\set ON_ERROR_STOP on", "\\set QUIET on"]);
    const acts = sent.filter((line) =>
      /^(?:\\connect|BEGIN|COMMIT|ALTER|REVOKE|DROP|CREATE|REASSIGN)/.test(line),
    );
    expect(acts.map((line) => line.replace(/ .*(?=;)/, ""))).toEqual([
      "\\connect postgres",
      ...["BEGIN;", "ALTER;", "REVOKE;", "REVOKE;", "COMMIT;"],
      ...["\\connect promptforge", "BEGIN;", "REASSIGN;", "DROP;", "COMMIT;"],
      ...["\\connect postgres", "BEGIN;", "DROP;", "COMMIT;"],
      ...["\\connect promptforge", "BEGIN;", "REASSIGN;", "DROP;", "COMMIT;"],
      ...["\\connect postgres", "BEGIN;", "DROP;", "COMMIT;"],
      ...["\\connect promptforge", "BEGIN;", "DROP;", "CREATE;", "COMMIT;"],
    ]);
    expect(script).toContain("-- not SQL: restart the server  (it listens on port 54320");
  });

  test("as a script has its notes as comments: what a run makes anew, no script does", () => {
    const plan = changed();
    const [first, ...others] = plan.resources;
    const resources = [
      { ...first!, notes: ["views/a.sql:1: dropped and made anew\nDROP TABLE t;"] },
      ...others,
    ];
    const lines = renderScript("dev", { ...plan, resources }).split("\n");
    expect(lines.filter((line) => line.includes("made anew"))).toEqual([
      expect.stringMatching(/^-- note: views\/a\.sql:1: dropped and made anew.+DROP TABLE t;$/),
    ]);
  });
});

describe("verifiers in a script", () => {
  const secret = (role: string) => ({
    sql: `ALTER ROLE "${role.replaceAll('"', '""')}" PASSWORD '[verifier]'`,
    redacted: true,
    reason: "another password",
    risk: "access",
    kind: "role",
  });
  const preview = (...roles: readonly string[]): PlanData => {
    const message = { pgsteadPlan: 1, database: "postgres", refusals: [], undeclared: [] };
    const text = JSON.stringify({ ...message, statements: roles.map(secret) });
    const urn = "urn:pulumi:dev::pgstead::pgstead:index:Access::server";
    return resolvePlan({ changes: [], messages: [{ urn, severity: "info", text }] });
  };

  test("are variables, one for each role, whatever its name holds", () => {
    const data = preview("shop_app", 'a"b', "a-b", "a-b", "x'[verifier]'");
    expect(data.variables).toEqual([
      { name: "shop_app_verifier", role: "shop_app" },
      { name: "a_b_verifier", role: 'a"b' },
      { name: "a_b_verifier_2", role: "a-b" },
      { name: "x__verifier___verifier", role: "x'[verifier]'" },
    ]);
    const script = renderScript("dev", data);
    expect(script).toContain(`ALTER ROLE "shop_app" PASSWORD :'shop_app_verifier';`);
    expect(script).toContain(`ALTER ROLE "x'[verifier]'" PASSWORD :'x__verifier___verifier';`);
    expect(script).toContain("--   a_b_verifier_2: role a-b\n");
    expect(script).toContain("psql -v name=value");
  });

  test("are asked for before anything runs, and kept out of the server's log", () => {
    const script = renderScript("dev", preview("shop_app"));
    expect(script.indexOf("\\if :{?shop_app_verifier}")).toBeLessThan(script.indexOf("\\connect"));
    expect(script.indexOf("SET log_statement = 'none'")).toBeLessThan(script.indexOf("BEGIN;"));
  });

  test("of a statement that names no role are a mistake of this program", () => {
    const message = { pgsteadPlan: 1, database: "postgres", refusals: [], undeclared: [] };
    const statements = [{ ...secret("a"), sql: "SELECT '[verifier]'" }];
    const text = JSON.stringify({ ...message, statements });
    expect(() =>
      resolvePlan({ changes: [], messages: [{ urn: "a::b::c::d", severity: "info", text }] }),
    ).toThrow("whose verifier");
  });
});

test("a server that was not read is told, and the plan that follows is kept", () => {
  const urn = "urn:pulumi:dev::pgstead::pgstead:index:Access::server";
  const place = { pgsteadPlan: 1, database: null, statements: [], refusals: [], undeclared: [] };
  const refusal = { subject: "database shop", message: "it left", hint: "declare it" };
  const messages = [
    { ...place, unread: "no answer" },
    { ...place, refusals: [refusal] },
  ].map((message) => ({ urn, severity: "info", text: JSON.stringify(message) }));
  const data = resolvePlan({ changes: [], messages });
  expect(data.resources).toMatchObject([{ unread: "no answer", refusals: [refusal] }]);
  expect(renderStackPlan("dev", data, plain)).toContain("compared with the state only: no answer");
});
