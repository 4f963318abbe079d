/**
 * `npm run reference` writes what is said twice, from the schema in code: the `config` block of Pulumi.yaml and the
 * configuration reference of the README; and the schemas of what commands print with `--json`, from their types. With
 * `--check` it writes nothing and fails where one is stale.
 */
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { ProblemError } from "../../../components/core/problem";
import { renderBlocks, replaceBlock } from "./reference-blocks";
import { renderReportSchemas, schemaDirectory } from "./report-schemas";

const project = process.env.PGSTEAD_PROJECT ?? resolve(__dirname, "../../..");

function main(check: boolean): number {
  const stale = [...staleBlocks(check), ...staleSchemas(check)];
  for (const file of stale) console.error(check ? `${file}: the reference is stale` : `${file}: written`);
  if (!check || stale.length === 0) return 0;
  console.error("  hint: run `npm run reference` and commit what it writes");
  return 1;
}

function staleBlocks(check: boolean): string[] {
  return renderBlocks().flatMap((block) => {
    const file = join(project, block.file);
    const text = readFileSync(file, "utf8");
    const current = replaceBlock(text, block);
    if (current !== text && !check) writeFileSync(file, current);
    return current === text ? [] : [block.file];
  });
}

/** A schema of a command that is gone is stale as well. */
function staleSchemas(check: boolean): string[] {
  const schemas = renderReportSchemas(project);
  const left = readdirSync(join(project, schemaDirectory))
    .filter((name) => name.endsWith(".json"))
    .map((name) => `${schemaDirectory}/${name}`)
    .filter((file) => !schemas.some((schema) => schema.file === file));
  const changed = schemas.filter(({ file, text }) => {
    const place = join(project, file);
    return !existsSync(place) || readFileSync(place, "utf8") !== text;
  });
  if (!check) {
    for (const { file, text } of changed) writeFileSync(join(project, file), text);
    for (const file of left) rmSync(join(project, file));
  }
  return [...changed.map(({ file }) => file), ...left];
}

try {
  process.exitCode = main(process.argv.includes("--check"));
} catch (error) {
  if (!(error instanceof ProblemError)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
