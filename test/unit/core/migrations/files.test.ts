import { beforeAll, describe, expect, test } from "vitest";
import { parseFileName, slug } from "../../../../components/core/migrations/file-name";
import { parseMigrations } from "../../../../components/core/migrations/migration-set";
import { migrationTemplate, nextFileName } from "../../../../components/core/migrations/new-migration";
import { parseMigration } from "../../../../components/core/migrations/parse-migration";
import { loadSqlParser, type SqlParser } from "../../../../components/core/migrations/sql-parser";
import { ProblemError } from "../../../../components/core/problem";
import { fileOf, migrationText, notes } from "./judged";

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

/** What is wrong with a file, as `line: message`. */
function told(text: string, name = "0001-a.sql"): string[] {
  return parseMigration(fileOf(name, text), parser).problems.map(
    ({ path, message }) => `${path.replace(`sql/migrations/${name}`, "").replace(/^:/, "")}: ${message}`,
  );
}

const up = "-- migrate:up\nSELECT 1;\n";
const down = "-- migrate:down\nSELECT 2;\n";

describe("names", () => {
  test.each([
    ["0007-add-user-preferences.sql", "number", "0007", "add-user-preferences"],
    ["123456789-a.sql", "number", "123456789", "a"],
    ["20260314150926-a-2.sql", "timestamp", "20260314150926", "a-2"],
  ])("%s", (file, kind, version, name) => {
    expect(parseFileName(file)).toEqual({ file, kind, version, name });
  });

  test.each([
    ["001-a.sql", "3 digits"],
    ["2026031415-a.sql", "10 digits"],
    ["20260231000000-a.sql", "no moment"],
    ["20260314250926-a.sql", "no moment"],
    ["0001_a.sql", "is not the name"],
    ["0001-A.sql", "is not the name"],
    ["0001-.sql", "is not the name"],
    ["0001-a--b.sql", "is not the name"],
    ["a.sql", "is not the name"],
    ["0001.sql", "is not the name"],
  ])("%s is none", (file, message) => {
    expect(parseFileName(file)).toMatchObject({
      path: file,
      message: expect.stringContaining(message) as string,
    });
  });

  test.each([
    ["0001_Add_Orders.sql", "0001-add-orders.sql"],
    ["7 Éclair.sql", "0007-eclair.sql"],
    ["20260314150926_x.sql", "20260314150926-x.sql"],
    ["orders.sql", "0001-orders.sql"],
  ])("%s: %s is offered", (file, offered) => {
    expect(parseFileName(file)).toMatchObject({ hint: expect.stringContaining(offered) as string });
    expect(parseFileName(offered)).toHaveProperty("kind");
  });

  test.each([
    ["add user preferences", "add-user-preferences"],
    ["  Ünïcode & more! ", "unicode-more"],
    ["../../etc/passwd", "etc-passwd"],
    ["日本", ""],
  ])("%j gives %j", (text, name) => {
    expect(slug(text)).toBe(name);
  });
});

