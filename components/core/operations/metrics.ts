import type { Finding } from "../finding";
import type { Thresholds } from "../monitoring/thresholds";
import { renderDuration } from "../duration";
import { renderSize } from "../size";
import { judgeXidAge, writesEnd } from "./health-check";
import { percent } from "./relation";

/** Counters of a server at one moment; they only grow, until somebody resets them. */
export interface MetricsSnapshot {
  /** By the server's clock, in milliseconds since 1970. */
  readonly atMs: number;
  readonly inRecovery: boolean;
  readonly databases: readonly DatabaseCounters[];
  readonly checkpoints: CheckpointCounters;
  /** Of the write-ahead log, since its statistics were reset. */
  readonly walBytes: number;
  readonly standbys: readonly StandbyLag[];
  /** Of a standby: age of what it has replayed last, 0 where it has all; null on a primary. */
  readonly replayLagSeconds: number | null;
}

export interface DatabaseCounters {
  readonly name: string;
  /** Null where the login may not measure it. */
  readonly sizeBytes: number | null;
  readonly commits: number;
  readonly rollbacks: number;
  readonly blocksHit: number;
  readonly blocksRead: number;
  readonly temporaryFiles: number;
  readonly temporaryBytes: number;
  readonly deadlocks: number;
  /** Transactions since the oldest row that is not frozen. */
  readonly xidAge: number;
}

export interface CheckpointCounters {
  readonly timed: number;
  readonly requested: number;
  /** Pages that checkpoints wrote. */
  readonly buffersWritten: number;
  /** Pages that were taken into shared_buffers. */
  readonly buffersAllocated: number;
}

export interface StandbyLag {
  readonly name: string;
  readonly state: string;
  /** Null where the login may not see it. */
  readonly lagBytes: number | null;
  readonly lagSeconds: number | null;
}

/** One look at the figures that people ask for. */
export interface ServerMetrics {
  readonly at: string;
  /** What the rates were taken over. */
  readonly intervalSeconds: number;
  readonly inRecovery: boolean;
  readonly databases: readonly DatabaseMetrics[];
  readonly checkpoints: CheckpointCounters;
  readonly walBytes: number;
  readonly walBytesPerSecond: number;
  readonly standbys: readonly StandbyLag[];
  readonly replayLagSeconds: number | null;
}

export interface DatabaseMetrics {
  readonly database: string;
  readonly sizeBytes: number | null;
  /** Reads that found their page in shared_buffers, since the statistics began; null: too few to tell. */
  readonly cacheHitPercent: number | null;
  readonly transactionsPerSecond: number;
  readonly rollbacksPerSecond: number;
  /** Of the transactions in the interval; null: none ended. */
  readonly rollbackPercent: number | null;
  readonly temporaryFiles: number;
  readonly temporaryBytes: number;
  readonly temporaryBytesPerSecond: number;
  /** Since the statistics began. */
  readonly deadlocks: number;
  readonly xidAge: number;
}

/** A share of fewer reads says nothing: those of a server that has just started are all misses. */
const leastReads = 100_000;

/** Two moments make rates; a reset in between makes them 0 rather than negative. */
export function computeMetrics(first: MetricsSnapshot, second: MetricsSnapshot): ServerMetrics {
  const seconds = Math.max(0.001, (second.atMs - first.atMs) / 1000);
  const rate = (before: number, now: number): number => round(Math.max(0, now - before) / seconds);
  const earlier = new Map(first.databases.map((database) => [database.name, database]));
  return {
    at: isoOf(second.atMs),
    intervalSeconds: round(seconds),
    inRecovery: second.inRecovery,
    databases: second.databases.map((now) => {
      const before = earlier.get(now.name) ?? now;
      const rollbacks = Math.max(0, now.rollbacks - before.rollbacks);
      const ended = rollbacks + Math.max(0, now.commits - before.commits);
      const reads = now.blocksHit + now.blocksRead;
      return {
        database: now.name,
        sizeBytes: now.sizeBytes,
        cacheHitPercent: reads < leastReads ? null : percent(now.blocksHit, reads),
        transactionsPerSecond: round(ended / seconds),
        rollbacksPerSecond: round(rollbacks / seconds),
        rollbackPercent: ended === 0 ? null : percent(rollbacks, ended),
        temporaryFiles: now.temporaryFiles,
        temporaryBytes: now.temporaryBytes,
        temporaryBytesPerSecond: rate(before.temporaryBytes, now.temporaryBytes),
        deadlocks: now.deadlocks,
        xidAge: now.xidAge,
      };
    }),
    checkpoints: second.checkpoints,
    walBytes: second.walBytes,
    walBytesPerSecond: rate(first.walBytes, second.walBytes),
    standbys: second.standbys,
    replayLagSeconds: second.replayLagSeconds,
  };
}

/** Fewer transactions in the interval make no share. */
const leastTransactions = 50;

type Limits = Pick<
  Thresholds,
  "cacheHit" | "rollbacks" | "temporaryBytes" | "wraparoundWarning" | "wraparoundCritical" | "replicationLag"
>;

/** Figures that are beyond their thresholds. */
export function metricsFindings(metrics: ServerMetrics, limits: Limits): Finding[] {
  const lags = [
    ...metrics.standbys.map(({ name, lagSeconds }) => ({ subject: `standby ${name}`, lagSeconds })),
    { subject: "this standby", lagSeconds: metrics.replayLagSeconds },
  ];
  return [
    ...metrics.databases.flatMap((database) => databaseFindings(database, metrics, limits)),
    ...lags
      .filter(({ lagSeconds }) => (lagSeconds ?? 0) > limits.replicationLag)
      .map(({ subject, lagSeconds }) => ({
        subject,
        message: `has replayed what is ${renderDuration(lagSeconds ?? 0)} old`,
        hint: "is its network or disk slow, or does a query there hold it up (max_standby_streaming_delay)?",
      })),
  ];
}

function databaseFindings(
  one: DatabaseMetrics,
  { intervalSeconds }: ServerMetrics,
  limits: Limits,
): Finding[] {
  const subject = `database ${one.database}`;
  const findings: Finding[] = [];
  const add = (message: string, hint: string, severity: "warning" | "critical" = "warning"): void => {
    findings.push({ subject, message, hint, severity });
  };
  if (one.cacheHitPercent !== null && one.cacheHitPercent < limits.cacheHit) {
    add(
      `${one.cacheHitPercent}% of reads find their page in shared_buffers: less than ${limits.cacheHit}%`,
      "more shared_buffers, or indexes for what reads whole tables: `slow-queries` tells which",
    );
  }
  const ended = one.transactionsPerSecond * intervalSeconds;
  if ((one.rollbackPercent ?? 0) > limits.rollbacks && ended >= leastTransactions) {
    add(
      `${one.rollbackPercent ?? 0}% of transactions are rolled back`,
      "the server's log has the errors that end them",
    );
  }
  if (one.temporaryBytesPerSecond > limits.temporaryBytes) {
    add(
      `writes ${renderSize(one.temporaryBytesPerSecond)} of temporary files in a second`,
      "sorts and hashes do not fit work_mem: log_temp_files tells which",
    );
  }
  const age = judgeXidAge(one.xidAge, limits);
  if (age !== "ok") {
    add(
      `its oldest row that is not frozen is ${one.xidAge.toLocaleString("en")} transactions old; ${writesEnd}`,
      "`npm run ops -- vacuum --freeze`; `bloat` tells who keeps rows from being frozen",
      age,
    );
  }
  return findings;
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}

/** The clock is the server's: this only writes it down. */
function isoOf(ms: number): string {
  return new Date(ms).toISOString();
}
