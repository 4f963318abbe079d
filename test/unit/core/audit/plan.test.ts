import { describe, expect, test } from "vitest";
import {
  renderChanges,
  renderWhat,
  renderWho,
  type TrailEntry,
} from "../../../../components/core/audit/entries";
import {
  expiredPartitions,
  futureMonths,
  monthsAhead,
  partitionOf,
  planPartitions,
} from "../../../../components/core/audit/log-table";
import { newAuditCatalog, type AuditDeclaration } from "../../../../components/core/audit/model";
import { isExpired, monthsFrom, parseRetention, startOf } from "../../../../components/core/audit/months";
import { planAudit } from "../../../../components/core/audit/plan";
import { renderPlan } from "../../../../components/core/statement";

const declaration: AuditDeclaration = {
  database: "shop",
  owner: "shop_audit",
  manager: "postgres",
  schemas: ["app"],
  tables: [{ schema: "app", name: "orders", audited: true, exclude: ["card"] }],
  ddl: true,
};

describe("months", () => {
  test("go over the end of a year", () => {
    expect(monthsFrom("2026-11", 3)).toEqual(["2026-11", "2026-12", "2027-01"]);
    expect(startOf("2027-01")).toBe("2027-01-01 00:00:00+00");
  });

  test.each([
    ["24 months", { months: 24, days: 0 }],
    ["1 month", { months: 1, days: 0 }],
    ["2 years", { months: 24, days: 0 }],
    ["90days", { months: 0, days: 90 }],
    ["0 months", undefined],
    ["24", undefined],
    ["24 hours", undefined],
  ])("%s is %j", (text, retention) => {
    expect(parseRetention(text)).toEqual(retention);
  });

  test("a month is expired once all of it is as old as it is kept, and no day earlier", () => {
    expect(isExpired("2024-10", "2026-11", { months: 24, days: 0 })).toBe(true);
    expect(isExpired("2024-11", "2026-11", { months: 24, days: 0 })).toBe(false);
    // The last day of July is 92 days old on the last of October, and 123 on the first of December.
    expect(isExpired("2026-07", "2026-11", { months: 0, days: 90 })).toBe(false);
    expect(isExpired("2026-07", "2026-12", { months: 0, days: 90 })).toBe(true);
  });
});

describe("partitions", () => {
  const partition = (name: string) => ({ name, bound: "", owner: "shop_audit" });

  test("of this month and a year ahead are made, and one for what has none", () => {
    const made = planPartitions(newAuditCatalog(true, "2026-11"), monthsAhead);
    expect(made).toHaveLength(14);
    expect(made[0]?.sql).toBe(
      `CREATE TABLE "audit"."change_log_2026_11" PARTITION OF "audit"."change_log" FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00')`,
    );
    expect(made.at(-1)?.sql).toBe(
      `CREATE TABLE "audit"."change_log_rest" PARTITION OF "audit"."change_log" DEFAULT`,
    );
  });

  test("nothing is dropped without a retention, nor by a name that is none of ours", () => {
    const partitions = ["change_log_2001_01", "change_log_2026_10", "change_log_rest", "change_log_mine"].map(
      partition,
    );
    const catalog = { month: "2026-11", partitions };
    expect(expiredPartitions({}, catalog)).toEqual([]);
    const dropped = expiredPartitions({ retention: { months: 12, days: 0 } }, catalog);
    expect(dropped.map(({ sql, risk }) => [sql, risk])).toEqual([
      ['DROP TABLE "audit"."change_log_2001_01"', "data-loss"],
    ]);
  });

  test("the future counts up to the first gap", () => {
    const partitions = ["2026-11", "2026-12", "2027-01", "2027-03"].map((month) =>
      partition(partitionOf(month)),
    );
    expect(futureMonths({ month: "2026-11", partitions })).toBe(2);
  });
});

