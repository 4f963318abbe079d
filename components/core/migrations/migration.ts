import type { MigrationName } from "./file-name";
import type { Header } from "./header";
import type { MigrationStatement } from "./statements";

/** A file of the directory of migrations, as it was read. */
export interface MigrationFile {
  /** Name within the directory. */
  readonly name: string;
  /** Where it is, as people are told: `sql/migrations/0001-orders.sql`. */
  readonly path: string;
  /** Its text as it counts (`normalizeText`). */
  readonly text: string;
  /** SHA-256 of that text in UTF-8, in hexadecimal. */
  readonly checksum: string;
}

/** A migration that is well-formed: what it costs, and whether it may run, is the gate's to say. */
export interface Migration extends MigrationName, Header {
  /** Where it is, as people are told: `sql/migrations/0001-orders.sql`. */
  readonly path: string;
  readonly checksum: string;
  /** Lines of the file's up part, its marker included. */
  readonly upLines: LineRange;
  readonly up: readonly MigrationStatement[];
  /** Empty where it is irreversible. */
  readonly down: readonly MigrationStatement[];
}

/** First and last line, both counted from 1 and included. */
export interface LineRange {
  readonly first: number;
  readonly last: number;
}

/** The title of every error about files. */
export const unusable = "the migrations are not usable";
