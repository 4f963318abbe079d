import { setImmediate } from "node:timers/promises";
import { judgeMigrations } from "../../core/migrations/gate/judge";
import type { JudgedFiles } from "../../core/migrations/judged-files";
import { parseMigrations, type MigrationDirectory } from "../../core/migrations/migration-set";
import { loadSqlParser } from "../../core/migrations/sql-parser";
import { parseRepeatables } from "../../core/repeatables/parse-repeatables";
import type { RepeatableFiles } from "../../core/repeatables/repeatable";
import { readMigrationDirectory, readRepeatableFiles, type MigrationPlace } from "../migration-files";
import { digestOf } from "./digest";

/**
 * Reads and judges the migrations of a directory, and the repeatable files beside it.
 *
 * @throws ProblemError where they are not usable
 */
export async function readJudged(place: MigrationPlace): Promise<JudgedFiles> {
  const { directory, shown } = place;
  return judgeFiles(
    ...(await Promise.all([readMigrationDirectory(directory, shown), readRepeatableFiles(place)])),
  );
}

/**
 * Judges files that were read.
 *
 * @throws ProblemError where they are not usable
 */
export async function judgeFiles(read: MigrationDirectory, beside: RepeatableFiles): Promise<JudgedFiles> {
  const parser = await loadSqlParser();
  const migrations = parseMigrations(read, parser);
  const repeatables = parseRepeatables(beside, parser);
  await setImmediate(); // whoever waits is told so between two long computations
  const judged = judgeMigrations(migrations, parser);
  return { directory: read.path, judged, repeatables, parser, digest: digestOf };
}
