/** Which of the two kinds of backups; each has drills of its own. */
export type GateKind = "logical" | "physical";

/** A backup, as far as a gate looks at it. */
export interface GateBackup {
  readonly kind: GateKind;
  readonly name: string;
  /** ISO 8601, in UTC, as all moments here: what was written later is not in it. */
  readonly takenAt: string;
  /** The last look at its checksums; null: nobody has looked. */
  readonly checkedAt: string | null;
  /** What that look found; empty: it is good. */
  readonly faults: readonly string[];
  /** Of the server that it was taken of; null: that could not be read. */
  readonly systemIdentifier: string | null;
}

/** The last drill of a kind. */
export interface GateDrill {
  readonly kind: GateKind;
  readonly backup: string;
  readonly at: string;
  /** Empty: it passed. */
  readonly faults: readonly string[];
}

/** What is known of the backups that a database is in. */
export interface GateFacts {
  /** The newest first. */
  readonly backups: readonly GateBackup[];
  readonly drills: readonly GateDrill[];
  /** Why nothing is known; absent: it is. */
  readonly unread?: string;
}
