import { expect, test } from "vitest";
import { planMaintenance, type MaintenanceChoice } from "../../../../components/core/operations/maintenance";
import type {
  MaintainableIndex,
  MaintainableTable,
  MaintenanceCatalog,
} from "../../../../components/core/operations/maintenance-facts";
import { ProblemError } from "../../../../components/core/problem";

const table = (oid: number, name: string, more: Partial<MaintainableTable> = {}): MaintainableTable => ({
  ...{ oid, schema: "app", name, kind: "r", parent: null, sizeBytes: 100, indexBytes: 10 },
  ...{ owner: "shop_owner", reached: true, access: "self", ...more },
});
const index = (
  oid: number,
  name: string,
  of: number,
  more: Partial<MaintainableIndex> = {},
): MaintainableIndex => ({
  ...{ oid, schema: "app", name, table: of, partitioned: false, parent: null, sizeBytes: 10 },
  ...{ valid: true, buildingPid: null, exclusion: false, ...more },
});
const catalog = (more: Partial<MaintenanceCatalog> = {}): MaintenanceCatalog => ({
  ...{ database: "shop", inRecovery: false, ownsDatabase: false },
  tables: [table(1, "orders"), table(2, "users", { sizeBytes: 900 }), table(3, "users", { schema: "old" })],
  indexes: [],
  ...more,
});
const plan = (choice: Partial<MaintenanceChoice>, more: Partial<MaintenanceCatalog> = {}) =>
  planMaintenance(catalog(more), {
    ...{ action: "vacuum", names: [], full: false, freeze: false, locking: false, ...choice },
  });
const sql = (...args: Parameters<typeof plan>): string[] => plan(...args).steps.map((step) => step.sql);
function problemsOf(...args: Parameters<typeof plan>): string[] {
  try {
    plan(...args);
    return [];
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return error.problems.map(({ path, message, hint }) => `${path}: ${message}; ${hint}`);
  }
}

test("without names it is the whole database, the largest first", () => {
  expect(sql({})).toEqual(['VACUUM "app"."users"', 'VACUUM "app"."orders"', 'VACUUM "old"."users"']);
  expect(sql({ full: true, freeze: true, names: ["orders"] })).toEqual([
    'VACUUM (FULL, FREEZE) "app"."orders"',
  ]);
});

test("a database is as old as its oldest table: to freeze all of it takes the catalogs, by the login, in the end", () => {
  const { steps } = plan({ freeze: true });
  expect(steps.map((step) => step.sql)).toEqual([
    ...['VACUUM (FREEZE) "app"."users"', 'VACUUM (FREEZE) "app"."orders"', 'VACUUM (FREEZE) "old"."users"'],
    "VACUUM (FREEZE)",
  ]);
  expect(steps.at(-1)).toMatchObject({
    subject: "the system catalogs of shop",
    runAs: null,
    sizeBytes: null,
  });
});

test("all names that cannot be told are told together", () => {
  expect(problemsOf({ names: ["users", "app.order", "x.y"] })).toEqual([
    "users: is there in several schemas; write it with its schema: app.users, old.users",
    "app.order: database shop has nothing of that name; did you mean app.orders?",
    "x.y: database shop has nothing of that name; `npm run ops -- disk` lists the largest tables",
  ]);
});

test.each(['app.A "b".c', '"app"."A ""b"".c"', 'app."A ""b"".c"'])("%s is found", (name) => {
  const tables = [table(1, 'A "b".c')];
  expect(sql({ names: [name] }, { tables })).toEqual(['VACUUM "app"."A ""b"".c"']);
});

test("a standby is refused", () => {
  expect(problemsOf({}, { inRecovery: true })[0]).toContain("is a standby");
});