describe("a file", () => {
  test("is a migration with its notes, parts and lines", () => {
    const text = `-- Why: orders are kept\n--   for ten years: by law\n\n-- data: none\n-- rollback: all\n-- performance: small\n${up}\n${down}`;
    const { migration, problems } = parseMigration(fileOf("0001-a.sql", text), parser);
    expect(problems).toEqual([]);
    expect(migration).toMatchObject({
      version: "0001",
      name: "a",
      transactional: true,
      notes: {
        why: "orders are kept for ten years: by law",
        data: "none",
        rollback: "all",
        performance: "small",
      },
      upLines: { first: 7, last: 9 },
      up: [{ text: "SELECT 1", firstLine: 8, lastLine: 8 }],
      down: [{ text: "SELECT 2", firstLine: 11 }],
    });
  });

  test("without a way back says why", () => {
    const { migration, problems } = parseMigration(
      fileOf("0001-a.sql", `${notes}-- irreversible: the rows are gone\n${up}`),
      parser,
    );
    expect(problems).toEqual([]);
    expect(migration).toMatchObject({ irreversible: "the rows are gone", down: [] });
  });

  test.each<[string, string, string[]]>([
    [
      "no notes",
      up + down,
      [
        '1: says nothing about "why"',
        '1: says nothing about "data"',
        '1: says nothing about "rollback"',
        '1: says nothing about "performance"',
      ],
    ],
    ["an empty note", notes.replace("small", "") + up + down, ['4: "performance" is not filled in']],
    [
      "the template's words",
      notes.replace("small", "<how large>") + up + down,
      ['4: "performance" is not filled in'],
    ],
    ["a note twice", `${notes}-- why: again\n${up}${down}`, ['5: says "why" a second time']],
    [
      "a word that is nearly one",
      `${notes}-- transactions: none\n${up}${down}`,
      ['5: "transactions:" is no word of a header'],
    ],
    [
      "another way of a transaction",
      `${notes}-- transaction: false\n${up}${down}`,
      ["5: transaction: false is not known"],
    ],
    ["no reason", `${notes}-- irreversible:\n${up}`, ['5: "irreversible" has no reason']],
    ["both ways", `${notes}-- irreversible: x\n${up}${down}`, ["8: is irreversible and has a way back"]],
    ["no way back", notes + up, ["5: has no way back"]],
    ["an empty way back", `${notes}${up}-- migrate:down\n-- later\n`, ["7: has no way back"]],
    ["nothing", `${notes}-- migrate:up\n${down}`, ["5: does nothing"]],
    ["no marker", notes, ["1: has no `-- migrate:up`"]],
    ["two ups", notes + up + up, ["5: has the markers up, up: one up, then one down at most"]],
    ["down first", notes + down + up, ["5: has the markers down, up: one up, then one down at most"]],
    [
      "dbmate's option",
      notes + up.replace("up", "up transaction:false") + down,
      ['5: "-- migrate:up transaction:false" is no marker'],
    ],
    [
      "a marker behind a statement",
      `${notes}${up}SELECT 2; -- migrate:down\nSELECT 3;`,
      ['7: "-- migrate:down" is no marker'],
    ],
    [
      "SQL in the header",
      `${notes}SELECT 0;\n${up}${down}`,
      ["5: has SQL before its first marker, which nothing runs"],
    ],
    ["a zero byte", `${notes}${up}\0DROP TABLE a;\n${down}`, ["7: holds a zero byte"]],
    [
      "a syntax error",
      migrationText("SELECT 1;\nSELEC 'é', 2;"),
      ["7:1: syntax error at or near \"SELEC\", in: SELEC 'é', 2;"],
    ],
    [
      "one behind other letters",
      migrationText("SELECT 'é😀', x y z;"),
      ["6:18: syntax error at or near \"z\", in: SELECT 'é😀', x y z;"],
    ],
    [
      "an open quote",
      migrationText("SELECT 'x;"),
      ["6:8: unterminated quoted string at or near \"'x;, in: SELECT 'x;"],
    ],
    [
      "errors in both parts",
      migrationText("SELEC 1;", { down: "SELEC 2;" }),
      [
        '6:1: syntax error at or near "SELEC", in: SELEC 1;',
        '8:1: syntax error at or near "SELEC", in: SELEC 2;',
      ],
    ],
    [
      "psql's commands",
      migrationText("\\i other.sql\nSELECT 1;\n\\echo x"),
      ['6: "\\i other.sql" is a command of psql', '8: "\\echo x" is a command of psql'],
    ],
    ["\\copy", migrationText("\\copy a from 'x'"), [`6: "\\copy a from 'x'" is a command of psql`]],
    [
      "rows for COPY",
      migrationText("COPY a (x, y) FROM stdin;\n1\tit's\n\\.\n"),
      ["6: COPY … FROM STDIN waits for rows that only psql sends"],
    ],
    [
      "rows that nobody ends",
      migrationText("COPY a FROM STDIN;\n1\t2\n"),
      ["6: COPY … FROM STDIN waits for rows that only psql sends"],
    ],
  ])("with %s is refused", (_what, text, expected) => {
    expect(told(text)).toEqual(expected);
  });

  test("tells everything at once", () => {
    expect(told("-- why: x\n-- migrate:up\nCOMMIT;\n-- migrate:down\nSELEC;", "1-a.sql")).toHaveLength(6);
  });
});

