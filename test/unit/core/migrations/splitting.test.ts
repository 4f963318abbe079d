import fc from "fast-check";
import { beforeAll, describe, expect, test } from "vitest";
import { parseMigration } from "../../../../components/core/migrations/parse-migration";
import { normalizeText } from "../../../../components/core/migrations/source-text";
import { loadSqlParser, type SqlParser } from "../../../../components/core/migrations/sql-parser";
import { checksumOf } from "../../../../components/io/migration-files";
import { fileOf, migrationText } from "./judged";

/** Pieces that mislead whoever splits at semicolons. */
const statements = [
  "SELECT 1",
  "SELECT ';', 'it''s; -- no comment', E'\\';'",
  'SELECT 1 AS "semi;colon ""é"""',
  "SELECT $$ ; -- not a comment $$",
  "SELECT $tag$ ; $$ ; $other$ ; $tag$",
  "SELECT 'é😀;', U&'\\00e9'",
  "SELECT 1 /* ; /* nested ; */ 'é */ + 2",
  "SELECT 1 -- ends ; here\n + 2",
  "CREATE FUNCTION f() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT 1; SELECT 2; END",
  "CREATE FUNCTION g() RETURNS void LANGUAGE plpgsql AS $body$ BEGIN EXECUTE $q$ SELECT ';' $q$; END $body$",
  "DO $do$ BEGIN\n-- migrate:down\nNULL; END $do$",
  "CREATE RULE r AS ON INSERT TO a DO (SELECT 1; SELECT 2)",
];
const gaps = [
  ";",
  ";\n",
  " ; ;; ",
  ";\n-- a comment; with é 😀\n",
  ";/* ; 'x */\n\n",
  ";\r",
  ";\t\n/* a /* b; */ c */ -- d\n",
];

describe("a part of a migration", () => {
  let parser: SqlParser;
  beforeAll(async () => {
    parser = await loadSqlParser();
  });

  test("is cut where PostgreSQL cuts it, and loses nothing", () => {
    const pieces = fc.array(fc.tuple(fc.constantFrom(...statements), fc.constantFrom(...gaps)), {
      minLength: 1,
      maxLength: 12,
    });
    fc.assert(
      fc.property(
        pieces,
        fc.constantFrom("", "-- first\n", "/* é */ "),
        fc.boolean(),
        (list, before, open) => {
          const last = list.length - 1;
          // The last statement needs no semicolon.
          const up =
            before + list.map(([sql, gap], index) => sql + (open && index === last ? "" : gap)).join("");
          const text = migrationText(up);
          const { migration, problems } = parseMigration(fileOf("0001-a.sql", text), parser);
          expect(problems).toEqual([]);
          expect(migration!.up.map((statement) => statement.text)).toEqual(list.map(([sql]) => sql));
          let from = text.indexOf("-- migrate:up");
          for (const statement of migration!.up) {
            const at = text.indexOf(statement.text, from);
            expect(text.slice(0, at).split("\n")).toHaveLength(statement.firstLine);
            expect(text.slice(0, at + statement.text.length).split("\n")).toHaveLength(statement.lastLine);
            from = at + statement.text.length;
          }
        },
      ),
      { numRuns: 150 },
    );
  });

  test("has the text that the server gets, whatever bytes stand before it", () => {
    const noise = fc.string({ unit: "grapheme", maxLength: 30 }).filter((text) => !/[\0\r\n]/.test(text));
    fc.assert(
      fc.property(noise, noise, (comment, literal) => {
        const sql = `SELECT '${literal.replaceAll("'", "''").replaceAll("\\", "")}' AS x`;
        const { migration } = parseMigration(
          fileOf("0001-a.sql", migrationText(`-- x ${comment}\n${sql};\nSELECT 2;`)),
          parser,
        );
        expect(migration!.up.map(({ text, firstLine }) => [text, firstLine])).toEqual([
          [sql, 7],
          ["SELECT 2", 8],
        ]);
      }),
      { numRuns: 150 },
    );
  });
});

describe("the text of a migration", () => {
  test("is the same with Windows' line ends and a byte order mark", () => {
    const text = migrationText("SELECT 1;");
    const windows = `\uFEFF${text.replaceAll("\n", "\r\n")}`;
    expect(normalizeText(windows)).toBe(text);
    expect(checksumOf(normalizeText(windows))).toBe(checksumOf(text));
  });

  test("is another one with any other change", () => {
    const text = migrationText("SELECT 1;");
    for (const other of [`${text}\n`, text.replace("a test", "a  test"), text.replace("SELECT", "select")]) {
      expect(checksumOf(normalizeText(other))).not.toBe(checksumOf(text));
    }
    expect(checksumOf("")).toBe("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  });
});
