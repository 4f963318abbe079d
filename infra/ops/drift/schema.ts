import { existsSync } from "node:fs";
import { fileNameOf } from "../../../components/core/migrations/history";
import type { Migration } from "../../../components/core/migrations/migration";
import { parseMigrations } from "../../../components/core/migrations/migration-set";
import { loadSqlParser, type SqlParser } from "../../../components/core/migrations/sql-parser";
import { ProblemError } from "../../../components/core/problem";
import { parseRepeatables } from "../../../components/core/repeatables/parse-repeatables";
import { compareSchemas, objectOf, type SchemaDifference } from "../../../components/core/schema/compare";
import { beyondAccess } from "../../../components/core/schema/covered";
import { describeDifference, subjectOf } from "../../../components/core/schema/describe";
import {
  withoutIgnored,
  withoutMaintained,
  withoutObjects,
  withoutTrail,
} from "../../../components/core/schema/ignore";
import { mendSchema } from "../../../components/core/schema/mend";
import { classOfStatement } from "../../../components/core/schema/mend-class";
import { keyOf, type SchemaSnapshot } from "../../../components/core/schema/snapshot";
import { readMigrationDirectory, readRepeatableFiles } from "../../../components/io/migration-files";
import { cachedSchema } from "../../../components/io/schema/cache";
import { replay } from "../../../components/io/scratch/replay";
import { LoginRefusedError } from "../../../components/io/session";
import type { DatabaseConfig, StackConfig } from "../../config";
import type { CommandContext } from "../command";
import { migrationPlace } from "../migrate/directory";
import { readLive, type LiveSchema } from "../schema/live";
import {
  choosePlace,
  findHome,
  keyOfHome,
  scratchOptions,
  type ScratchArgs,
} from "../schema/scratch-options";
import { untilInterrupted } from "../schema/interrupt";
import { lookInto } from "../sessions";
import { appliedFiles, appliedRepeatables, type AppliedRepeatables } from "./applied-files";
import type { DriftItem } from "./drift-item";

/** Schemas whose partitions come and go by maintenance. */
const maintained = ["audit"];

export interface SchemaDriftArgs extends ScratchArgs {
  readonly dir?: string;
}

/** How the schema of one database compares. */
export interface SchemaDrift {
  readonly database: string;
  /** The last migration that is applied; null: none is. */
  readonly head: string | null;
  /** Files that are not applied yet: what they make is not missed. */
  readonly pending: number;
  /** Whether the expected schema was known from a run before. */
  readonly cached: boolean;
  /** Milliseconds for reading the live schema, and for the comparison. */
  readonly readMs: number;
  readonly compareMs: number;
  readonly drift: readonly DriftItem[];
  readonly remarks: readonly { readonly subject: string; readonly message: string }[];
}

/** A database whose schema was not compared, and whether that is as it should be. */
export interface SchemaUnseen {
  readonly database: string;
  readonly reason: string;
  /** True where there is nothing to compare with. */
  readonly isFine: boolean;
}

/**
 * Compares what the applied migrations give on a scratch database with what the live one has: every kind of object, but
 * for what `Access` tells already.
 */
export async function compareSchema(
  context: CommandContext,
  database: DatabaseConfig,
  args: SchemaDriftArgs,
): Promise<SchemaDrift | SchemaUnseen> {
  const { name } = database;
  const unseen = (reason: string, isFine: boolean): SchemaUnseen => ({ database: name, reason, isFine });
  if (database.migrations.engine === "alembic") {
    return unseen("its schema is its application's: `migrate check` compares it with the models", true);
  }
  const place = migrationPlace(args.dir, database, context);
  const { directory, shown } = place;
  if (!existsSync(directory)) return unseen(`there is no ${shown} that would say what it has`, true);
  try {
    const { administrator } = await context.outputs();
    const live = await context.progress(
      `reading the schema of ${name}`,
      lookInto(administrator, name, readLive),
    );
    if (live.history === undefined) {
      const hint = "`migrate upgrade`, or `migrate baseline` where it has what the files make";
      return unseen(`no migration was ever applied to it: ${hint}`, true);
    }
    const parser = await loadSqlParser();
    const [read, beside] = await Promise.all([
      readMigrationDirectory(directory, shown),
      readRepeatableFiles(place),
    ]);
    const migrations = parseMigrations(read, parser);
    const applied = appliedFiles(migrations, live.history, shown);
    const repeated = appliedRepeatables(parseRepeatables(beside, parser), live.history);
    const expected = await expectedSchema(context, database, { live, applied, repeated, args, parser });
    return report(context, database, { live, applied, repeated, migrations, parser, ...expected });
  } catch (error) {
    if (error instanceof ProblemError) return unseen(wordsOf(error), false);
    if (error instanceof LoginRefusedError) return unseen(error.message, false);
    throw error;
  }
}

