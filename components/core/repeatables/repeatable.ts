import type { JudgedStatement } from "../migrations/gate/judge";
import type { MigrationStatement } from "../migrations/statements";
import type { DatabaseObject, ObjectName } from "./objects";

/** The directories of repeatable files beside that of the migrations; the first one's files come first. */
export const repeatableDirectories = ["functions", "views"] as const;
export type RepeatableDirectory = (typeof repeatableDirectories)[number];

/** A file that was read. */
export interface RepeatableFile {
  readonly directory: RepeatableDirectory;
  /** What the record of it has: `functions/total.sql`. */
  readonly name: string;
  /** Where it is, as people are told: `sql/functions/total.sql`. */
  readonly path: string;
  /** Its text as it counts (`normalizeText`). */
  readonly text: string;
  /** SHA-256 of that text in UTF-8, in hexadecimal. */
  readonly checksum: string;
}

/** Both directories, as they were read. */
export interface RepeatableFiles {
  readonly files: readonly RepeatableFile[];
  /** Paths of what else is in a directory that has SQL. */
  readonly others: readonly string[];
}

/** A file whose text is applied anew whenever it changes. */
export interface Repeatable extends Omit<RepeatableFile, "text"> {
  readonly statements: readonly RepeatableStatement[];
  /** What it has to find when it runs: names of other files' objects, or of anything else. */
  readonly needs: readonly ObjectName[];
}

export interface RepeatableStatement extends MigrationStatement {
  readonly judged: JudgedStatement;
  /** What it makes. */
  readonly makes?: DatabaseObject;
  /** What it drops, so that the same file makes it anew. */
  readonly drops: readonly DatabaseObject[];
}

/** All that a file makes. */
export function madeBy({ statements }: Pick<Repeatable, "statements">): DatabaseObject[] {
  return statements.flatMap(({ makes }) => (makes === undefined ? [] : [makes]));
}

/** The title of every error about these files. */
export const unusableRepeatables = "the repeatable files are not usable";
