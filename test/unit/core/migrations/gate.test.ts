import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { findingClasses, ruleIds, rules } from "../../../../components/core/migrations/gate/rules";
import { statementRules } from "../../../../components/core/migrations/gate/statement-rules";
import { loadSqlParser, type SqlParser } from "../../../../components/core/migrations/sql-parser";
import { callCases, settingCases } from "./gate-calls";
import { conditionCases, movedCases } from "./gate-conditions";
import { detailCases, typeDetailCases } from "./gate-details";
import { codeCases, dataCases } from "./gate-statements";
import { objectCases, outsideCases, tableCases, typeCases } from "./gate-tables";
import { judgeLast, judgeParts, words } from "./judged";

const inside = [
  ...[...dataCases, ...codeCases, ...tableCases, ...typeCases, ...objectCases],
  ...[...conditionCases, ...movedCases, ...callCases, ...settingCases, ...typeDetailCases, ...detailCases],
];
const shown = (sql: string | readonly string[]): string => (typeof sql === "string" ? sql : sql.join(" | "));

describe("the gate", () => {
  let parser: SqlParser;
  beforeAll(async () => {
    parser = await loadSqlParser();
  });

  test.each(inside.map(([sql, expected]) => [shown(sql), expected, sql] as const))(
    "%s: %s",
    (_shown, expected, sql) => {
      expect(words(judgeLast(parser, typeof sql === "string" ? [sql] : sql))).toBe(expected);
    },
  );

  test.each(outsideCases)("without a transaction: %s: %s", (sql, expected) => {
    expect(words(judgeLast(parser, [sql as string], { transaction: false }))).toBe(expected);
  });

  test("is asked about every class and every rule", () => {
    const told = [...inside, ...outsideCases]
      .flatMap(([, expected]) => expected.split(" + "))
      .map((one) => one.split(" ").at(-1));
    // What is of no statement but of one of Alembic's files; what the parser never gives, and what a newer one might.
    expect(ruleIds.filter((rule) => !told.includes(rule))).toEqual(["needs-connection", "unknown-statement"]);
    expect(new Set(ruleIds.map((rule) => rules[rule].class))).toEqual(new Set(findingClasses));
    expect(ruleIds.every((rule) => /^[a-z]+(?:-[a-z]+)*$/.test(rule))).toBe(true);
  });

  test("has a rule for every statement that the parser's package declares", () => {
    const types = readFileSync(
      join(resolve(__dirname, "../../../.."), "node_modules/@pgsql/types/types.d.ts"),
      "utf8",
    );
    const node = /^export type Node = \{([^;]*;)*?\n\};/m.exec(types)?.[0] ?? "";
    const statements = [...node.matchAll(/^ +(\w+Stmt): \1;$/gm)].map(([, name]) => name);
    expect(statements.length).toBeGreaterThan(100);
    expect(Object.keys(statementRules).toSorted()).toEqual(statements.toSorted());
  });

  test("blocks whatever it finds, and asks for a backup where data is lost", () => {
    const all = inside.flatMap(([sql]) => judgeLast(parser, typeof sql === "string" ? [sql] : sql).findings);
    expect(all.filter(({ blocks }) => !blocks)).toEqual([]);
    for (const one of all) expect(one.needs).toBe(one.class === "data-loss" ? "backup" : "acknowledgement");
  });

  test("says file, part, line and what to do", () => {
    expect(judgeLast(parser, ["SELECT 1;\n\n-- a comment\nDROP TABLE a;"]).findings).toEqual([
      {
        class: "data-loss",
        rule: "drop-table",
        message: "table a is lost with its rows",
        hint: rules["drop-table"].hint,
        file: "sql/migrations/0001-part-1.sql",
        part: "up",
        line: 9,
        needs: "backup",
        acknowledged: null,
        blocks: true,
      },
    ]);
  });

  test("judges a down part with nothing known", () => {
    const [only] = judgeParts(parser, ["CREATE TABLE a (x int);"]);
    expect(only!.down.map(({ class: of }) => of)).toEqual(["safe"]);
  });
});
