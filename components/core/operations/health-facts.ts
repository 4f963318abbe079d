/** What a server says of itself, as far as its health goes: one look, nothing judged. Ages are by the server's clock. */
export interface HealthFacts {
  /** As the server names it: `17.10`. */
  readonly version: string;
  readonly uptimeSeconds: number;
  /**
   * Whether the login sees what other roles do (`pg_read_all_stats`, part of `pg_monitor`): without it no session of
   * another role is in what follows.
   */
  readonly seesSessions: boolean;
  readonly connections: ConnectionFacts;
  /** Roles and databases with a `CONNECTION LIMIT` of 1 or more. */
  readonly limits: readonly LimitFacts[];
  /** Open transactions, the oldest first, at most 10. */
  readonly transactions: readonly SessionFacts[];
  /** Sessions that are idle in a transaction, the longest first, at most 10. */
  readonly idleInTransaction: readonly SessionFacts[];
  /** Sessions that wait for a lock, the longest first, at most 10. */
  readonly lockWaits: readonly SessionFacts[];
  /** Prepared transactions (`PREPARE TRANSACTION`), the oldest first. */
  readonly prepared: readonly PreparedFacts[];
  /** Blocks that were wanted since the statistics began, and how many of them were in shared_buffers. */
  readonly cache: { readonly hits: number; readonly reads: number };
  /** Transactions that ended since the statistics began. */
  readonly ended: { readonly commits: number; readonly rollbacks: number };
  /** By database; without those that never failed. */
  readonly checksumFailures: readonly { readonly database: string; readonly count: number }[];
  /** The oldest of each over all databases. */
  readonly xidAge: AgeFacts;
  readonly multixactAge: AgeFacts;
  readonly slots: readonly SlotFacts[];
  /** Those that stream from this server. */
  readonly standbys: readonly StandbyFacts[];
  /** Null: it is no standby and not in recovery. */
  readonly recovery: RecoveryFacts | null;
  readonly archiver: ArchiverFacts;
  /** Settings whose new value waits for a restart. */
  readonly pendingRestart: readonly string[];
  /** Databases that an interrupted DROP DATABASE left: nobody can connect to them, and they take their space. */
  readonly invalidDatabases: readonly string[];
  /** The database that was asked, and others that were as well. */
  readonly inside: readonly DatabaseHealthFacts[];
  /** The volume of the data directory, where it can be told: SQL cannot. */
  readonly volume?: VolumeFacts;
}

export interface ConnectionFacts {
  /** Sessions of clients, without the one that asked. */
  readonly used: number;
  /** `max_connections`. */
  readonly max: number;
  /** `superuser_reserved_connections`. */
  readonly superuserReserved: number;
  /** `reserved_connections`, from PostgreSQL 16 on: for members of pg_use_reserved_connections. */
  readonly reserved: number;
}

export interface LimitFacts {
  readonly kind: "role" | "database";
  readonly name: string;
  readonly used: number;
  readonly limit: number;
}

export interface SessionFacts {
  readonly pid: number;
  readonly user: string;
  readonly database: string;
  readonly application: string;
  /** Of what the list is about: the transaction, the idleness, the wait. */
  readonly ageSeconds: number;
}

export interface PreparedFacts {
  readonly name: string;
  readonly owner: string;
  readonly database: string;
  readonly ageSeconds: number;
}

export interface AgeFacts {
  readonly database: string;
  readonly age: number;
}

export interface SlotFacts {
  readonly name: string;
  readonly active: boolean;
  /** `reserved`, `extended`, `unreserved` or `lost`; null: it keeps no log. */
  readonly status: string | null;
  /** Log that the server keeps because of it; null: none, or unknown. */
  readonly heldBytes: number | null;
  /** Null: it is active, or a server before 17, which does not tell. */
  readonly inactiveSeconds: number | null;
}

export interface StandbyFacts {
  readonly name: string;
  /** `streaming`, `catchup`, `startup`, `backup` or `stopping`. */
  readonly state: string;
  /** How long the last change took to be replayed there; null: it has replayed all. */
  readonly lagSeconds: number | null;
}

export interface RecoveryFacts {
  readonly paused: boolean;
  /** It has `primary_conninfo`, so it ought to stream. */
  readonly follows: boolean;
  readonly streams: boolean;
  /** Age of the last change that it replayed; 0: it has replayed all that it received; null: it replayed none yet. */
  readonly lagSeconds: number | null;
}

export interface ArchiverFacts {
  /** `archive_mode`. */
  readonly mode: string;
  /** There is an `archive_command` or an `archive_library`; null: the login may not see them. */
  readonly hasCommand: boolean | null;
  /** The file that could not be archived last and when, if none could be since. */
  readonly failure: string | null;
}

/** What only a session in the database itself sees. */
export interface DatabaseHealthFacts {
  readonly database: string;
  /** `schema.index` that is not valid and not being built, by name, at most 20. */
  readonly invalidIndexes: readonly string[];
  /** Tables with more than 100,000 dead rows, the most first, at most 10. */
  readonly deadRows: readonly { readonly table: string; readonly dead: number; readonly live: number }[];
  /** Temporary tables whose session is gone; null: a server before 16, or a standby, which do not tell. */
  readonly orphanedTables: number | null;
}

export interface VolumeFacts {
  readonly path: string;
  readonly sizeBytes: number;
  readonly freeBytes: number;
}
