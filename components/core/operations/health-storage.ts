import { renderDuration } from "../duration";
import { renderSize } from "../size";
import { counted } from "../counted";
import {
  above,
  check,
  firstOf,
  judgeXidAge,
  percentOf,
  writesEnd,
  type HealthCheck,
  type HealthThresholds,
} from "./health-check";
import type { HealthFacts } from "./health-facts";

/** What is on the disk and in the caches: what grows until it stops the server, and what is broken. */
export function judgeStorage(facts: HealthFacts, thresholds: HealthThresholds): HealthCheck[] {
  return [
    judgeCache(facts, thresholds),
    judgeRollbacks(facts, thresholds),
    judgeAge("wraparound", "transaction ID", facts.xidAge, thresholds),
    judgeAge("multixact_wraparound", "multixact ID", facts.multixactAge, thresholds),
    judgePrepared(facts, thresholds),
    judgeDeadRows(facts, thresholds),
    judgeIndexes(facts),
    judgeOrphans(facts),
    judgeChecksums(facts),
    judgePending(facts),
    ...judgeVolume(facts, thresholds),
  ];
}

/** Blocks from which on the hit ratio means something: a server that just began reads everything once. 781 MB. */
const leastBlocks = 100_000;

function judgeCache({ cache }: HealthFacts, { cacheHit }: HealthThresholds): HealthCheck {
  const blocks = cache.hits + cache.reads;
  if (blocks < leastBlocks) {
    const message = `${blocks} blocks were read so far: too few to judge`;
    return check("cache_hit_ratio", { status: "ok", value: null, unit: "%", message });
  }
  const value = percentOf(cache.hits, blocks);
  return check("cache_hit_ratio", {
    status: value < cacheHit ? "warning" : "ok",
    value,
    unit: "%",
    message: `${value}% of the blocks that were wanted were in shared_buffers, since the statistics began`,
    hint: "`slow-queries` shows what reads so much; then an index, or more shared_buffers",
  });
}

/** A handful of transactions has no share. */
const leastTransactions = 1_000;

function judgeRollbacks({ ended }: HealthFacts, { rollbacks }: HealthThresholds): HealthCheck {
  const transactions = ended.commits + ended.rollbacks;
  if (transactions < leastTransactions) {
    const message = `${transactions} transactions ended so far: too few to judge`;
    return check("rollback_ratio", { status: "ok", value: null, unit: "%", message });
  }
  const value = percentOf(ended.rollbacks, transactions);
  return check("rollback_ratio", {
    status: above(value, rollbacks),
    value,
    unit: "%",
    warning: rollbacks,
    message: `${value}% of the transactions were rolled back, since the statistics began`,
    hint: "the server's log has their errors",
  });
}

function judgeAge(
  name: string,
  what: string,
  { database, age }: HealthFacts["xidAge"],
  thresholds: HealthThresholds,
): HealthCheck {
  return check(name, {
    status: judgeXidAge(age, thresholds),
    value: age,
    warning: thresholds.wraparoundWarning,
    critical: thresholds.wraparoundCritical,
    message: `the oldest ${what} is ${age.toLocaleString("en")} old, in database ${database}; ${writesEnd}`,
    hint: `end what holds it back (old transactions, prepared ones, slots), then VACUUM (FREEZE) in database ${database}`,
  });
}

/** One that nobody ends keeps its locks and dead rows over restarts. */
function judgePrepared({ prepared }: HealthFacts, { transaction }: HealthThresholds): HealthCheck {
  const [oldest] = prepared;
  const figures = { value: oldest?.ageSeconds ?? 0, unit: "s", warning: transaction } as const;
  if (oldest === undefined) {
    return check("prepared_transactions", { status: "ok", ...figures, message: "none is prepared" });
  }
  const { name, owner, database, ageSeconds } = oldest;
  const age = renderDuration(ageSeconds);
  return check("prepared_transactions", {
    status: above(ageSeconds, transaction),
    ...figures,
    message: `${counted(prepared.length, "prepared transaction")}; the oldest, of ${owner} on ${database}, for ${age}: ${name}`,
    hint: "its application ends it, or its owner in that database: ROLLBACK PREPARED '…'",
  });
}

