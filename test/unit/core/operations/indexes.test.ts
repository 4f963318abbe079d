import { expect, test } from "vitest";
import { findDuplicates, findPrefixes } from "../../../../components/core/operations/index-duplicates";
import type {
  IndexCatalog,
  IndexFacts,
  IndexedTable,
} from "../../../../components/core/operations/index-facts";
import { indexFindings, indexScript, judgeIndexes } from "../../../../components/core/operations/indexes";

const table = (more: Partial<IndexedTable> = {}): IndexedTable => ({
  oid: 1,
  schema: "app",
  name: "orders",
  kind: "r",
  parent: null,
  sizeBytes: 1_000,
  analyzed: true,
  writes: 5,
  ...more,
});

let next = 100;
const index = (name: string, more: Partial<IndexFacts> = {}): IndexFacts => ({
  oid: next++,
  schema: "app",
  name,
  table: 1,
  partitioned: false,
  parent: null,
  method: "btree",
  sizeBytes: 50_000_000,
  scans: 1,
  valid: true,
  buildingPid: null,
  unique: false,
  immediate: true,
  nullsNotDistinct: false,
  replicaIdentity: false,
  constraint: null,
  referenced: false,
  columns: ["a"],
  keys: ["a/1/0/0"],
  included: [],
  predicate: null,
  body: "USING btree (a)",
  ...more,
});

const catalog = (more: Partial<IndexCatalog>): IndexCatalog => ({
  database: "shop",
  statistics: { since: "2026-01-01T00:00:00Z", ageSeconds: 86_400, inRecovery: false, standbys: 0 },
  tables: [table()],
  indexes: [],
  foreignKeys: [],
  ...more,
});

const key = (columns: readonly string[]): IndexCatalog["foreignKeys"][number] => ({
  name: "fk",
  table: 1,
  referenced: { schema: "app", name: "users" },
  columns: columns.map((name) => ({ name, printed: /^[a-z]+$/.test(name) ? name : `"${name}"` })),
});

const limits = { unusedIndexBytes: 10_000_000, unusedIndexAge: 86_400 };
const dropped = (...indexes: IndexFacts[]): string[] => findDuplicates(indexes).map((one) => one.index.name);

test("of two that are the same the one goes that nothing depends on, then the one that is scanned less", () => {
  expect(dropped(index("x", { unique: true }), index("y", { scans: 9 }))).toEqual(["y"]);
  expect(dropped(index("x"), index("y", { scans: 9 }))).toEqual(["x"]);
  expect(dropped(index("x"), index("y"), index("z"))).toEqual(["y", "z"]);
  expect(dropped(index("pk", { unique: true, constraint: "pk" }), index("u", { unique: true }))).toEqual([
    "u",
  ]);
  const one = index("one", { unique: true, constraint: "one", referenced: true });
  expect(dropped(one, index("two", { unique: true, constraint: "two", scans: 9 }))).toEqual(["two"]);
});

test.each<[string, Partial<IndexFacts>]>([
  ["operator class, collation or order", { keys: ["a/2/0/0"] }],
  ["predicate", { predicate: "(a > 1)" }],
  ["access method", { method: "hash" }],
  ["carried columns", { included: ["b"] }],
  ["table", { table: 2 }],
  ["validity", { valid: false }],
  ["parent", { parent: 7 }],
])("what differs in %s is not the same", (_what, more) => {
  expect(dropped(index("x"), index("y", more))).toEqual([]);
});

test.each<[string, Partial<IndexFacts>]>([
  ["deferred", { immediate: false }],
  ["of NULLs", { nullsNotDistinct: true }],
])("a uniqueness that is %s is another one", (_what, more) => {
  expect(dropped(index("x", { unique: true }), index("y", { unique: true, ...more }))).toEqual([]);
});

test("one that two foreign keys refer to stays, whatever it is the same as", () => {
  const both = { unique: true, constraint: "u", referenced: true };
  expect(dropped(index("x", both), index("y", both))).toEqual([]);
});

test("the beginning of another one is told apart, unless it is unique or carries more", () => {
  const long = index("long", { keys: ["a/1/0/0", "b/1/0/0"], columns: ["a", "b"] });
  const names = (more: Partial<IndexFacts>): string[] =>
    findPrefixes([index("short", more), long], []).map((one) => one.index.name);
  expect(names({})).toEqual(["short"]);
  expect(names({ unique: true })).toEqual([]);
  expect(names({ included: ["c"] })).toEqual([]);
  expect(names({ predicate: "(a > 1)" })).toEqual([]);
});

test("no index is called unused right after its counters were reset", () => {
  const judged = (ageSeconds: number) =>
    judgeIndexes(
      catalog({
        statistics: { since: "2026-01-01T00:00:00Z", ageSeconds, inRecovery: false, standbys: 0 },
        indexes: [index("x", { scans: 0 }), index("y", { valid: false })],
      }),
      limits,
    );
  const [young, old] = [judged(86_399), judged(86_400)];
  expect([young.tooYoung, young.unused.length, young.invalid.length]).toEqual([true, 0, 1]);
  expect([old.tooYoung, old.unused.length]).toEqual([false, 1]);
});

test("an unused index is told from its size on, unless something depends on it", () => {
  const unused = (more: Partial<IndexFacts>, keys: IndexCatalog["foreignKeys"] = []): number =>
    judgeIndexes(catalog({ indexes: [index("x", { scans: 0, ...more })], foreignKeys: keys }), limits).unused
      .length;
  expect(unused({})).toBe(1);
  expect(unused({ sizeBytes: 9_999_999 })).toBe(0);
  expect(unused({ scans: 1 })).toBe(0);
  expect(unused({ unique: true })).toBe(0);
  expect(unused({ constraint: "excl" })).toBe(0);
  expect(unused({ replicaIdentity: true })).toBe(0);
  expect(unused({}, [key(["a"])])).toBe(0);
});

