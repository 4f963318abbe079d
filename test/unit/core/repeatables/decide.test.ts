import { beforeAll, describe, expect, test } from "vitest";
import type { RepeatableRow } from "../../../../components/core/migrations/history";
import { loadSqlParser, type SqlParser } from "../../../../components/core/migrations/sql-parser";
import { decideRepeatables } from "../../../../components/core/repeatables/decide";
import {
  decideReplacement,
  restorePrivileges,
  type Dependence,
  type Privilege,
} from "../../../../components/core/repeatables/replacement";
import {
  changesColumns,
  changesShape,
  shapeOf,
  viewQuery,
} from "../../../../components/core/repeatables/shape";
import { readTexts } from "./read";

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

const text = "CREATE OR REPLACE VIEW app.v AS SELECT 1;";
const row = (change: Partial<RepeatableRow>): RepeatableRow => ({
  path: "views/v.sql",
  checksum: `of ${text}`,
  objects: ["view app.v"],
  left: [],
  missing: [],
  appliedAt: "2026-03-14T15:09:26.000Z",
  appliedBy: "m",
  durationMs: 1,
  ...change,
});
const decided = (...rows: RepeatableRow[]): unknown => {
  const { steps, left } = decideRepeatables(readTexts(parser, { "views/v.sql": text }), rows);
  return { steps: steps.map(({ repeatable, reason }) => `${repeatable.name} ${reason}`), left };
};

describe("what is to be applied", () => {
  test.each([
    ["was never applied", [], "new"],
    ["has another text", [row({ checksum: "other" })], "changed"],
    ["made what is gone", [row({ missing: ["view app.v"] })], "missing"],
  ])("is a file that %s", (_what, rows, reason) => {
    expect(decided(...rows)).toEqual({ steps: [`views/v.sql ${reason}`], left: [] });
  });

  test("is nothing where all is as it was", () => {
    expect(decided(row({}))).toEqual({ steps: [], left: [] });
  });

  test("tells of what no file makes any more, with the statement that drops it", () => {
    const gone = row({
      path: "functions/f.sql",
      objects: ["function app.f(integer)", "function app.g()"],
      missing: ["function app.g()"],
    });
    expect(decided(row({ left: ["trigger t on app.v"] }), gone)).toEqual({
      steps: [],
      left: [
        { file: "views/v.sql", object: "trigger t on app.v", drop: "DROP TRIGGER t on app.v" },
        { file: "functions/f.sql", object: "function app.f(integer)", drop: "DROP FUNCTION app.f(integer)" },
      ],
    });
  });

  test("takes what moved to another file for that one's, before and after that is applied", () => {
    const moved = row({ path: "views/old.sql" });
    expect(decided(moved)).toEqual({ steps: ["views/v.sql new"], left: [] });
    expect(decided(moved, row({}))).toEqual({ steps: [], left: [] });
  });
});

describe("what is made anew", () => {
  const found = (object: string, on = ""): Dependence => ({ object, on, classid: "1", objid: object });

  test("is dropped from what nothing stands on, each once", () => {
    const { drops, strangers } = decideReplacement(
      [found("view a")],
      [
        found("view b", "view a"),
        found("view c", "view a"),
        found("view c", "view b"),
        found("function d()", "view c"),
      ],
      () => true,
    );
    expect(drops.map(({ object }) => object)).toEqual(["function d()", "view c", "view b", "view a"]);
    expect(strangers).toEqual([]);
  });

  test("names whatever no file makes", () => {
    const { strangers } = decideReplacement(
      [found("view a")],
      [found("view z", "view a"), found("default value for app.t.c", "view a"), found("view b", "view a")],
      (object) => object === "view b",
    );
    expect(strangers).toEqual(["default value for app.t.c", "view z"]);
  });

  test("gets back who could do what, names quoted, and what default privileges gave goes", () => {
    const privilege = (grantee: string | null, change: Partial<Privilege> = {}): Privilege => ({
      object: "view app.v",
      column: null,
      privilege: "SELECT",
      grantable: false,
      grantee,
      ...change,
    });
    const had = [privilege(null), privilege('o"x', { column: "a b", privilege: "UPDATE", grantable: true })];
    expect(restorePrivileges(had, [privilege("other")])).toEqual([
      'REVOKE ALL ON TABLE app.v FROM "other"',
      "GRANT SELECT ON TABLE app.v TO PUBLIC",
      'GRANT UPDATE ("a b") ON TABLE app.v TO "o""x" WITH GRANT OPTION',
    ]);
    expect(restorePrivileges(had, had.toReversed())).toEqual([]);
    expect(restorePrivileges([], [privilege("other", { object: "procedure app.p()" })])).toEqual([
      'REVOKE ALL ON PROCEDURE app.p() FROM "other"',
    ]);
  });
});

