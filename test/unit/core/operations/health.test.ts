import { describe, expect, test } from "vitest";
import { resolveDashboards } from "../../../../components/core/monitoring/dashboards";
import { defaultThresholds } from "../../../../components/core/monitoring/thresholds";
import { judgeHealth } from "../../../../components/core/operations/health";
import type { HealthFacts, SessionFacts } from "../../../../components/core/operations/health-facts";

const well: HealthFacts = {
  version: "17.6",
  uptimeSeconds: 3600,
  seesSessions: true,
  connections: { used: 10, max: 100, superuserReserved: 3, reserved: 3 },
  limits: [],
  transactions: [],
  idleInTransaction: [],
  lockWaits: [],
  prepared: [],
  cache: { hits: 990_000, reads: 10_000 },
  ended: { commits: 100_000, rollbacks: 10 },
  checksumFailures: [],
  xidAge: { database: "shop", age: 100 },
  multixactAge: { database: "shop", age: 0 },
  slots: [],
  standbys: [],
  recovery: null,
  archiver: { mode: "on", hasCommand: true, failure: null },
  pendingRestart: [],
  invalidDatabases: [],
  inside: [{ database: "shop", invalidIndexes: [], deadRows: [], orphanedTables: 0 }],
  volume: { path: "/data", sizeBytes: 1000, freeBytes: 500 },
};

/** What is told of a server that differs from a good one so. */
function told(change: Partial<HealthFacts>): Record<string, string> {
  const checks = judgeHealth({ ...well, ...change }, defaultThresholds);
  return Object.fromEntries(
    checks.filter(({ status }) => status !== "ok").map(({ name, status }) => [name, status]),
  );
}

function messageOf(change: Partial<HealthFacts>, name: string): string {
  return (
    judgeHealth({ ...well, ...change }, defaultThresholds).find((check) => check.name === name)?.message ?? ""
  );
}

const session = (ageSeconds: number, pid = 7): SessionFacts => ({
  pid,
  user: "app",
  database: "shop",
  application: "worker",
  ageSeconds,
});
const slot = { name: "s", active: true, status: "reserved", heldBytes: 0, inactiveSeconds: null };
const recovery = { paused: false, follows: true, streams: true, lagSeconds: 0 };

