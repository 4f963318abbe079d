import { describe, expect, test } from "vitest";
import {
  changedSizes,
  effectOf,
  type StoredDatabase,
  type StoredTable,
} from "../../../../components/core/migrations/effect";

const orders: StoredTable = { oid: 20_000, name: "app.orders", file: 1, ownBytes: 8_192, bytes: 16_384 };
const lines: StoredTable = { oid: 20_001, name: "app.lines", file: 2, ownBytes: 8_192, bytes: 8_192 };
const stored = (tables: readonly StoredTable[], bytes = 1_000_000): StoredDatabase => ({ bytes, tables });

describe("the effect of a migration", () => {
  test("has the strongest lock of each table that was there, the strongest first", () => {
    const lock = (oid: number, mode: string, heldMs: number) => ({ oid, mode, heldMs });
    const held = [
      ...[lock(20_001, "AccessShareLock", 9), lock(20_001, "ShareRowExclusiveLock", 5)],
      ...[
        lock(20_000, "AccessShareLock", 9),
        lock(20_000, "AccessExclusiveLock", 7),
        lock(30_000, "ShareLock", 1),
      ],
    ];
    expect(effectOf(stored([lines, orders]), stored([lines, orders], 1_000_100), held)).toEqual({
      locks: [
        { table: "app.orders", mode: "ACCESS EXCLUSIVE", heldMs: 7 },
        { table: "app.lines", mode: "SHARE ROW EXCLUSIVE", heldMs: 5 },
      ],
      rewritten: [],
      bytesBefore: 1_000_000,
      bytesAfter: 1_000_100,
    });
  });

  test("has what was written anew, and not what was emptied, dropped or made", () => {
    const rewritten = { ...orders, file: 3 };
    const emptied = { ...lines, file: 4, ownBytes: 0 };
    const made = { ...lines, oid: 20_002, name: "app.made", file: 5 };
    expect(effectOf(stored([orders, lines]), stored([rewritten, emptied, made]), []).rewritten).toEqual([
      "app.orders",
    ]);
    expect(effectOf(stored([orders]), stored([]), []).rewritten).toEqual([]);
  });
});

test("tables that changed are those with other rows or bytes, new ones, and those that are gone", () => {
  const of = (table: string, rows: string, bytes: number) => ({ table, rows, bytes });
  const before = [of("app.same", "1", 8), of("app.grown", "1", 8), of("app.gone", "1", 8)];
  const after = [of("app.same", "1", 8), of("app.grown", "1", 16), of("app.new", "0", 8)];
  expect(changedSizes(before, after)).toEqual([
    { table: "app.gone", rowsBefore: "1", rowsAfter: null, bytesBefore: 8, bytesAfter: null },
    { table: "app.grown", rowsBefore: "1", rowsAfter: "1", bytesBefore: 8, bytesAfter: 16 },
    { table: "app.new", rowsBefore: null, rowsAfter: "0", bytesBefore: null, bytesAfter: 8 },
  ]);
});