describe("a forecast", () => {
  const part = (name: string, type = "23 -1") => ({ name, type });
  const shape = (sql: string) =>
    shapeOf(parser.parse(`CREATE OR REPLACE ${sql} LANGUAGE sql AS 'SELECT 1'`)[0]!.node)!;

  test("takes columns at the end for an addition, and everything else for a change", () => {
    expect(changesColumns([part("a")], [part("a"), part("b")])).toBe(false);
    expect(changesColumns([part("a"), part("b")], [part("a")])).toBe(true);
    expect(changesColumns([part("a")], [part("b")])).toBe(true);
    expect(changesColumns([part("a")], [part("a", "1043 24")])).toBe(true);
  });

  test.each([
    ["FUNCTION f(a int) RETURNS int", "FUNCTION f(a int DEFAULT 1) RETURNS int", false],
    ["FUNCTION f(int) RETURNS int", "FUNCTION f(a int) RETURNS int", false],
    ["FUNCTION f(a int) RETURNS int", "FUNCTION f(b int) RETURNS int", true],
    ["FUNCTION f(a int DEFAULT 1) RETURNS int", "FUNCTION f(a int) RETURNS int", true],
    ["FUNCTION f() RETURNS int", "FUNCTION f() RETURNS bigint", true],
    ["FUNCTION f() RETURNS int", "FUNCTION f() RETURNS SETOF int", true],
    ["FUNCTION f() RETURNS int", "FUNCTION f(OUT x int)", false],
    ["FUNCTION f() RETURNS TABLE (x int, y text)", "FUNCTION f() RETURNS TABLE (x int, z text)", true],
    ["FUNCTION f(OUT x int, OUT y text)", "FUNCTION f(OUT x int, OUT y text)", false],
    ["FUNCTION f() RETURNS void", "PROCEDURE f()", true],
    ["PROCEDURE f(INOUT x int)", "PROCEDURE f(INOUT x int)", false],
  ])("%s to %s: %s", (old, now, changed) => {
    expect(changesShape(shape(old), shape(now))).toBe(changed);
  });

  test("does not guess what only the server knows", () => {
    expect(
      shapeOf(parser.parse("CREATE FUNCTION f() RETURNS app.t.c%TYPE LANGUAGE sql AS ''")[0]!.node),
    ).toBeUndefined();
  });

  test.each([
    ["CREATE OR REPLACE VIEW a.v AS SELECT 1 AS x", " SELECT 1 AS x", []],
    [
      'CREATE OR REPLACE VIEW "as" ("AS", b) WITH (security_barrier) AS /* as */ SELECT 1, 2',
      " /* as */ SELECT 1, 2",
      ["AS", "b"],
    ],
    ["CREATE OR REPLACE VIEW v AS SELECT 1 FROM t WITH CASCADED CHECK OPTION", " SELECT 1 FROM t ", []],
  ])("cuts the query out of %s", (sql, query, names) => {
    expect(viewQuery(parser.parse(sql)[0]!.node, sql, parser)).toEqual({ query, names });
  });
});