describe("a server's health", () => {
  test("has every check that a panel of the dashboards names", () => {
    const checks = [well, { ...well, recovery }].flatMap((facts) => judgeHealth(facts, defaultThresholds));
    const known = [...checks.map(({ name }) => name), "drift", "{{legend}}"];
    const named = resolveDashboards(defaultThresholds).flatMap(({ panels }) =>
      panels.flatMap(({ check }) => check ?? []),
    );
    expect(named).toContain("connections");
    expect(named.filter((name) => !known.includes(name))).toEqual([]);
  });

  test("counts who has a reserved connection as nothing that ordinary roles may have", () => {
    const connections = { ...well.connections, used: 99 };
    const [check] = judgeHealth({ ...well, connections }, defaultThresholds);
    expect(check).toMatchObject({ name: "connections", status: "critical", value: 100 });
    expect(check?.message).toBe(
      "94 of 94 connections of ordinary roles are in use, and 5 of the 6 that are reserved; of max_connections 100, 6 are reserved",
    );
  });

  test("is good where nothing is to be told, and every check that is not has a hint", () => {
    expect(told({})).toEqual({});
    const bad = judgeHealth({ ...well, seesSessions: false, pendingRestart: ["a"] }, defaultThresholds);
    expect(bad.filter(({ status, hint }) => (status === "ok") !== (hint === ""))).toEqual([]);
  });

  test.each<[string, Partial<HealthFacts>, Record<string, string>]>([
    ["79% of ordinary connections", { connections: { ...well.connections, used: 74 } }, {}],
    ["80% of them", { connections: { ...well.connections, used: 76 } }, { connections: "warning" }],
    [
      "all of them, with the reserved ones free",
      { connections: { ...well.connections, used: 94 } },
      { connections: "critical" },
    ],
    [
      "a role at its limit",
      { limits: [{ kind: "role", name: "r", used: 5, limit: 5 }] },
      { connection_limits: "critical" },
    ],
    ["a transaction of an hour", { transactions: [session(3600)] }, { long_transactions: "warning" }],
    ["a transaction of less", { transactions: [session(3599)] }, {}],
    [
      "one that idles in it, told once",
      { transactions: [session(9999)], idleInTransaction: [session(700)] },
      { idle_in_transaction: "warning" },
    ],
    ["a wait for a lock", { lockWaits: [session(60)] }, { lock_waits: "warning" }],
    ["few reads that all miss", { cache: { hits: 0, reads: 99_999 } }, {}],
    ["many reads that miss", { cache: { hits: 89_000, reads: 11_000 } }, { cache_hit_ratio: "warning" }],
    ["few transactions that all fail", { ended: { commits: 0, rollbacks: 999 } }, {}],
    ["many that fail", { ended: { commits: 900, rollbacks: 100 } }, { rollback_ratio: "warning" }],
    ["old transaction IDs", { xidAge: { database: "d", age: 1_000_000_000 } }, { wraparound: "warning" }],
    ["very old ones", { xidAge: { database: "d", age: 1_600_000_000 } }, { wraparound: "critical" }],
    [
      "very old multixacts",
      { multixactAge: { database: "d", age: 1_700_000_000 } },
      { multixact_wraparound: "critical" },
    ],
    ["a slot that is inactive for a moment", { slots: [{ ...slot, active: false, inactiveSeconds: 5 }] }, {}],
    [
      "for longer",
      { slots: [{ ...slot, active: false, inactiveSeconds: 61 }] },
      { replication_slots: "warning" },
    ],
    [
      "on a server that does not tell since when",
      { slots: [{ ...slot, active: false }] },
      { replication_slots: "warning" },
    ],
    [
      "a slot that keeps much",
      { slots: [{ ...slot, heldBytes: 11 * 1024 ** 3 }] },
      { replication_slots: "warning" },
    ],
    [
      "a lost slot",
      { slots: [{ ...slot, status: "lost", heldBytes: null }] },
      { replication_slots: "critical" },
    ],
    [
      "a standby that lags",
      { standbys: [{ name: "b", state: "streaming", lagSeconds: 61 }] },
      { replication: "warning" },
    ],
    ["a standby itself", { recovery }, {}],
    ["one that is paused", { recovery: { ...recovery, paused: true } }, { replication: "warning" }],
    ["one without its primary", { recovery: { ...recovery, streams: false } }, { replication: "warning" }],
    ["one that lags", { recovery: { ...recovery, lagSeconds: 100 } }, { replication: "warning" }],
    [
      "an archive that is replayed, however old",
      { recovery: { ...recovery, follows: false, streams: false, lagSeconds: 1e6 } },
      {},
    ],
    [
      "archiving that fails",
      { archiver: { mode: "on", hasCommand: true, failure: "f" } },
      { archiver: "critical" },
    ],
    [
      "nothing that archives",
      { archiver: { mode: "on", hasCommand: false, failure: null } },
      { archiver: "critical" },
    ],
    ["a login that may not see that", { archiver: { mode: "on", hasCommand: null, failure: null } }, {}],
    ["no archiving", { archiver: { mode: "off", hasCommand: false, failure: "f" } }, {}],
    [
      "a failure of before the standby",
      { recovery, archiver: { mode: "on", hasCommand: true, failure: "f" } },
      {},
    ],
    ["damaged pages", { checksumFailures: [{ database: "d", count: 1 }] }, { checksum_failures: "critical" }],
    ["a half dropped database", { invalidDatabases: ["d"] }, { orphans: "warning" }],
    [
      "a volume that fills",
      { volume: { path: "/", sizeBytes: 100, freeBytes: 14 } },
      { data_volume: "warning" },
    ],
    ["a full one", { volume: { path: "/", sizeBytes: 100, freeBytes: 4 } }, { data_volume: "critical" }],
    [
      "dead rows",
      {
        inside: [
          {
            database: "d",
            invalidIndexes: [],
            deadRows: [{ table: "t", dead: 4e5, live: 6e5 }],
            orphanedTables: null,
          },
        ],
      },
      { dead_rows: "warning" },
    ],
    [
      "an old prepared transaction",
      { prepared: [{ name: "x", owner: "o", database: "d", ageSeconds: 3600 }] },
      { prepared_transactions: "warning" },
    ],
  ])("tells of %s", (_what, change, expected) => {
    expect(told(change)).toEqual(expected);
  });

  test("says that there may be more where a list is full, and names three of many", () => {
    const idle = Array.from({ length: 10 }, (_, pid) => session(700 - pid, pid));
    expect(messageOf({ idleInTransaction: idle }, "idle_in_transaction")).toMatch(/^at least 10 sessions/);
    const inside = [{ database: "d", invalidIndexes: ["a", "b", "c", "d"], deadRows: [], orphanedTables: 0 }];
    expect(messageOf({ inside }, "invalid_indexes")).toBe(
      "4 indexes are not valid: d.a, d.b, d.c and 1 more",
    );
  });

  test("is not called good where the sessions of others are hidden", () => {
    expect(Object.keys(told({ seesSessions: false }))).toHaveLength(5);
  });

  test("holds nothing that a terminal obeys", () => {
    const prepared = [{ name: "\u001b[31m", owner: "o", database: "d", ageSeconds: 1 }];
    expect(messageOf({ prepared }, "prepared_transactions")).not.toContain("\u001b");
  });
});
