import type { RelationName } from "./relation";

/** Tables, indexes and foreign keys of one database, with what its statistics say of their use. */
export interface IndexCatalog {
  readonly database: string;
  readonly statistics: IndexStatistics;
  readonly tables: readonly IndexedTable[];
  readonly indexes: readonly IndexFacts[];
  readonly foreignKeys: readonly ForeignKeyFacts[];
}

/** Since when scans are counted, and who counts them. */
export interface IndexStatistics {
  /** When they were reset, or lost in a crash, or else when the server began; in ISO 8601 and UTC. */
  readonly since: string;
  readonly ageSeconds: number;
  /** True: this server is a standby, whose counters are its own. */
  readonly inRecovery: boolean;
  /** Standbys that are connected now. */
  readonly standbys: number;
}

export interface IndexedTable extends RelationName {
  readonly oid: number;
  /** `p` is a partitioned table, which has no rows itself. */
  readonly kind: "r" | "m" | "p" | "t";
  /** Of a partition: the table that it is one of. */
  readonly parent: number | null;
  /** Of the table itself, without indexes and TOAST. */
  readonly sizeBytes: number;
  /** False: neither VACUUM nor ANALYZE has counted its rows since it was made. */
  readonly analyzed: boolean;
  /** Rows that were inserted, updated other than HOT, or deleted: each of them is a write into each index. */
  readonly writes: number;
}

/** One index, as pg_index has it. */
export interface IndexFacts extends RelationName {
  readonly oid: number;
  readonly table: number;
  /** Of a partitioned table: it has no files, its parts do. */
  readonly partitioned: boolean;
  /** The index of the parent that it is a part of: such a one cannot be dropped by itself. */
  readonly parent: number | null;
  /** `btree`, `hash`, `gist`, … */
  readonly method: string;
  readonly sizeBytes: number;
  readonly scans: number;
  readonly valid: boolean;
  /** Process that builds it now. */
  readonly buildingPid: number | null;
  readonly unique: boolean;
  /** False for one of a deferrable constraint. */
  readonly immediate: boolean;
  readonly nullsNotDistinct: boolean;
  readonly replicaIdentity: boolean;
  /** The constraint that it makes possible: primary key, unique or exclusion. */
  readonly constraint: string | null;
  /** A foreign key of another table refers to what it guarantees. */
  readonly referenced: boolean;
  /** Each key column; null for an expression. */
  readonly columns: readonly (string | null)[];
  /** Each key column or expression with operator class, collation and order: equal text, equal key. */
  readonly keys: readonly string[];
  /** Names of the columns that are only carried along (`INCLUDE`), sorted. */
  readonly included: readonly string[];
  readonly predicate: string | null;
  /** What stands after the table's name in the statement that makes it: `USING btree (note) WHERE …`. */
  readonly body: string;
}

export interface ForeignKeyFacts {
  readonly name: string;
  /** The referencing table. */
  readonly table: number;
  /** The table that it refers to, for people. */
  readonly referenced: RelationName;
  /** In the order of the key. */
  readonly columns: readonly {
    readonly name: string;
    /** As PostgreSQL prints the name in an expression: in quotes only where it has to be. */
    readonly printed: string;
  }[];
}