describe("a plan", () => {
  test("shows functions by name and digest, and whole where it is asked for", () => {
    const plan = planAudit(declaration, newAuditCatalog(true, "2026-11"));
    const short = renderPlan({
      ...plan,
      statements: plan.statements.filter(({ summary }) => summary !== undefined),
    });
    expect(short).toMatch(
      /CREATE OR REPLACE FUNCTION "audit"\."record_update"\(\) RETURNS trigger … \(\d+ lines, [0-9a-f]{8}\); {2}-- it is not there/,
    );
    expect(short).not.toContain("FULL JOIN");
    expect(renderPlan(plan, { full: true })).toContain("FULL JOIN");
  });

  test("says which tables are not there yet, and what may have been meant", () => {
    const catalog = newAuditCatalog(true, "2026-11");
    const order = {
      schema: "app",
      name: "order",
      kind: "r",
      owner: "shop_owner",
      root: { schema: "app", name: "order" },
      isPartition: false,
      key: ["id"],
      columns: ["id"],
      triggers: [],
    };
    const { undeclared } = planAudit(declaration, { ...catalog, tables: [order] });
    expect(undeclared).toEqual([
      {
        kind: "audit",
        subject: "table app.orders",
        message: "not there: audited as declared after the migrations that make it; or is app.order meant?",
      },
    ]);
  });

  test("refuses a table that has the trail's name and is none", () => {
    const catalog = newAuditCatalog(true, "2026-11");
    const relations = [{ name: "change_log", kind: "r", owner: "postgres", acl: [] }];
    const { statements, refusals } = planAudit(declaration, { ...catalog, relations });
    expect(statements).toEqual([]);
    expect(refusals).toMatchObject([
      {
        subject: "table audit.change_log",
        message: "it is there and is not the trail that pgstead makes: it is not partitioned",
      },
    ]);
  });

  test("has no backslash in a function: what it means in a literal is for each session to say", () => {
    const { statements } = planAudit(declaration, newAuditCatalog(true, "2026-11"));
    const functions = statements.filter(({ sql }) => sql.startsWith("CREATE OR REPLACE FUNCTION"));
    expect(functions.length).toBeGreaterThan(7);
    expect(functions.filter(({ sql }) => sql.includes("\\"))).toEqual([]);
  });

  test("turns all triggers of a table on in one statement, which is one entry of the trail", () => {
    const orders = {
      schema: "app",
      name: "orders",
      kind: "r",
      owner: "shop_owner",
      root: { schema: "app", name: "orders" },
      isPartition: false,
      key: ["id"],
      columns: ["id", "card"],
      triggers: [],
    };
    const { statements } = planAudit(declaration, {
      ...newAuditCatalog(true, "2026-11"),
      tables: [orders],
    });
    expect(statements.map(({ sql }) => sql).filter((sql) => sql.startsWith("ALTER TABLE"))).toEqual([
      'ALTER TABLE ONLY "app"."orders" ENABLE ALWAYS TRIGGER "pgstead_audit_insert", ENABLE ALWAYS TRIGGER "pgstead_audit_update", ENABLE ALWAYS TRIGGER "pgstead_audit_delete", ENABLE ALWAYS TRIGGER "pgstead_audit_truncate"',
    ]);
  });

  test("without a superuser has no event trigger, and says what that means", () => {
    const { statements, undeclared } = planAudit(declaration, newAuditCatalog(false, "2026-11"));
    expect(statements.some(({ sql }) => sql.includes("EVENT TRIGGER") || sql.includes('"pgstead"'))).toBe(
      false,
    );
    expect(undeclared?.map(({ subject }) => subject)).toContain("tables made later");
  });
});

describe("an entry", () => {
  const entry: TrailEntry = {
    id: "1",
    at: "2026-11-21T18:00:00.000000Z",
    transaction: "7",
    login: "shop_app",
    role: null,
    appUser: null,
    application: null,
    address: null,
    operation: "UPDATE",
    table: "app.orders",
    key: { id: 1 },
    old: { id: 1, status: "new", note: "x".repeat(100), same: [1] },
    new: { id: 1, status: "paid", note: null, same: [1] },
    command: null,
    object: null,
  };

  test("shows of a row what changed, and of a long value its length", () => {
    expect(renderWhat(entry)).toBe("UPDATE app.orders id=1");
    expect(renderChanges(entry)).toEqual([
      'status: "new" → "paid"',
      `note: "${"x".repeat(58)}… (102 characters) → null`,
    ]);
    expect(renderChanges({ ...entry, old: entry.new })).toEqual(["nothing that is recorded"]);
    expect(renderChanges({ ...entry, operation: "INSERT", old: null })).toEqual([
      "id: 1",
      'status: "paid"',
      "same: [1]",
    ]);
  });

  test("says who, and marks what is only claimed", () => {
    expect(renderWho(entry)).toBe("shop_app");
    expect(renderWho({ ...entry, role: "shop_owner", appUser: "carol", address: "10.0.0.7" })).toBe(
      "carol (claimed) by shop_app as shop_owner (10.0.0.7)",
    );
  });
});