function judgeDeadRows({ inside }: HealthFacts, { deadRows }: HealthThresholds): HealthCheck {
  const tables = inside
    .flatMap(({ database, deadRows: rows }) =>
      rows.map(({ table, dead, live }) => ({
        name: `${database}.${table}`,
        share: percentOf(dead, dead + live),
      })),
    )
    .toSorted((a, b) => b.share - a.share);
  const over = tables.filter(({ share }) => share >= deadRows);
  const names = over.map(({ name, share }) => `${name} (${share}%)`);
  return check("dead_rows", {
    status: over.length > 0 ? "warning" : "ok",
    value: tables[0]?.share ?? 0,
    unit: "%",
    warning: deadRows,
    message:
      over.length === 0
        ? "no table has many dead rows"
        : `${counted(over.length, "table")} with many dead rows: ${firstOf(names)}`,
    hint: "`vacuum` cleans them; what holds them back is in `long_transactions` and the slots",
  });
}

function judgeIndexes({ inside }: HealthFacts): HealthCheck {
  const names = inside.flatMap(({ database, invalidIndexes }) =>
    invalidIndexes.map((name) => `${database}.${name}`),
  );
  return check("invalid_indexes", {
    status: names.length > 0 ? "warning" : "ok",
    value: names.length,
    message:
      names.length === 0
        ? "none"
        : `${counted(names.length, "index is", "indexes are")} not valid: ${firstOf(names)}`,
    hint: "no query uses it and each write keeps it up: REINDEX INDEX CONCURRENTLY, or drop it; `indexes` has the statements",
  });
}

function judgeOrphans({ inside, invalidDatabases }: HealthFacts): HealthCheck {
  const tables = inside.filter(({ orphanedTables }) => (orphanedTables ?? 0) > 0);
  const parts = [
    ...tables.map(
      ({ database, orphanedTables }) =>
        `${counted(orphanedTables ?? 0, "temporary table")} without a session in ${database}`,
    ),
    ...invalidDatabases.map((name) => `database ${name} of an interrupted DROP DATABASE`),
  ];
  const value = tables.reduce(
    (sum, { orphanedTables }) => sum + (orphanedTables ?? 0),
    invalidDatabases.length,
  );
  return check("orphans", {
    status: value > 0 ? "warning" : "ok",
    value,
    message: value === 0 ? "none" : firstOf(parts),
    hint: "autovacuum drops temporary tables in time; DROP DATABASE ends what was interrupted",
  });
}

function judgeChecksums({ checksumFailures }: HealthFacts): HealthCheck {
  const value = checksumFailures.reduce((sum, { count }) => sum + count, 0);
  const where = checksumFailures.map(({ database, count }) => `${count} in ${database}`);
  return check("checksum_failures", {
    status: value > 0 ? "critical" : "ok",
    value,
    critical: 1,
    message: value === 0 ? "none" : `pages on disk are damaged: ${firstOf(where)}`,
    hint: "keep the backups that you have (no retention now), look at the disk, then restore; the server's log names the files",
  });
}

function judgePending({ pendingRestart }: HealthFacts): HealthCheck {
  return check("pending_restart", {
    status: pendingRestart.length > 0 ? "warning" : "ok",
    value: pendingRestart.length,
    message:
      pendingRestart.length === 0
        ? "no setting waits for a restart"
        : `${counted(pendingRestart.length, "setting waits", "settings wait")} for a restart: ${firstOf(pendingRestart, 5)}`,
    hint: "`up` with `pgstead:server.restart: allow`, or restart the server at a quiet time",
  });
}

/** Below a share it is a warning: Nagios writes such a range as `15:`, so it has no upper bounds. */
function judgeVolume(
  { volume }: HealthFacts,
  { diskWarning, diskCritical }: HealthThresholds,
): HealthCheck[] {
  if (volume === undefined) return [];
  const value = percentOf(volume.freeBytes, volume.sizeBytes);
  const full = value < diskCritical ? "critical" : "warning";
  return [
    check("data_volume", {
      status: value < diskWarning ? full : "ok",
      value,
      unit: "%",
      message: `${renderSize(volume.freeBytes)} of ${renderSize(volume.sizeBytes)} are free at ${volume.path} (${value}%)`,
      hint: "`disk` shows what takes the space; a full volume stops the server",
    }),
  ];
}
