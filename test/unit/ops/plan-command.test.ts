import { readFileSync } from "node:fs";
import { join } from "node:path";
import picocolors from "picocolors";
import { describe, expect, test } from "vitest";
import { projectRoot } from "../../../components/io/places";
import type { CommandContext } from "../../../infra/ops/command";
import { planCommand } from "../../../infra/ops/commands/plan";
import type { Answer } from "../../../infra/ops/pulumi";
import { statusOf } from "../../../infra/ops/report";

const recorded = (file: string): string =>
  readFileSync(join(projectRoot(), "test", "fixtures", "preview", file), "utf8");

/** A run of the command with a Pulumi that answers what was recorded. */
function run(answer: Partial<Answer>, args: Parameters<typeof planCommand.run>[1] = {}) {
  const asked: unknown[] = [];
  const context = {
    stack: "dev",
    progress: <Result>(_label: string, work: Promise<Result>) => work,
    pulumi: (...call: unknown[]) => {
      asked.push(call);
      return Promise.resolve({ exitCode: 0, stdout: "", stderr: "", ...answer });
    },
  } as unknown as CommandContext;
  return { asked, report: planCommand.run(context, args) };
}

/** A preview in which a resource refuses and another one fails. */
const refusal = { subject: "schema s", message: "2 tables would be lost", hint: "declare it" };
const refused = JSON.stringify({
  diagnostics: [
    {
      urn: "urn:pulumi:dev::p::pgstead:index:Access::s",
      severity: "info",
      message: JSON.stringify({
        pgsteadPlan: 1,
        database: "s",
        statements: [],
        refusals: [refusal],
        undeclared: [],
      }),
    },
    {
      urn: "urn:pulumi:dev::p::pgstead:index:Guard::guard",
      severity: "error",
      message: "error: refused before …\n",
    },
    {
      urn: "urn:pulumi:dev::p::pgstead:index:Settings::server",
      severity: "error",
      message: "error: no such setting\n",
    },
    { severity: "error", message: "error: preview failed\n" },
  ],
});

describe("plan", () => {
  test("asks for a preview of the stack with whole plans, and changes nothing", async () => {
    const { asked, report } = run({ stdout: recorded("unchanged.json") });
    await report;
    expect(asked).toEqual([[["preview", "--json", "--non-interactive", "--stack", "dev"], { plan: "json" }]]);
  });

  test("is good where it can run, and where nothing is to be done", async () => {
    expect(statusOf(await run({ stdout: recorded("changed-plan.json") }).report)).toBe("good");
    const expected = { expectNoChanges: true };
    expect(statusOf(await run({ stdout: recorded("unchanged.json") }, expected).report)).toBe("good");
  });

  test("is a finding where nothing was expected and something is to be done", async () => {
    const { findings } = await run({ stdout: recorded("changed-plan.json") }, { expectNoChanges: true })
      .report;
    expect(findings).toMatchObject([
      { subject: "stack dev", message: expect.stringContaining("12 statements: 9 access") as string },
    ]);
  });

  test("tells refusals and all else that failed, and gives no script then", async () => {
    const report = await run({ exitCode: 255, stdout: refused }).report;
    expect(report.findings.map(({ subject, message }) => `${subject}: ${message}`)).toEqual([
      "schema s: refused: 2 tables would be lost",
      "preview of stack dev: no such setting",
    ]);
    const plain = picocolors.createColors(false);
    expect(planCommand.render(report, { sql: true }, plain)).toEqual({ output: "", machine: true });
    expect(planCommand.render(report, {}, plain).output).toContain(
      "refused: schema s: 2 tables would be lost",
    );
  });

  test.each([
    [{ exitCode: 1, stdout: recorded("failed.json") }, "pgstead:roles.clerk.lgin: is not a known key"],
    [{ exitCode: 2, stderr: recorded("no-stack.txt") }, "no Pulumi login and no state is chosen for it"],
    [{ exitCode: 0, stdout: '{"steps": [' }, "cut short"],
    [{ exitCode: 255, stdout: "", stderr: "" }, "ended with 255"],
  ])("cannot tell where the preview failed: %#", async (answer, text) => {
    await expect(run(answer).report).rejects.toThrow(text);
  });
});