describe("a directory", () => {
  const read = (names: readonly string[], others: readonly string[] = []): string[] => {
    const files = names.map((name) => fileOf(name, migrationText("SELECT 1;")));
    try {
      return parseMigrations({ path: "sql/migrations", files, others }, parser).map(({ file }) => file);
    } catch (error) {
      if (!(error instanceof ProblemError)) throw error;
      return error.problems.map(({ path, message }) => `${path.replace("sql/migrations", ".")}: ${message}`);
    }
  };

  test("is in the order of its numbers", () => {
    expect(read(["10000-c.sql", "9998-a.sql", "9999-b.sql"])).toEqual([
      "9998-a.sql",
      "9999-b.sql",
      "10000-c.sql",
    ]);
    expect(read(["20260314150927-b.sql", "20260314150926-a.sql"])).toEqual([
      "20260314150926-a.sql",
      "20260314150927-b.sql",
    ]);
    expect(read([], [".gitkeep", "README.md"])).toEqual([]);
  });

  test.each([
    [["0001-a.sql", "0001-b.sql"], [], ["./0001-b.sql: has the number of 0001-a.sql"]],
    [["0001-a.sql", "00001-b.sql"], [], ["./00001-b.sql: has the number of 0001-a.sql"]],
    [["0001-a.sql", "0002-a.sql"], [], ["./0002-a.sql: has the name of 0001-a.sql"]],
    [["0001-a.sql", "0004-b.sql"], [], ["./0004-b.sql: follows on 0001-a.sql: 0002 is missing"]],
    [
      ["0001-a.sql", "20260314150926-b.sql"],
      [],
      [".: has 1 files with a number and 1 with a timestamp, such as 0001-a.sql"],
    ],
    [["0001-a.sql"], ["old", "notes.txt"], ["./old: is no migration", "./notes.txt: is no migration"]],
  ])("of %j and %j is refused", (names, others, expected) => {
    expect(read(names, others)).toEqual(expected);
  });
});

describe("the next file", () => {
  const now = new Date("2026-03-14T15:09:26.535Z");
  test.each<[string[], "number" | "timestamp" | undefined, string]>([
    [[], undefined, "0001-add-a.sql"],
    [[], "timestamp", "20260314150926-add-a.sql"],
    [["0009-x.sql", "README.md"], undefined, "0010-add-a.sql"],
    [["000099-x.sql"], undefined, "000100-add-a.sql"],
    [["9999-x.sql"], "number", "10000-add-a.sql"],
    [["20260101000000-x.sql"], undefined, "20260314150926-add-a.sql"],
    [["20260314150926-x.sql"], undefined, "20260314150927-add-a.sql"],
    [["20261231235959-x.sql"], undefined, "20270101000000-add-a.sql"],
  ])("after %j, %s: %s", (existing, kind, file) => {
    expect(nextFileName({ title: "Add A", existing, now, ...(kind === undefined ? {} : { kind }) })).toBe(
      file,
    );
  });

  test.each<[string, string[], "number" | "timestamp" | undefined, string]>([
    ["!?", [], undefined, "gives no name"],
    ["x".repeat(101), [], undefined, "101 characters"],
    ["add a", ["0001-add-a.sql"], undefined, 'is called "add-a" already'],
    ["add a", ["0001-x.sql"], "timestamp", "has a number"],
    ["add a", ["20260101000000-x.sql"], "number", "has a timestamp"],
  ])("%s after %j is refused", (title, existing, kind, message) => {
    expect(() => nextFileName({ title, existing, now, ...(kind === undefined ? {} : { kind }) })).toThrow(
      message,
    );
  });

  test("asks what has to be answered, and has nothing else wrong", () => {
    expect(told(migrationTemplate()).map((one) => one.slice(3))).toEqual([
      '"why" is not filled in',
      '"data" is not filled in',
      '"rollback" is not filled in',
      '"performance" is not filled in',
    ]);
  });
});
