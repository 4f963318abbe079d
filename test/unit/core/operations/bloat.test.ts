import { expect, test } from "vitest";
import { explainAutovacuum, vacuumThreshold } from "../../../../components/core/operations/autovacuum";
import { bloatFindings, judgeBloat } from "../../../../components/core/operations/bloat";
import {
  estimateIndex,
  estimateTable,
  type MeasuredColumn,
} from "../../../../components/core/operations/bloat-estimate";
import type {
  BloatCatalog,
  BloatTable,
  XminHolder,
} from "../../../../components/core/operations/bloat-facts";
import { defaultThresholds } from "../../../../components/core/monitoring/thresholds";

const column = (length: number, align: string, width: number, nullShare = 0): MeasuredColumn => ({
  ...{ length, align, width, nullShare },
});
const page = { blockBytes: 8192, sizeBytes: 0 };

test("rows are laid out with the padding between their columns", () => {
  // 24 + (1, 7 padding, 8) + 4 = 44 bytes: 185 of them are in a page.
  const columns = [column(1, "c", 1), column(8, "d", 8)];
  expect(estimateTable({ ...page, rows: 185, fillfactor: 100, columns })).toBe(8192);
  expect(estimateTable({ ...page, rows: 186, fillfactor: 100, columns })).toBe(2 * 8192);
  expect(estimateTable({ ...page, rows: 185, fillfactor: 50, columns })).toBe(3 * 8192);
  // A short text has no alignment, a long one that of its length.
  expect(estimateTable({ ...page, rows: 1, fillfactor: 100, columns: [column(-1, "i", 3000)] })).toBe(8192);
});

test("what has no statistics cannot be told", () => {
  const columns = [{ ...column(4, "i", 4), width: null }];
  expect(estimateTable({ ...page, rows: 10, fillfactor: 100, columns })).toBeUndefined();
  expect(estimateIndex({ ...page, rows: -1, fillfactor: 90, columns: [column(4, "i", 4)] })).toBeUndefined();
});

test("an index of whole numbers has 366 rows in a leaf, as one that was just built", () => {
  const columns = [column(4, "i", 4)];
  // 20 bytes each in 90% of 8152; a leaf, an inner page, and the first one.
  expect(estimateIndex({ ...page, rows: 366, fillfactor: 90, columns })).toBe(3 * 8192);
});

const table = (more: Partial<BloatTable> = {}): BloatTable => ({
  oid: 1,
  schema: "app",
  name: "orders",
  sizeBytes: 400_000_000,
  rows: 1_000_000,
  fillfactor: 100,
  columns: [column(8, "d", 8)],
  deadRows: 0,
  liveRows: 1_000_000,
  lastVacuum: null,
  lastAutovacuum: null,
  lastAnalyze: null,
  lastAutoanalyze: null,
  autovacuumEnabled: null,
  vacuumThreshold: null,
  vacuumScaleFactor: null,
  vacuumMaxThreshold: null,
  ...more,
});
const settings = {
  on: true,
  threshold: 50,
  scaleFactor: 0.2,
  maxThreshold: null,
  workers: 3,
  workersAtWork: 1,
};
const holder: XminHolder = {
  kind: "transaction",
  name: "42",
  who: "report of app",
  ageTransactions: 900,
  ageSeconds: 7_200,
};
const catalog = (more: Partial<BloatCatalog>): BloatCatalog => ({
  database: "shop",
  at: "2026-01-01T00:00:00Z",
  blockBytes: 8192,
  autovacuum: settings,
  tables: [],
  indexes: [],
  holders: [],
  ...more,
});
const findings = (more: Partial<BloatCatalog>) =>
  bloatFindings([judgeBloat(catalog(more))], defaultThresholds);

test("autovacuum comes by the table's own settings, then the server's, and not beyond the most (18)", () => {
  expect(vacuumThreshold(table(), settings)).toBe(200_050);
  expect(vacuumThreshold(table({ vacuumScaleFactor: 0 }), settings)).toBe(50);
  expect(vacuumThreshold(table(), { ...settings, maxThreshold: 1_000 })).toBe(1_000);
  expect(vacuumThreshold(table({ vacuumMaxThreshold: -1 }), { ...settings, maxThreshold: 1_000 })).toBe(
    200_050,
  );
});

test("says why autovacuum does not come", () => {
  const why = (more: Partial<BloatTable>, over = {}, by?: XminHolder): string | undefined =>
    explainAutovacuum(table({ deadRows: 300_000, ...more }), { ...settings, ...over }, by);
  expect(why({ deadRows: 0 })).toBeUndefined();
  expect(why({ deadRows: 10 })).toBeUndefined();
  expect(why({}, { on: false })).toContain("is off on this server");
  expect(why({ autovacuumEnabled: false })).toContain("autovacuum_enabled = off");
  expect(why({ deadRows: 100_000 })).toBe("autovacuum comes at 200050 dead rows");
  expect(why({})).toContain("is due (from 200050 dead rows on): 1 of 3 workers are at work");
  expect(why({ lastAutovacuum: "2026-01-01T00:00:00Z" }, {}, holder)).toContain("transaction 42 keeps them");
});

test("bloat is told where both its share and its size are beyond the thresholds", () => {
  expect(findings({ tables: [table()] })).toMatchObject([{ subject: "shop: table app.orders" }]);
  expect(findings({ tables: [table({ sizeBytes: 60_000_000 })] })).toEqual([]);
  // Large, and for the most part in use.
  expect(findings({ tables: [table({ rows: 8_000_000, liveRows: 8_000_000 })] })).toEqual([]);
  // Rows that came since they were counted are no bloat.
  expect(findings({ tables: [table({ rows: 10, liveRows: 8_000_000 })] })).toEqual([]);
  expect(findings({ tables: [table({ rows: -1 })] })).toEqual([]);
});

test("who keeps dead rows is told where there are many and it is old", () => {
  const tables = [table({ sizeBytes: 60_000_000, deadRows: 200_000 })];
  const subjects = (holders: readonly XminHolder[]): string[] =>
    findings({ tables, holders }).map(({ subject }) => subject);
  expect(subjects([holder])).toEqual(["shop: transaction 42 (report of app, for 2 h)"]);
  expect(subjects([{ ...holder, ageSeconds: 60 }])).toEqual([]);
  const slot: XminHolder = { ...holder, kind: "replication slot", name: "it's", who: "", ageSeconds: null };
  expect(subjects([slot])).toEqual(["shop: replication slot it's (900 transactions old)"]);
  expect(findings({ tables, holders: [slot] })[0]?.hint).toContain("pg_drop_replication_slot('it''s')");
  expect(findings({ tables: [table({ sizeBytes: 60_000_000 })], holders: [holder] })).toEqual([]);
});

test("what was measured is taken instead of the estimate", () => {
  const judged = judgeBloat(catalog({ tables: [table()] }), [{ oid: 1, freeBytes: 4_000_000 }]);
  expect(judged.tables[0]).toMatchObject({ exact: true, bloatBytes: 4_000_000, bloatPercent: 1 });
});
