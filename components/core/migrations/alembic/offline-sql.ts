import type { AlembicRevision } from "./revision";

/** What a revision would send, as Alembic's offline mode has it. */
export interface OfflineSql {
  readonly statements: readonly OfflineText[];
  /** True where the revision asks whether there is a connection, or for it: then this may be not all. */
  readonly asked: boolean;
  /** Why it ended before its end. */
  readonly failure?: {
    /** Python's class of it. */
    readonly type?: string;
    readonly message: string;
    readonly line: number | null;
  };
  /** Comments of the file, and its lines without a word. */
  readonly comments: {
    readonly found: readonly PythonComment[];
    readonly blank: readonly number[];
  };
}

export interface OfflineText {
  /** One or more statements. */
  readonly sql: string;
  /** Line of the revision's file that it comes from; null: it is Alembic's own BEGIN or COMMIT. */
  readonly line: number | null;
}

export interface PythonComment {
  readonly line: number;
  /** With its `#`. */
  readonly text: string;
  /** True where nothing stands before it on its line. */
  readonly alone: boolean;
}

/** A revision with what its two directions send; of one that was not asked about it is undefined. */
export interface RevisionSql {
  readonly revision: AlembicRevision;
  readonly up?: OfflineSql;
  readonly down?: OfflineSql;
}