test("as whom it runs is the table's: its owner where only that one may, and nobody where nobody may", () => {
  const tables = [table(1, "a", { access: "owner" }), table(2, "b", { access: "none" })];
  const planned = plan({}, { tables });
  expect(planned.steps.map(({ subject, runAs }) => [subject, runAs])).toEqual([["app.a", "shop_owner"]]);
  expect(planned.skipped).toEqual([
    {
      subject: "app.b",
      reason:
        "the login may not: it is not shop_owner, and has no MAINTAIN, which there is from PostgreSQL 17 on",
    },
  ]);
});

test("the owner of the database may VACUUM and ANALYZE everybody's tables, and REINDEX its own only", () => {
  const catalog = { ownsDatabase: true, tables: [table(1, "b", { access: "none" })] };
  for (const action of ["vacuum", "analyze"] as const) {
    const { steps, skipped } = plan({ action }, catalog);
    expect([steps.map(({ runAs }) => runAs), skipped]).toEqual([[null], []]);
  }
  expect(plan({ action: "reindex" }, catalog).steps).toEqual([]);
  const tables = [table(1, "b", { access: "none", reached: false })];
  expect(plan({ action: "vacuum" }, { ...catalog, tables })).toEqual({
    steps: [],
    skipped: [{ subject: "app.b", reason: "the login may not: it has no USAGE on schema app" }],
  });
});

test("only ANALYZE takes a partitioned table as a whole", () => {
  const tables = [table(1, "p", { kind: "p" }), table(2, "p1", { parent: 1 }), table(3, "t")];
  expect(sql({}, { tables })).toEqual(['VACUUM "app"."p1"', 'VACUUM "app"."t"']);
  expect(sql({ action: "analyze" }, { tables })).toEqual(['ANALYZE "app"."p"', 'ANALYZE "app"."t"']);
  expect(sql({ action: "analyze", names: ["p1"] }, { tables })).toEqual(['ANALYZE "app"."p1"']);
});

test("REINDEX takes each index of a table, or one; what is left over goes first, what is being built stays", () => {
  const indexes = [
    index(11, "a", 1, { sizeBytes: 50 }),
    index(12, "a_ccnew", 1, { valid: false }),
    index(13, "building_ccnew", 1, { valid: false, buildingPid: 9 }),
    index(14, "b", 2),
  ];
  expect(sql({ action: "reindex", names: ["orders"] }, { indexes })).toEqual([
    'DROP INDEX CONCURRENTLY "app"."a_ccnew"',
    'REINDEX INDEX CONCURRENTLY "app"."a"',
  ]);
  expect(sql({ action: "reindex", names: ["b"], locking: true }, { indexes })).toEqual([
    'REINDEX INDEX "app"."b"',
  ]);
});

test("a partitioned index is one statement for each of its parts", () => {
  const indexes = [
    index(11, "whole", 1, { partitioned: true }),
    index(12, "part", 2, { parent: 11 }),
    index(13, "other", 2),
  ];
  expect(sql({ action: "reindex", names: ["whole"] }, { indexes })).toEqual([
    'REINDEX INDEX CONCURRENTLY "app"."part"',
  ]);
});

test("what blocks is waited for 5 s, CONCURRENTLY 10 min, and both as it is said", () => {
  const indexes = [index(11, "a", 1)];
  const wait = (choice: Partial<MaintenanceChoice>): number | undefined =>
    plan(choice, { indexes }).steps[0]?.lockTimeoutMs;
  expect(wait({})).toBe(5_000);
  expect(wait({ full: true })).toBe(5_000);
  expect(wait({ action: "reindex" })).toBe(600_000);
  expect(wait({ action: "reindex", locking: true })).toBe(5_000);
  expect(wait({ action: "reindex", lockTimeoutMs: 7 })).toBe(7);
});

test("VACUUM FULL needs as much again as the table with its indexes, REINDEX as the index", () => {
  const indexes = [index(11, "a", 1, { sizeBytes: 33 })];
  expect(plan({ full: true, names: ["orders"] }).steps[0]?.needsBytes).toBe(110);
  expect(plan({ action: "reindex" }, { indexes }).steps[0]?.needsBytes).toBe(33);
  expect(plan({}).steps[0]?.needsBytes).toBe(0);
});
