import type { MeasuredColumn } from "./bloat-estimate";
import type { RelationName } from "./relation";

/** What is known of the bloat of one database. */
export interface BloatCatalog {
  readonly database: string;
  /** Server's time of the read: ISO 8601 in UTC. */
  readonly at: string;
  readonly blockBytes: number;
  readonly autovacuum: AutovacuumSettings;
  /** Of at least the size that was asked for. */
  readonly tables: readonly BloatTable[];
  readonly indexes: readonly BloatIndex[];
  readonly holders: readonly XminHolder[];
}

/** The server's own settings. */
export interface AutovacuumSettings {
  /** `autovacuum` and `track_counts` are on. */
  readonly on: boolean;
  readonly threshold: number;
  readonly scaleFactor: number;
  /** `autovacuum_vacuum_max_threshold` (18); null: there is none. */
  readonly maxThreshold: number | null;
  readonly workers: number;
  readonly workersAtWork: number;
}

export interface BloatTable extends RelationName {
  readonly oid: number;
  readonly sizeBytes: number;
  /** −1: neither VACUUM nor ANALYZE has counted them. */
  readonly rows: number;
  readonly fillfactor: number;
  readonly columns: readonly MeasuredColumn[];
  readonly deadRows: number;
  readonly liveRows: number;
  /** ISO 8601 in UTC; null: never since the statistics began. */
  readonly lastVacuum: string | null;
  readonly lastAutovacuum: string | null;
  readonly lastAnalyze: string | null;
  readonly lastAutoanalyze: string | null;
  /** Settings of the table; null: the server's. */
  readonly autovacuumEnabled: boolean | null;
  readonly vacuumThreshold: number | null;
  readonly vacuumScaleFactor: number | null;
  readonly vacuumMaxThreshold: number | null;
}

export interface BloatIndex extends RelationName {
  readonly oid: number;
  readonly table: string;
  readonly sizeBytes: number;
  readonly rows: number;
  readonly fillfactor: number;
  readonly columns: readonly MeasuredColumn[];
  /** False for one that backs an exclusion constraint: CONCURRENTLY does not do those. */
  readonly concurrently: boolean;
  readonly valid: boolean;
}

/** Who keeps rows from being removed that nobody else can see any more. */
export interface XminHolder {
  readonly kind: "transaction" | "prepared transaction" | "replication slot" | "standby";
  /** The process, the name of the slot or of the prepared transaction. */
  readonly name: string;
  /** User and application; empty for a slot. */
  readonly who: string;
  /** Transactions that have begun since. */
  readonly ageTransactions: number;
  /** Seconds since the transaction began; null for a slot. */
  readonly ageSeconds: number | null;
}

/** What was measured rather than estimated. */
export interface ExactMeasure {
  readonly oid: number;
  readonly freeBytes: number;
}