export function wordsOf({ problems }: ProblemError): string {
  return problems
    .map(({ path, message, hint }) => `${path === "" ? "" : `${path}: `}${message}; ${hint}`)
    .join("; ");
}

interface Compared {
  readonly live: LiveSchema;
  readonly applied: readonly Migration[];
  readonly repeated: AppliedRepeatables;
  readonly parser: SqlParser;
}

/** From the cache, or from a scratch database. */
async function expectedSchema(
  context: CommandContext,
  database: DatabaseConfig,
  { live, applied, repeated, args, parser }: Compared & { readonly args: SchemaDriftArgs },
): Promise<{ readonly snapshot: SchemaSnapshot; readonly cached: boolean }> {
  const { administrator } = await context.outputs();
  return untilInterrupted(context.write, async (waiting) => {
    const { version } = live.snapshot;
    const model = { ...live, administrator, version };
    const home = await findHome(context, database, model, choosePlace(context.config, args));
    const options = scratchOptions(context, database, model, { home, waiting, parser });
    const from = {
      version,
      server: keyOfHome(home),
      state: options.state,
      owner: options.owner,
      files: [...applied, ...repeated.files].map(({ path, checksum }) => [path, checksum]),
    };
    return cachedSchema(from, () =>
      context.progress(
        `applying ${applied.length} migrations to a scratch database`,
        replay(options, applied, repeated.files),
      ),
    );
  });
}

function report(
  { config }: CommandContext,
  database: DatabaseConfig,
  {
    live,
    applied,
    repeated,
    migrations,
    parser,
    snapshot,
    cached,
  }: Compared & {
    readonly migrations: readonly Migration[];
    readonly snapshot: SchemaSnapshot;
    readonly cached: boolean;
  },
): SchemaDrift {
  const since = performance.now();
  const { name, schemas, keepPrivileges } = database;
  const expected = withoutObjects(comparable(snapshot, database, config), repeated.others);
  const actual = withoutObjects(comparable(live.snapshot, database, config), repeated.others);
  const { differences, remarks } = compareSchemas(expected, actual);
  const cover = { schemas: schemas.map((schema) => schema.name), privileges: !keepPrivileges };
  const told = beyondAccess(differences, cover);
  const head = applied.at(-1);
  return {
    database: name,
    head: head === undefined ? null : fileNameOf(head),
    pending: migrations.length - applied.length,
    cached,
    readMs: live.readMs,
    compareMs: Math.round(performance.now() - since),
    drift: toItems(name, told, expected, parser),
    remarks,
  };
}

/** A schema without what nobody is told of. */
export function comparable(
  snapshot: SchemaSnapshot,
  { audit }: DatabaseConfig,
  { drift }: StackConfig,
): SchemaSnapshot {
  const shown = withoutTrail(withoutMaintained(snapshot, maintained), audit !== undefined);
  return withoutIgnored(shown, drift.ignore);
}

function toItems(
  database: string,
  differences: readonly SchemaDifference[],
  expected: SchemaSnapshot,
  parser: SqlParser,
): DriftItem[] {
  const statements = mendSchema({ differences }, expected).map((one, place) => ({ ...one, place }));
  return differences.map((difference) => {
    const object = objectOf(difference);
    const mend = statements
      .filter(({ subject }) => subject === keyOf(object))
      .map(({ sql, place }) => ({ sql, class: classOfStatement(sql, parser), place }));
    return {
      kind: object.kind,
      resource: `Schema ${database}`,
      subject: subjectOf(difference),
      message: describeDifference(difference),
      ...(mend.length === 0 ? {} : { mend }),
    };
  });
}
