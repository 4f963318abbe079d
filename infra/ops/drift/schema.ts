import { existsSync } from "node:fs";
import { loadSqlParser, type SqlParser } from "../../../components/core/migrations/sql-parser";
import { ProblemError } from "../../../components/core/problem";
import { compareSchemas, objectOf } from "../../../components/core/schema/compare";
import type { SchemaDifference } from "../../../components/core/schema/difference";
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
import { LoginRefusedError } from "../../../components/io/session";
import type { DatabaseConfig, StackConfig } from "../../config";
import type { CommandContext } from "../command";
import { migrationPlace } from "../migrate/directory";
import { readLive, type LiveSchema } from "../schema/live";
import { choosePlace, type ScratchArgs } from "../schema/scratch-options";
import { lookInto } from "../sessions";
import type { DriftItem } from "./drift-item";
import type { ExpectedSchema, NothingExpected } from "./expected";
import { expectFiles } from "./expected-files";
import { expectRevisions } from "./expected-revisions";

/** Schemas whose partitions come and go by maintenance. */
const maintained = ["audit"];

export interface SchemaDriftArgs extends ScratchArgs {
  readonly dir?: string;
}

/** How the schema of one database compares. */
export interface SchemaDrift {
  readonly database: string;
  /** The last migration that is applied, of an application's revisions all heads; null: none is. */
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
  const { expect, missing } = expectationOf(context, database, args);
  if (missing !== undefined) return unseen(missing, true);
  try {
    const { administrator } = await context.outputs();
    const live = await context.progress(
      `reading the schema of ${name}`,
      lookInto(administrator, name, readLive),
    );
    const parser = await loadSqlParser();
    const expected = await expect(live, parser);
    return "nothing" in expected
      ? unseen(expected.nothing, true)
      : report(context, database, live, expected, parser);
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

/** What a database is to have, by its engine; and why that cannot be known. */
function expectationOf(
  context: CommandContext,
  database: DatabaseConfig,
  args: SchemaDriftArgs,
): {
  readonly expect: (live: LiveSchema, parser: SqlParser) => Promise<ExpectedSchema | NothingExpected>;
  readonly missing?: string;
} {
  const how = { context, database, place: choosePlace(context.config, args) };
  if (database.migrations.engine === "alembic") {
    return { expect: (live, parser) => expectRevisions(how, live, parser) };
  }
  const place = migrationPlace(args.dir, database, context);
  const missing = `there is no ${place.shown} that would say what it has`;
  return {
    expect: (live, parser) => expectFiles(how, place, live, parser),
    ...(existsSync(place.directory) ? {} : { missing }),
  };
}

function report(
  { config }: CommandContext,
  database: DatabaseConfig,
  live: LiveSchema,
  { snapshot, others, ...known }: ExpectedSchema,
  parser: SqlParser,
): SchemaDrift {
  const since = performance.now();
  const { name, schemas, keepPrivileges } = database;
  const expected = withoutObjects(comparable(snapshot, database, config), others);
  const actual = withoutObjects(comparable(live.snapshot, database, config), others);
  const { differences, remarks } = compareSchemas(expected, actual);
  const cover = { schemas: schemas.map((schema) => schema.name), privileges: !keepPrivileges };
  const told = beyondAccess(differences, cover);
  return {
    database: name,
    ...known,
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
