import type { RelationName } from "./relation";

export type MaintenanceAction = "vacuum" | "analyze" | "reindex";

/** What of a database can be vacuumed, analyzed and indexed anew. */
export interface MaintenanceCatalog {
  readonly database: string;
  /** True: this server is a standby, which changes nothing itself. */
  readonly inRecovery: boolean;
  /** True: the login owns this database, whose owner may VACUUM and ANALYZE every table that it reaches, whoever's it is. */
  readonly ownsDatabase: boolean;
  /** False: indexes of TOAST are none of the login's, whoever owns their tables, and not among `indexes`. */
  readonly entersToast?: boolean;
  readonly tables: readonly MaintainableTable[];
  readonly indexes: readonly MaintainableIndex[];
}

export interface MaintainableTable extends RelationName {
  readonly oid: number;
  /** `p` is a partitioned table, which has no rows itself. */
  readonly kind: "r" | "m" | "p";
  readonly parent: number | null;
  /** With TOAST, without indexes. */
  readonly sizeBytes: number;
  readonly indexBytes: number;
  readonly owner: string;
  /** The login has USAGE on its schema. */
  readonly reached: boolean;
  /** As whom the login may do it: as it is, as the table's owner (`SET ROLE`), or not at all. */
  readonly access: "self" | "owner" | "none";
}

export interface MaintainableIndex extends RelationName {
  readonly oid: number;
  /** The table; of an index of TOAST the one whose values are in it. */
  readonly table: number;
  /** Of a partitioned table: it has no files. */
  readonly partitioned: boolean;
  readonly parent: number | null;
  readonly sizeBytes: number;
  readonly valid: boolean;
  readonly buildingPid: number | null;
  /** It makes an exclusion constraint possible, which CONCURRENTLY does not do. */
  readonly exclusion: boolean;
}
