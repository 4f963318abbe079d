/** What a threshold is measured in; times are in seconds, sizes in bytes, as figures of a report are. */
export type ThresholdUnit = "percent" | "seconds" | "bytes" | "count";

interface ThresholdDefinition {
  readonly unit: ThresholdUnit;
  readonly value: number;
  /** What it is compared with, for the reference of the configuration. */
  readonly description: string;
}

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;
const megabyte = 1024 ** 2;
const gigabyte = 1024 ** 3;

/** From where on something is told: one list for the commands and for the alerts, so that they never disagree. */
export const thresholdDefinitions = {
  connectionsWarning: percent(80, "Connections, of those that ordinary roles may have: warning."),
  connectionsCritical: percent(95, "Connections, of those that ordinary roles may have: critical."),
  transaction: seconds(hour, "Age of a transaction that does something."),
  idleInTransaction: seconds(10 * minute, "Age of a transaction that does nothing."),
  lockWait: seconds(minute, "Wait for a lock."),
  cacheHit: percent(90, "Reads that find their page in shared_buffers, at least."),
  rollbacks: percent(10, "Transactions that are rolled back."),
  deadlocks: count(3, "Deadlocks in ten minutes."),
  temporaryBytes: bytes(50 * megabyte, "Temporary files of a database, written in a second."),
  // Autovacuum begins to force itself at 200 million; the server refuses writes 3 million before 2^31.
  wraparoundWarning: count(1_000_000_000, "Age of the oldest transaction ID (XIDs): warning."),
  wraparoundCritical: count(1_600_000_000, "Age of the oldest transaction ID (XIDs): critical."),
  deadRows: percent(30, "Dead rows of a table that has more than 100,000 of them."),
  staleStatistics: percent(50, "Rows of a table that changed since the last ANALYZE."),
  bloatShare: percent(50, "Part of a table or an index that is empty."),
  bloatBytes: bytes(100 * megabyte, "Size of what is empty; less of it is not told of."),
  unusedIndexBytes: bytes(
    10 * megabyte,
    "Size of an index that nothing reads; smaller ones are not told of.",
  ),
  // A week has all of its days; what a month's end needs is for whoever drops the index to know.
  unusedIndexAge: seconds(
    7 * day,
    "Time for which scans have to be counted before an index is called unused.",
  ),
  replicationLag: seconds(minute, "Age of what a standby has replayed last."),
  slotBytes: bytes(10 * gigabyte, "Write-ahead log that a replication slot keeps."),
  walRatio: count(2, "Size of the write-ahead log, in units of max_wal_size."),
  diskWarning: percent(15, "Free part of a volume: warning below it."),
  diskCritical: percent(5, "Free part of a volume: critical below it."),
  memory: percent(90, "Memory of the host that is in use."),
  certificate: seconds(14 * day, "Time that a certificate is still valid."),
  credential: seconds(90 * day, "Age of a role's password."),
  // `mean_exec_time` of statements that run often.
  slowQuery: seconds(1, "Mean time of a statement."),
} as const satisfies Readonly<Record<string, ThresholdDefinition>>;

export type ThresholdName = keyof typeof thresholdDefinitions;

/** All thresholds of a stack: seconds, bytes, percent (0 to 100) or counts, as `thresholdDefinitions` says. */
export type Thresholds = Readonly<Record<ThresholdName, number>>;

export const defaultThresholds: Thresholds = Object.fromEntries(
  Object.entries(thresholdDefinitions).map(([name, { value }]) => [name, value]),
) as Record<ThresholdName, number>;

function percent(value: number, description: string) {
  return { unit: "percent", value, description } as const;
}

function seconds(value: number, description: string) {
  return { unit: "seconds", value, description } as const;
}

function bytes(value: number, description: string) {
  return { unit: "bytes", value, description } as const;
}

function count(value: number, description: string) {
  return { unit: "count", value, description } as const;
}
