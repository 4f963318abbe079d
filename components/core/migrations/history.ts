/** A migration that the managed database has: a row of `pgstead.migration`. */
export interface AppliedMigration {
  /** As the file had it: `0007`. */
  readonly version: string;
  readonly name: string;
  /** SHA-256 of the file as it was when it ran. */
  readonly checksum: string;
  readonly transactional: boolean;
  /** `baseline`: it was taken for applied, and never ran here; `elsewhere`: Alembic ran it by other ways than ours. */
  readonly origin: "applied" | "baseline" | "elsewhere";
  /** ISO 8601, in UTC. Nobody knows it, nor by whom and the checksum, of what ran elsewhere: they are empty. */
  readonly appliedAt: string;
  /** The login (`session_user`). */
  readonly appliedBy: string;
  /** Milliseconds from its first statement to its record; null for what never ran here. */
  readonly durationMs: number | null;
}

/** A file without a transaction that stopped half-way: the row of `pgstead.migration_progress`. */
export interface UnfinishedMigration {
  readonly version: string;
  readonly name: string;
  readonly direction: "up" | "down";
  /** Digests of the statements that are done, in their order. */
  readonly done: readonly string[];
  /** Digest of the statement that was sent and of which nobody knows how it ended; null: none was. */
  readonly running: string | null;
  /** ISO 8601, in UTC. */
  readonly startedAt: string;
  readonly startedBy: string;
}

/** A repeatable file that the managed database has: a row of `pgstead.repeatable`. */
export interface RepeatableRow {
  /** Beside the directory of the migrations: `functions/total.sql`. */
  readonly path: string;
  /** SHA-256 of the text that was applied last. */
  readonly checksum: string;
  /** What it made, as `pg_identify_object` has it: `function app.total(integer)`. */
  readonly objects: readonly string[];
  /** What an earlier text of it made and this one does not. */
  readonly left: readonly string[];
  /** Those of both that are not there any more. */
  readonly missing: readonly string[];
  /** ISO 8601, in UTC. */
  readonly appliedAt: string;
  /** The login (`session_user`). */
  readonly appliedBy: string;
  readonly durationMs: number;
}

/** All that a database says of its migrations. */
export interface MigrationHistory {
  /** In the order of their numbers. */
  readonly applied: readonly AppliedMigration[];
  readonly unfinished?: UnfinishedMigration;
  /** By path; none where the tables are of an earlier layout. */
  readonly repeatables?: readonly RepeatableRow[];
}

export const emptyHistory: MigrationHistory = { applied: [] };

/** What is done to a database's migrations. */
export type TrailAction = "up" | "down" | "baseline" | "repair" | "repeat";

/** A row of `pgstead.migration_trail`, which nothing changes or deletes. */
export interface TrailEntry {
  readonly id: number;
  /** ISO 8601, in UTC. */
  readonly at: string;
  /** The login (`session_user`). */
  readonly by: string;
  readonly action: TrailAction;
  readonly outcome: "begun" | "done" | "failed" | "cancelled";
  readonly version: string;
  readonly name: string;
  readonly checksum: string;
  readonly durationMs: number | null;
  /** What failed, without what a message may quote of rows; or what a repair changed. */
  readonly note: string | null;
}

/** True for the name that a revision of Alembic has in the trail: its file. */
export function isRevision(name: string): boolean {
  return name.endsWith(".py");
}

/** The name of a migration's file; of a revision of Alembic and of a repeatable file it is the name that the history has. */
export function fileNameOf({ version, name }: { readonly version: string; readonly name: string }): string {
  return version === "" || isRevision(name) ? name : `${version}-${name}.sql`;
}
