import type { SqlParser } from "../../../components/core/migrations/sql-parser";
import type { SchemaSnapshot } from "../../../components/core/schema/snapshot";
import { cachedSchema } from "../../../components/io/schema/cache";
import type { ScratchOptions, ScratchPlace } from "../../../components/io/scratch/scratch";
import type { DatabaseConfig } from "../../config";
import type { CommandContext } from "../command";
import { untilInterrupted } from "../interrupt";
import type { LiveSchema } from "../schema/live";
import { findHome, keyOfHome, scratchOptions } from "../schema/scratch-options";

/** The schema that a database is to have. */
export interface ExpectedSchema {
  readonly snapshot: SchemaSnapshot;
  /** Whether it was known from a run before. */
  readonly cached: boolean;
  /** The last migration that is applied; null: none is. */
  readonly head: string | null;
  /** Migrations that are not applied yet. */
  readonly pending: number;
  /** Objects that nobody can compare. */
  readonly others: ReadonlySet<string>;
}

/** There is nothing that a database could be compared with, and why. */
export interface NothingExpected {
  readonly nothing: string;
}

/** What is looked at, and where a scratch database is made for it. */
export interface Expectation {
  readonly context: CommandContext;
  readonly database: DatabaseConfig;
  readonly place: ScratchPlace;
}

/** How a scratch database is brought to where the live one is to be. */
export interface Replay {
  /** What is being done. */
  readonly label: string;
  /** All that makes it, besides the declaration and the server. */
  readonly from: Readonly<Record<string, unknown>>;
  readonly run: (options: ScratchOptions) => Promise<SchemaSnapshot>;
}

/** From the cache, or from a scratch database. */
export async function replayed(
  { context, database, place }: Expectation,
  live: LiveSchema,
  parser: SqlParser,
  { label, from, run }: Replay,
): Promise<Pick<ExpectedSchema, "snapshot" | "cached">> {
  const { administrator } = await context.outputs();
  const { version } = live.snapshot;
  return untilInterrupted(context.write, async (waiting) => {
    const model = { ...live, administrator, version };
    const home = await findHome(context, database, model, place);
    const options = scratchOptions(context, database, model, { home, waiting, parser });
    const { state, owner } = options;
    return cachedSchema({ version, server: keyOfHome(home), state, owner, ...from }, () =>
      context.progress(label, run(options)),
    );
  });
}
