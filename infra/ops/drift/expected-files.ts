import { fileNameOf } from "../../../components/core/migrations/history";
import { parseMigrations } from "../../../components/core/migrations/migration-set";
import type { SqlParser } from "../../../components/core/migrations/sql-parser";
import { parseRepeatables } from "../../../components/core/repeatables/parse-repeatables";
import { readMigrationDirectory, readRepeatableFiles } from "../../../components/io/migration-files";
import { replay } from "../../../components/io/scratch/replay";
import type { migrationPlace } from "../migrate/directory";
import type { LiveSchema } from "../schema/live";
import { appliedFiles, appliedRepeatables } from "./applied-files";
import { replayed, type Expectation, type ExpectedSchema, type NothingExpected } from "./expected";

/**
 * What the applied files of a directory give.
 *
 * @throws ProblemError where the files are not what ran, or do not run on a scratch database
 */
export async function expectFiles(
  expectation: Expectation,
  place: ReturnType<typeof migrationPlace>,
  live: LiveSchema,
  parser: SqlParser,
): Promise<ExpectedSchema | NothingExpected> {
  const { directory, shown } = place;
  if (live.history === undefined) {
    const hint = "`migrate upgrade`, or `migrate baseline` where it has what the files make";
    return { nothing: `no migration was ever applied to it: ${hint}` };
  }
  const [read, beside] = await Promise.all([
    readMigrationDirectory(directory, shown),
    readRepeatableFiles(place),
  ]);
  const migrations = parseMigrations(read, parser);
  const applied = appliedFiles(migrations, live.history, shown);
  const { files, others } = appliedRepeatables(parseRepeatables(beside, parser), live.history);
  const made = await replayed(expectation, live, parser, {
    label: `applying ${applied.length} migrations to a scratch database`,
    from: { files: [...applied, ...files].map(({ path, checksum }) => [path, checksum]) },
    run: (options) => replay(options, applied, files),
  });
  const head = applied.at(-1);
  return {
    ...made,
    others,
    head: head === undefined ? null : fileNameOf(head),
    pending: migrations.length - applied.length,
  };
}
