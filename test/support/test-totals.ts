/** Counts of tests; what failed outside of a test (a file that does not load, a crash) counts as one that failed. */
export interface Totals {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

export const tierNames = ["unit", "component", "integration", "e2e", "docker"] as const;

/** What runs where no tier is named; a Docker engine is more than a fresh clone has (`npm run test:docker`). */
const usual: readonly string[] = tierNames.filter((name) => name !== "docker");

export const noTests: Totals = { passed: 0, failed: 0, skipped: 0 };

/** A tier that could not run. */
export const failed: Totals = { passed: 0, failed: 1, skipped: 0 };

export function plus(a: Totals, b: Totals): Totals {
  return { passed: a.passed + b.passed, failed: a.failed + b.failed, skipped: a.skipped + b.skipped };
}

export function renderTotals({ passed, failed, skipped }: Totals): string {
  return `${passed} passed, ${failed} failed, ${skipped} skipped`;
}

/** Names of tiers first, the usual ones when none is named; everything else is vitest's, and so is what follows `--`. */
export function parseArguments(args: readonly string[]): {
  tiers: readonly string[];
  rest: readonly string[];
} {
  const isTier = (arg: string): boolean => tierNames.some((name) => name === arg);
  const end = args.findIndex((arg) => !isTier(arg));
  const named = new Set(end === -1 ? args : args.slice(0, end));
  const rest = end === -1 ? [] : args.slice(args[end] === "--" ? end + 1 : end);
  return {
    tiers: tierNames.filter((name) => (named.size === 0 ? usual.includes(name) : named.has(name))),
    rest,
  };
}

interface Report {
  readonly testResults: readonly {
    readonly status: string;
    readonly assertionResults: readonly { readonly status: string }[];
  }[];
}

/**
 * The totals of vitest's JSON report.
 *
 * @param text absent: vitest ended without one
 * @param exitCode not 0 without a failed test: an error outside of all tests, such as an unhandled rejection
 */
export function readReport(text: string | undefined, exitCode: number): Totals {
  if (text === undefined) return failed;
  const files = (JSON.parse(text) as Report).testResults;
  const totals = files
    .map(({ status, assertionResults }): Totals => {
      const count = (wanted: string): number =>
        assertionResults.filter((result) => result.status === wanted).length;
      const passed = count("passed");
      // A file fails as a whole when it does not load, or when a hook fails: none of its tests says so.
      const failures = Math.max(count("failed"), status === "failed" ? 1 : 0);
      const skipped = assertionResults.length - passed - count("failed");
      return { passed, failed: failures, skipped };
    })
    .reduce(plus, noTests);
  return exitCode !== 0 && totals.failed === 0 ? plus(totals, failed) : totals;
}
