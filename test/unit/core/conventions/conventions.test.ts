import { beforeAll, describe, expect, test } from "vitest";
import { conventionFiles, conventionSets } from "../../../../components/core/conventions/files";
import { parseTableName, tableMigration } from "../../../../components/core/conventions/new-table";
import { judgeMigrations } from "../../../../components/core/migrations/gate/judge";
import { parseMigrations } from "../../../../components/core/migrations/migration-set";
import { loadSqlParser, type SqlParser } from "../../../../components/core/migrations/sql-parser";
import { fileOf } from "../migrations/judged";
import { readTexts } from "../repeatables/read";

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

describe("the conventions", () => {
  test.each(["app", 'My "app"'])("in schema %s are repeatable files that nothing blocks", (schema) => {
    const files = conventionSets.flatMap((set) => conventionFiles(set, schema));
    const read = readTexts(
      parser,
      Object.fromEntries(files.map(({ directory, name, text }) => [`${directory}/${name}`, text])),
    );
    expect(read).toHaveLength(4);
    const found = read.flatMap(({ statements }) => statements.flatMap(({ judged }) => judged.findings));
    expect(found.filter(({ blocks }) => blocks)).toEqual([]);
  });

  test.each([
    ["app.orders", {}],
    ["app.events", { partitioned: true }],
    [`"My ""app"""."it's"`, { partitioned: true }],
    [`app."${"x".repeat(60)}"`, {}],
  ])("of table %s make a migration that nothing blocks and nobody has to fill in", (table, options) => {
    const text = tableMigration(parseTableName(table), options);
    const migrations = parseMigrations(
      { path: "sql/migrations", files: [fileOf("0001-table.sql", text)], others: [] },
      parser,
    );
    const [judged] = judgeMigrations(migrations, parser);
    expect(judged!.up.flatMap(({ findings }) => findings).filter(({ blocks }) => blocks)).toEqual([]);
  });

  test.each(["orders", "a.b.c", "app.Orders", "", 'app."', `app.${"x".repeat(64)}`])(
    "take no table %j",
    (text) => {
      expect(() => parseTableName(text)).toThrow("--table");
    },
  );
});
