import { describe, expect, test } from "vitest";
import { parseArguments, readReport, renderTotals } from "../../support/test-totals";

const report = (...files: { status: string; tests: string[] }[]): string =>
  JSON.stringify({
    testResults: files.map(({ status, tests }) => ({
      status,
      assertionResults: tests.map((result) => ({ status: result })),
    })),
  });

describe("the totals of a tier", () => {
  test("count what passed, failed and was skipped", () => {
    const text = report(
      { status: "passed", tests: ["passed", "passed", "pending", "todo", "skipped"] },
      { status: "failed", tests: ["passed", "failed", "failed"] },
    );
    expect(renderTotals(readReport(text, 1))).toBe("3 passed, 2 failed, 3 skipped");
  });

  test("count a file that does not load as one that failed", () => {
    expect(readReport(report({ status: "failed", tests: [] }), 1)).toMatchObject({ failed: 1 });
  });

  test("count a hook that failed, though all of its tests were skipped", () => {
    const text = report({ status: "failed", tests: ["skipped", "skipped"] });
    expect(readReport(text, 1)).toEqual({ passed: 0, failed: 1, skipped: 2 });
  });

  test("count an error outside of all tests", () => {
    expect(readReport(report({ status: "passed", tests: ["passed"] }), 1)).toMatchObject({
      passed: 1,
      failed: 1,
    });
  });

  test("count a run without a report as failed", () => {
    expect(readReport(undefined, 0)).toMatchObject({ failed: 1 });
  });
});

describe("the arguments", () => {
  test("none means every tier but the one that needs a Docker engine", () => {
    expect(parseArguments([])).toEqual({ tiers: ["unit", "component", "integration", "e2e"], rest: [] });
    expect(parseArguments(["docker"])).toEqual({ tiers: ["docker"], rest: [] });
  });

  test("tiers come first and keep their order, the rest is vitest's", () => {
    expect(parseArguments(["component", "unit", "access", "-t", "kill"])).toEqual({
      tiers: ["unit", "component"],
      rest: ["access", "-t", "kill"],
    });
  });

  test("what follows -- is vitest's, even the name of a tier", () => {
    expect(parseArguments(["e2e", "--", "unit"])).toEqual({ tiers: ["e2e"], rest: ["unit"] });
  });
});