test.each<[string, readonly string[], Partial<IndexFacts>, boolean]>([
  ["its columns in another order", ["b", "a"], { columns: ["a", "b", "c"] }, true],
  ["its columns later", ["b"], { columns: ["a", "b"] }, false],
  ["a part of its columns", ["a", "b"], { columns: ["a"] }, false],
  ["an expression", ["a"], { columns: [null] }, false],
  ["hash", ["a"], { method: "hash" }, true],
  ["BRIN", ["a"], { method: "brin" }, false],
  ["what is invalid", ["a"], { valid: false }, false],
  ["some rows", ["a"], { predicate: "(a > 1)" }, false],
  ["rows with a key", ["a"], { predicate: "(a IS NOT NULL)" }, true],
  [
    "rows with a key, which has quotes",
    ["A b"],
    { columns: ["A b"], predicate: '("A b" IS NOT NULL)' },
    true,
  ],
  [
    "rows with a whole key",
    ["a", "b"],
    { columns: ["a", "b"], predicate: "((a IS NOT NULL) AND (b IS NOT NULL))" },
    true,
  ],
  ["rows with another column", ["a"], { predicate: "((a IS NOT NULL) AND (b IS NOT NULL))" }, false],
])("a foreign key and an index of %s", (_what, columns, more, covers) => {
  const { missing } = judgeIndexes(
    catalog({ indexes: [index("x", more)], foreignKeys: [key(columns)] }),
    limits,
  );
  expect(missing).toHaveLength(covers ? 0 : 1);
});

test("of a partitioned table each partition is built by itself, and a name that is there is not taken", () => {
  const tables = [
    table({ kind: "p" }),
    table({ oid: 2, name: "p1", parent: 1, sizeBytes: 700 }),
    table({ oid: 3, name: "orders_a_idx", parent: 1 }),
  ];
  const foreignKeys = [key(["a"])];
  const { missing } = judgeIndexes(catalog({ tables, foreignKeys }), limits);
  expect(missing[0]?.sizeBytes).toBe(1_700);
  expect(missing[0]?.statements).toEqual([
    'CREATE INDEX "orders_a_idx1" ON ONLY "app"."orders" ("a")',
    'CREATE INDEX CONCURRENTLY "p1_a_idx" ON "app"."p1" ("a")',
    'ALTER INDEX "app"."orders_a_idx1" ATTACH PARTITION "app"."p1_a_idx"',
    'CREATE INDEX CONCURRENTLY "orders_a_idx_a_idx" ON "app"."orders_a_idx" ("a")',
    'ALTER INDEX "app"."orders_a_idx1" ATTACH PARTITION "app"."orders_a_idx_a_idx"',
  ]);
  const own = [index("x", { table: 2 }), index("y", { table: 3 })];
  expect(judgeIndexes(catalog({ tables, foreignKeys, indexes: own }), limits).missing).toEqual([]);
});

test("a name is cut at 63 bytes of UTF-8", () => {
  const tables = [table({ name: "ü".repeat(31) })];
  const { missing } = judgeIndexes(catalog({ tables, foreignKeys: [key(["a"])] }), limits);
  expect(missing[0]?.statements[0]).toContain(`"${"ü".repeat(29)}_idx"`);
});

test("what is left over from CONCURRENTLY is dropped, what is being built is left alone, all of it once", () => {
  const indexes = [
    index("x_ccnew", { valid: false }),
    index("y_ccold1", { valid: false }),
    index("z", { valid: false }),
    index("building", { valid: false, buildingPid: 7 }),
    index("x_ccnew_of_somebody", { columns: ["b"], keys: ["b/1/0/0"] }),
  ];
  const judged = judgeIndexes(catalog({ indexes }), limits);
  expect(judged.invalid.map(({ statements }) => statements)).toEqual([
    ['DROP INDEX CONCURRENTLY "app"."x_ccnew"'],
    ['DROP INDEX CONCURRENTLY "app"."y_ccold1"'],
    ['REINDEX INDEX CONCURRENTLY "app"."z"'],
  ]);
  expect(indexFindings([judged])).toHaveLength(3);
});

test("a partitioned index that is not valid gets what its partitions lack; one that fits is attached", () => {
  const tables = [
    table({ kind: "p" }),
    table({ oid: 2, name: "p1", parent: 1 }),
    table({ oid: 3, name: "p2", parent: 1 }),
    table({ oid: 4, name: "p3", parent: 1 }),
  ];
  const whole = index("whole", { valid: false, partitioned: true });
  const attached = index("p1_i", { table: 2, parent: whole.oid });
  const indexes = [whole, attached, index("p2_i", { table: 3 })];
  const { invalid } = judgeIndexes(catalog({ tables, indexes }), limits);
  expect(invalid[0]?.statements).toEqual([
    'ALTER INDEX "app"."whole" ATTACH PARTITION "app"."p2_i"',
    'CREATE INDEX CONCURRENTLY "p3_a_idx" ON "app"."p3" USING btree (a)',
    'ALTER INDEX "app"."whole" ATTACH PARTITION "app"."p3_a_idx"',
  ]);
});

test("a name cannot break out of a comment of the script", () => {
  const name = "x\nDROP TABLE app.orders;";
  const script = indexScript([judgeIndexes(catalog({ indexes: [index(name, { scans: 0 })] }), limits)]);
  expect(script).toContain("-- index app.x\uFFFDDROP TABLE app.orders; was not scanned");
  expect(script).toContain(`DROP INDEX CONCURRENTLY "app"."x\nDROP TABLE app.orders;";`);
});
