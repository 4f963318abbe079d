/**
 * `npm test`: runs the tiers one after the other, and ends with one line, `N passed, N failed, N skipped`.
 *
 * `npm test`, `npm test -- unit`, `npm run test:integration -- access` (files with "access" in their path),
 * `npm run test:e2e -- -t "kill"` (tests by name): what is not the name of a tier goes to vitest. Tier docker, which needs
 * a Docker engine, runs only where it is named (`npm run test:docker`).
 */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { failed, noTests, parseArguments, plus, readReport, renderTotals, type Totals } from "./test-totals";

const project = process.env.PGSTEAD_PROJECT ?? resolve(__dirname, "../..");

/** What has to be there before a tier can run; its failure is the tier's. */
const preparations: Readonly<Record<string, readonly (readonly string[])[]>> = {
  // Gets or builds Pulumi with progress on the screen, instead of within a test's time-out.
  e2e: [["infra/toolchain/run.cjs", "infra/toolchain/pulumi.ts", "version"]],
  docker: [
    // First, as it takes no time: is there an engine?
    ["infra/toolchain/run.cjs", "test/support/prepare-docker.ts"],
    ["infra/toolchain/run.cjs", "infra/toolchain/pulumi.ts", "version"],
  ],
};

async function main(): Promise<number> {
  const { tiers, rest } = parseArguments(process.argv.slice(2));
  let totals = noTests;
  for (const tier of tiers) totals = plus(totals, await runTier(tier, rest));
  if (tiers.some(hasTests) && totals.passed + totals.failed + totals.skipped === 0) {
    console.error(`pgstead: no test was found${rest.length === 0 ? "" : ` for ${rest.join(" ")}`}`);
    totals = failed;
  }
  console.log(renderTotals(totals));
  return totals.failed === 0 ? 0 : 1;
}

async function runTier(tier: string, rest: readonly string[]): Promise<Totals> {
  if (!hasTests(tier)) {
    console.error(`pgstead: tier ${tier} has no tests yet (test/${tier} has no *.test.ts)`);
    return noTests;
  }
  console.error(`\npgstead: tier ${tier}`);
  for (const preparation of preparations[tier] ?? []) {
    const exitCode = await runNode(preparation);
    if (exitCode !== 0) {
      console.error(`pgstead: tier ${tier} cannot run: node ${preparation.join(" ")} failed (${exitCode})`);
      return failed;
    }
  }
  return runVitest(tier, rest);
}

async function runVitest(tier: string, rest: readonly string[]): Promise<Totals> {
  const directory = mkdtempSync(join(tmpdir(), "pgstead-tests-"));
  const report = join(directory, "report.json");
  const vitest = "node_modules/vitest/vitest.mjs";
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${report}`];
  // With a filter, a tier may have nothing to say.
  const filtered = rest.length === 0 ? [] : ["--passWithNoTests"];
  try {
    const exitCode = await runNode([vitest, "run", `--project=${tier}`, ...reporters, ...filtered, ...rest]);
    const text = existsSync(report) ? readFileSync(report, "utf8") : undefined;
    if (text === undefined) console.error(`pgstead: tier ${tier} ended without a report (${exitCode})`);
    return readReport(text, exitCode);
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function hasTests(tier: string): boolean {
  if (tier === "unit") return true; // test/architecture.test.ts is one of them
  const directory = join(project, "test", tier);
  if (!existsSync(directory)) return false;
  const files = readdirSync(directory, { recursive: true, encoding: "utf8" });
  return files.some((file) => file.endsWith(".test.ts"));
}

/** Runs a script of the project with the terminal's own input and output. */
function runNode(args: readonly string[]): Promise<number> {
  return new Promise((done, reject) => {
    const child = spawn(process.execPath, args, { cwd: project, stdio: "inherit" });
    child.once("error", reject);
    child.once("exit", (code, signal) => {
      done(code ?? (signal === "SIGINT" ? 130 : 1));
    });
  });
}

// The terminal sends Ctrl-C to the tests as well: they clean up, and the totals are still printed.
process.on("SIGINT", () => undefined);
main().then(
  (exitCode) => {
    process.exitCode = exitCode;
  },
  (error: unknown) => {
    console.error(error);
    console.log(renderTotals(failed));
    process.exitCode = 1;
  },
);
