/**
 * `npm run reference` writes what is said twice, from the schema in code: the `config` block of Pulumi.yaml and the
 * configuration reference of the README. With `--check` it writes nothing and fails where one is stale.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ProblemError } from "../../../components/core/problem";
import { renderBlocks, replaceBlock } from "./reference-blocks";

const project = process.env.PGSTEAD_PROJECT ?? resolve(__dirname, "../../..");

function main(check: boolean): number {
  const stale = renderBlocks().filter((block) => {
    const file = join(project, block.file);
    const text = readFileSync(file, "utf8");
    const current = replaceBlock(text, block);
    if (current !== text && !check) writeFileSync(file, current);
    return current !== text;
  });
  for (const { file } of stale) console.error(check ? `${file}: the reference is stale` : `${file}: written`);
  if (!check || stale.length === 0) return 0;
  console.error("  hint: run `npm run reference` and commit what it writes");
  return 1;
}

try {
  process.exitCode = main(process.argv.includes("--check"));
} catch (error) {
  if (!(error instanceof ProblemError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
