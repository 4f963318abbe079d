import { execFile } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { z } from "zod";
import { projectRoot } from "../../../components/io/places";

/** What squawk says of a line. */
export interface SquawkRemark {
  /** The file as it was given. */
  readonly file: string;
  /** Counted from 1. */
  readonly line: number;
  readonly rule: string;
  readonly message: string;
  readonly help: string | null;
}

/** What squawk said, or why it said nothing. */
export type SquawkAnswer = { readonly remarks: readonly SquawkRemark[] } | { readonly missing: string };

/** squawk's JSON; its lines count from 0. */
const answerSchema = z.array(
  z.object({
    file: z.string(),
    line: z.number().int().nonnegative(),
    rule_name: z.string(),
    message: z.string(),
    help: z.string().nullable(),
  }),
);

/** The version that advice is for, as stacks have it. */
const postgresVersion = "17";

/** Characters of names in one run: Windows takes 32,767 of a whole command line. */
const namesPerRun = 24_000;

/** Asks squawk about files, in as few runs as fit; `transactional` says whether each file is one transaction. */
export async function askSquawk(
  files: readonly { readonly file: string; readonly transactional: boolean }[],
): Promise<SquawkAnswer> {
  const found = findSquawk();
  if ("missing" in found) return found;
  const remarks: SquawkRemark[] = [];
  for (const transactional of [true, false]) {
    const names = files.filter((one) => one.transactional === transactional).map(({ file }) => file);
    for (const run of inRuns(names)) {
      const answer = await runSquawk(found.program, transactional, run);
      if ("missing" in answer) return answer;
      remarks.push(...answer.remarks);
    }
  }
  return { remarks };
}

/** npm installs a binary of squawk where there is one for the platform. */
function findSquawk(): { readonly program: string } | { readonly missing: string } {
  const load = createRequire(join(projectRoot(), "package.json"));
  try {
    const { getBinaryPath } = load("squawk-cli/js/index.js") as { getBinaryPath: () => string };
    return { program: getBinaryPath() };
  } catch (error) {
    return { missing: (error as Error).message.split("\n")[0] ?? "" };
  }
}

function inRuns(names: readonly string[]): string[][] {
  const runs: string[][] = [];
  let length = Infinity;
  for (const name of names) {
    if (length + name.length > namesPerRun) {
      runs.push([]);
      length = 0;
    }
    runs.at(-1)?.push(name);
    length += name.length + 1;
  }
  return runs;
}

function runSquawk(program: string, transactional: boolean, files: readonly string[]): Promise<SquawkAnswer> {
  const options = [
    ...["--reporter", "json", "--pg-version", postgresVersion],
    transactional ? "--assume-in-transaction" : "--no-assume-in-transaction",
  ];
  // squawk takes names for patterns.
  const names = files.map((file) => file.replace(/[*?[\]]/g, "[$&]"));
  return new Promise((answer) => {
    execFile(program, [...options, "--", ...names], { maxBuffer: 2 ** 28 }, (error, stdout, stderr) => {
      // It ends with 1 where it has something to say.
      if (error !== null && error.code !== 1) answer({ missing: `it does not run: ${error.message}` });
      else answer(parseAnswer(stdout, stderr));
    });
  });
}

function parseAnswer(stdout: string, stderr: string): SquawkAnswer {
  try {
    const remarks = answerSchema.parse(JSON.parse(stdout)).map(({ line, rule_name: rule, ...rest }) => {
      return { ...rest, rule, line: line + 1 };
    });
    return { remarks };
  } catch (error) {
    const said = stderr.trim().split("\n")[0] ?? "";
    return { missing: said === "" ? `its answer cannot be read: ${(error as Error).message}` : said };
  }
}
