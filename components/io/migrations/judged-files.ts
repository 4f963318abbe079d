import { setImmediate } from "node:timers/promises";
import { judgeMigrations } from "../../core/migrations/gate/judge";
import type { JudgedFiles } from "../../core/migrations/judged-files";
import { parseMigrations, type MigrationDirectory } from "../../core/migrations/migration-set";
import { loadSqlParser } from "../../core/migrations/sql-parser";
import { readMigrationDirectory, type MigrationPlace } from "../migration-files";
import { digestOf } from "./digest";

/**
 * Reads and judges the migrations of a directory.
 *
 * @throws ProblemError where they are not usable
 */
export async function readJudged({ directory, shown }: MigrationPlace): Promise<JudgedFiles> {
  return judgeFiles(await readMigrationDirectory(directory, shown));
}

/**
 * Judges migrations that were read.
 *
 * @throws ProblemError where they are not usable
 */
export async function judgeFiles(read: MigrationDirectory): Promise<JudgedFiles> {
  const parser = await loadSqlParser();
  const migrations = parseMigrations(read, parser);
  await setImmediate(); // whoever waits is told so between two long computations
  return { directory: read.path, judged: judgeMigrations(migrations, parser), parser, digest: digestOf };
}
