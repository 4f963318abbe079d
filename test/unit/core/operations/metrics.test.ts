import { expect, test } from "vitest";
import { diskFindings, joinVolumes } from "../../../../components/core/operations/disk";
import {
  computeMetrics,
  metricsFindings,
  type DatabaseCounters,
  type MetricsSnapshot,
} from "../../../../components/core/operations/metrics";
import { defaultThresholds } from "../../../../components/core/monitoring/thresholds";

const counters = (more: Partial<DatabaseCounters> = {}): DatabaseCounters => ({
  name: "shop",
  sizeBytes: 1,
  commits: 1_000,
  rollbacks: 10,
  blocksHit: 990_000,
  blocksRead: 10_000,
  temporaryFiles: 0,
  temporaryBytes: 0,
  deadlocks: 0,
  xidAge: 5,
  ...more,
});
const snapshot = (atMs: number, more: Partial<DatabaseCounters> = {}, walBytes = 0): MetricsSnapshot => ({
  atMs,
  inRecovery: false,
  databases: [counters(more)],
  checkpoints: { timed: 1, requested: 0, buffersWritten: 0, buffersAllocated: 0 },
  walBytes,
  standbys: [],
  replayLagSeconds: null,
});

test("two moments make rates", () => {
  const metrics = computeMetrics(snapshot(0), snapshot(2_000, { commits: 1_100, rollbacks: 20 }, 4_096));
  expect(metrics).toMatchObject({
    at: "1970-01-01T00:00:02.000Z",
    intervalSeconds: 2,
    walBytesPerSecond: 2_048,
  });
  expect(metrics.databases[0]).toMatchObject({
    transactionsPerSecond: 55,
    rollbacksPerSecond: 5,
    rollbackPercent: 9.1,
    cacheHitPercent: 99,
  });
  expect(metricsFindings(metrics, defaultThresholds)).toEqual([]);
});

test("a reset between the moments is no negative rate, and few reads are no share", () => {
  const metrics = computeMetrics(
    snapshot(0),
    snapshot(1_000, { commits: 0, rollbacks: 0, blocksHit: 5, blocksRead: 95 }),
  );
  expect(metrics.databases[0]).toMatchObject({
    transactionsPerSecond: 0,
    rollbackPercent: null,
    cacheHitPercent: null,
  });
});

test.each<[string, Partial<DatabaseCounters>, string | undefined]>([
  ["cache", { blocksHit: 800_000, blocksRead: 200_000 }, "80% of reads"],
  ["rollbacks", { rollbacks: 110, commits: 1_100 }, "50% of transactions"],
  ["few rollbacks", { rollbacks: 20, commits: 1_010 }, undefined],
  ["temporary files", { temporaryBytes: 200 * 1024 ** 2 }, "200 MB of temporary files"],
  ["wraparound", { xidAge: 1_000_000_000 }, "1,000,000,000 transactions old"],
  ["no wraparound", { xidAge: 999_999_999 }, undefined],
])("finds %s", (_what, more, message) => {
  const found = metricsFindings(computeMetrics(snapshot(0), snapshot(1_000, more)), defaultThresholds);
  expect(found.map((one) => one.message).join()).toContain(message ?? "");
  expect(found).toHaveLength(message === undefined ? 0 : 1);
});

test("wraparound is critical in time, and a standby that lags is told", () => {
  const late = { ...snapshot(1_000, { xidAge: 1_600_000_000 }), replayLagSeconds: 100 };
  const found = metricsFindings(computeMetrics(snapshot(0), late), defaultThresholds);
  expect(found.map(({ severity }) => severity)).toEqual(["critical", undefined]);
  expect(found[1]?.message).toContain("1 min 40 s old");
});

const place = (holds: string, device: string, freeBytes: number) => ({
  ...{ holds, path: `/${holds}`, device, sizeBytes: 1_000, freeBytes },
});

test("what is on one device is one volume, and a low one is told by its thresholds", () => {
  const volumes = joinVolumes([
    place("data", "a", 149),
    place("log", "a", 149),
    place("tablespace x", "b", 49),
  ]);
  expect(volumes.map(({ holds, freePercent }) => [holds, freePercent])).toEqual([
    [["data", "log"], 14.9],
    [["tablespace x"], 4.9],
  ]);
  const found = diskFindings(volumes, { wal: null }, defaultThresholds);
  expect(found.map(({ severity }) => severity)).toEqual(["warning", "critical"]);
  expect(diskFindings(joinVolumes([place("data", "a", 150)]), { wal: null }, defaultThresholds)).toEqual([]);
});

test("a write-ahead log is told beyond twice max_wal_size and what is to be kept", () => {
  const wal = (sizeBytes: number) => ({ files: 1, sizeBytes, maxWalBytes: 100, keepBytes: 50 });
  expect(diskFindings([], { wal: wal(250) }, defaultThresholds)).toEqual([]);
  expect(diskFindings([], { wal: wal(251) }, defaultThresholds)).toHaveLength(1);
});
