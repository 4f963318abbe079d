import { describe, expect, test } from "vitest";
import {
  newServerCatalog,
  type ServerAccess,
  type ServerCatalog,
} from "../../../../components/core/server/model";
import { otherStack, planMarks, removeMarks, type Marking } from "../../../../components/core/server/marks";
import type { OwnerPlace } from "../../../../components/core/server/owner-row";

const since = "2026-04-01T12:00:00Z";
const mark = (what: string, stack: string) => ({ what, stack, since, by: "postgres" });
const there: OwnerPlace = {
  hasSchema: true,
  hasTable: true,
  mayCreate: true,
  mayWrite: true,
  row: undefined,
};

function declare(database: string, change: Partial<ServerAccess> = {}): ServerAccess {
  const groups = [{ name: `${database}_app_reader`, database, schema: "app", profile: "reader" as const }];
  const databases = [{ name: database }] as unknown as ServerAccess["databases"];
  const rest = { roles: [], allowDataLoss: [], protect: false, closed: [], markedAs: "p/a" };
  return { databases, groups, ...rest, ...change };
}

function plan(
  desired: ServerAccess,
  owner: OwnerPlace,
  {
    before,
    catalog = {},
    ...marking
  }: Partial<Marking> & { before?: ServerAccess; catalog?: Partial<ServerCatalog> } = {},
) {
  const actual = { ...newServerCatalog("postgres"), owner, ...catalog };
  const usual = { hasOthers: false, makesTable: false, imported: false };
  const { statements, refusals } = planMarks(desired, before, actual, { ...usual, ...marking });
  return { sql: statements.map((one) => one.sql), refusals };
}

const insert = `INSERT INTO "pgstead"."owner" (what, stack) VALUES ('database shop', 'p/a'), ('role shop_app_reader', 'p/a')`;

describe("a stack marks what it declares", () => {
  test("with its first run, which makes the table where there is none", () => {
    expect(plan(declare("shop"), { ...there, marks: [] }).sql).toEqual([insert]);
    const { sql } = plan(declare("shop"), { ...there, hasSchema: false, hasTable: false });
    expect(sql).toHaveLength(5);
    expect(sql[0]).toBe('CREATE SCHEMA "pgstead"');
    const beside = plan(declare("shop"), { ...there, hasTable: false }, { makesTable: true });
    expect(beside.sql).toEqual([insert]);
  });

  test("never alone: not after an import, and not where nothing is to be done", () => {
    const desired = declare("shop");
    expect(plan(desired, there, { imported: true }).sql).toEqual([]);
    expect(plan(desired, there, { before: desired }).sql).toEqual([]);
    expect(plan(desired, there, { imported: true, hasOthers: true }).sql).toEqual([insert]);
    expect(plan(desired, there, { before: desired, hasOthers: true }).sql).toEqual([insert]);
    expect(plan(desired, there, { before: declare("old") }).sql).toEqual([insert]);
  });

  test("once, and not where the login may not write", () => {
    const marks = [mark("database shop", "p/a"), mark("role shop_app_reader", "p/a")];
    expect(plan(declare("shop"), { ...there, marks }).sql).toEqual([]);
    const capabilities = { superuser: false } as ServerCatalog["capabilities"] & object;
    const catalog = { capabilities };
    expect(plan(declare("shop"), { ...there, mayWrite: false }, { catalog }).sql).toEqual([]);
    expect(plan(declare("shop"), { ...there, database: "shop" }).sql).toEqual([]);
  });

  test("what leaves its configuration loses its mark", () => {
    const marks = [
      mark("database old", "p/a"),
      mark("database shop", "p/a"),
      mark("role shop_app_reader", "p/a"),
    ];
    expect(plan(declare("shop"), { ...there, marks }, { before: declare("old") }).sql).toEqual([
      `DELETE FROM "pgstead"."owner" WHERE stack = 'p/a' AND what IN ('database old')`,
    ]);
  });

  test("one that has the server for itself marks nothing", () => {
    const { markedAs: _none, ...alone } = declare("shop");
    expect(plan(alone, there, { hasOthers: true })).toEqual({ sql: [], refusals: [] });
  });
});

describe("what another stack has marked", () => {
  const marks = [mark("role shop_app_reader", "p/b")];

  test("is refused by name, and nothing is marked then", () => {
    const { sql, refusals } = plan(declare("shop"), { ...there, marks });
    expect(sql).toEqual([]);
    expect(refusals).toEqual([
      {
        subject: "role shop_app_reader",
        message: `it belongs to stack p/b, since ${since} (by postgres)`,
        hint: expect.stringContaining(`WHERE what = 'role shop_app_reader'`) as string,
      },
    ]);
  });

  test("is not dropped by a stack that declares it no more", () => {
    const { refusals } = plan(declare("other"), { ...there, marks }, { before: declare("shop") });
    expect(refusals.map(({ subject }) => subject)).toEqual(["role shop_app_reader"]);
  });

  test("stays when this one goes, and is told to who adopts", () => {
    expect(removeMarks(marks, "p/a", "gone")).toEqual([]);
    expect(otherStack("role shop_app_reader", { ...there, marks }, "p/a")).toBe("p/b");
    expect(otherStack("role shop_app_reader", { ...there, marks }, "p/b")).toBeUndefined();
  });
});
