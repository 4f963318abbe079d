import { beforeAll, describe, expect, test } from "vitest";
import {
  continueFrom,
  isConcurrentIndex,
  isSessionSetting,
  tracesOf,
  type FoundTraces,
} from "../../../../components/core/migrations/leftover";
import { mayPass, pauseAfter } from "../../../../components/core/migrations/retry";
import { loadSqlParser, type SqlParser } from "../../../../components/core/migrations/sql-parser";

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});
const nodeOf = (sql: string) => parser.parse(sql)[0]!.node;

const index = 'CREATE INDEX CONCURRENTLY "I" ON app.orders (id)';
const anew = "REINDEX TABLE CONCURRENTLY app.orders";
const detach = "ALTER TABLE app.orders DETACH PARTITION app.old CONCURRENTLY";

describe("a statement that was sent when a run stopped", () => {
  test.each<[string, Partial<FoundTraces>, object]>([
    [index, { state: "absent" }, { kind: "run", before: [] }],
    [index, { state: "valid" }, { kind: "done" }],
    [index, { state: "invalid" }, { kind: "run", before: ['DROP INDEX CONCURRENTLY IF EXISTS "app"."I"'] }],
    [
      index,
      { state: "elsewhere" },
      { kind: "ask", message: 'index "I" belongs to another table than "app"."orders"' },
    ],
    [
      "CREATE INDEX CONCURRENTLY i ON orders (id)",
      { state: "invalid" },
      { kind: "run", before: ['DROP INDEX CONCURRENTLY IF EXISTS "i"'] },
    ],
    ["DROP INDEX CONCURRENTLY app.i", { state: "absent" }, { kind: "done", because: '"app"."i" is gone' }],
    ["DROP INDEX CONCURRENTLY app.i", { state: "valid" }, { kind: "run", before: [] }],
    [anew, { copies: [] }, { kind: "run", before: [] }],
    [
      anew,
      { copies: ["app.i_ccnew"] },
      {
        kind: "run",
        before: ["DROP INDEX CONCURRENTLY IF EXISTS app.i_ccnew"],
        because: "invalid app.i_ccnew left",
      },
    ],
    [
      anew,
      { copies: [], kept: ["pg_toast.x_ccnew"] },
      {
        before: [],
        because: "invalid pg_toast.x_ccnew left, which a superuser has to drop (DROP INDEX CONCURRENTLY)",
      },
    ],
    [detach, { state: "absent" }, { kind: "done" }],
    [detach, { state: "valid" }, { kind: "run", before: [] }],
    [
      detach,
      { state: "pending" },
      { kind: "run", instead: 'ALTER TABLE "app"."orders" DETACH PARTITION "app"."old" FINALIZE' },
    ],
    ["VACUUM app.orders", {}, { kind: "run", before: [] }],
    ["ALTER SYSTEM SET work_mem = '5MB'", {}, { kind: "run", before: [] }],
    ["CREATE DATABASE other", {}, { kind: "ask" }],
    ["DO $$ BEGIN COMMIT; END $$", {}, { kind: "ask" }],
    ["DROP SUBSCRIPTION s", {}, { kind: "ask" }],
  ])("%s, found %j", (sql, found, expected) => {
    const all: FoundTraces = { state: "absent", copies: [], ...found };
    expect(continueFrom(tracesOf(nodeOf(sql)), all)).toMatchObject(expected);
  });

  test.each([
    ["REINDEX INDEX CONCURRENTLY app.i", { of: "index", place: '"app"."i"' }],
    ["REINDEX (CONCURRENTLY, VERBOSE) TABLE t", { of: "table", place: '"t"' }],
    ["REINDEX SCHEMA CONCURRENTLY app", { of: "schema", place: '"app"' }],
    ["REINDEX DATABASE CONCURRENTLY shop", { of: "database" }],
  ])("%s is looked for", (sql, expected) => {
    expect(tracesOf(nodeOf(sql))).toMatchObject({ kind: "index made anew", ...expected });
  });
});

test.each([
  [index, true],
  ["CREATE INDEX i ON orders (id)", false],
  ["DROP INDEX CONCURRENTLY i", true],
  ["DROP INDEX i", false],
  [anew, true],
  ["REINDEX (CONCURRENTLY off) TABLE orders", false],
  ["REINDEX SCHEMA app", false],
  [detach, false],
  ["VACUUM orders", false],
])("%s waits without a bound: %s", (sql, expected) => {
  expect(isConcurrentIndex(nodeOf(sql))).toBe(expected);
});

test.each([
  ["SET work_mem = '5MB'", true],
  ["SET LOCAL work_mem = '5MB'", false],
  ["SELECT set_config('work_mem', '5MB', false)", true],
  ["RESET work_mem", true],
  ["SELECT 1", false],
])("%s is of the session: %s", (sql, expected) => {
  expect(isSessionSetting(nodeOf(sql))).toBe(expected);
});

test("pauses grow up to half a minute, and differ between runs", () => {
  expect([1, 2, 3, 7, 20].map((attempt) => pauseAfter(attempt, 0))).toEqual([
    500, 1_000, 2_000, 30_000, 30_000,
  ]);
  expect([1, 2, 3, 7, 20].map((attempt) => pauseAfter(attempt, 1))).toEqual([
    250, 500, 1_000, 15_000, 15_000,
  ]);
});

test("only what others do is tried again", () => {
  expect(["55P03", "40P01", "40001"].every(mayPass)).toBe(true);
  expect(["23505", "57014", "42P01", undefined].some(mayPass)).toBe(false);
});
