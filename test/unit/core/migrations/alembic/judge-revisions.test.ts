import { beforeAll, describe, expect, test } from "vitest";
import { judgeRevisions } from "../../../../../components/core/migrations/alembic/judge-revisions";
import type { OfflineSql } from "../../../../../components/core/migrations/alembic/offline-sql";
import type { JudgedStatement } from "../../../../../components/core/migrations/gate/judge";
import { loadSqlParser, type SqlParser } from "../../../../../components/core/migrations/sql-parser";
import { ProblemError } from "../../../../../components/core/problem";
import { comment, offline, revision } from "./revisions";

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

const judge = (up: OfflineSql) => {
  const [judged] = judgeRevisions([{ revision: revision("aaaa"), up }], parser);
  if (judged === undefined) throw new Error("nothing was judged");
  return judged;
};
const found = (statements: readonly JudgedStatement[]): string[] =>
  statements.flatMap(({ findings }) =>
    findings.map(({ file, line, rule, blocks }) => `${file}:${line} ${rule}${blocks ? "" : " allowed"}`),
  );
const problems = (up: OfflineSql): string[] => {
  try {
    judge(up);
  } catch (error) {
    if (error instanceof ProblemError) return error.problems.map(({ path, message }) => `${path} ${message}`);
    throw error;
  }
  return [];
};

describe("a revision is judged by the SQL that it would send", () => {
  test("with the lines of its file, without what Alembic sends itself", () => {
    const { up, migration } = judge(
      offline([
        ["CREATE TABLE a (b int)", 12],
        ["DROP TABLE c", 14],
      ]),
    );
    expect(up.map(({ statement: { text, firstLine } }) => [text, firstLine])).toEqual([
      ["CREATE TABLE a (b int)", 12],
      ["DROP TABLE c", 14],
    ]);
    expect(found(up)).toEqual(["versions/aaaa_aaaa.py:14 drop-table"]);
    expect(migration).toMatchObject({ file: "aaaa_aaaa.py", version: "aaaa", transactional: true });
  });

  test("every statement of a text by itself", () => {
    expect(judge(offline([["DROP TABLE a; DROP TABLE b", 9]])).up).toHaveLength(2);
  });

  test("with those before it in view", () => {
    const first = { revision: revision("aaaa"), up: offline([["CREATE TABLE a (b varchar(9))", 9]]) };
    const widens = offline([["ALTER TABLE a ALTER b TYPE varchar(20)", 9]]);
    const judged = judgeRevisions([first, { revision: revision("bbbb", ["aaaa"]), up: widens }], parser);
    expect(found(judged[1]?.up ?? [])).toEqual([]);
    expect(found(judge(widens).up)).not.toEqual([]);
  });

  test("and runs statement by statement where it leaves its transaction", () => {
    const block = [
      { sql: "BEGIN;", line: null },
      { sql: "COMMIT;", line: 12 },
      { sql: "CREATE INDEX CONCURRENTLY i ON a (b);", line: 13 },
      { sql: "BEGIN;", line: 12 },
      { sql: "COMMIT;", line: null },
    ];
    expect(judge({ ...offline([]), statements: block }).migration.transactional).toBe(false);
  });
});

describe("what no revision may hold", () => {
  test.each([
    ["CREATE INDEX CONCURRENTLY i ON a (b)", "CREATE INDEX CONCURRENTLY cannot run inside of a transaction"],
    [
      "SET ROLE postgres",
      "a migration runs as the owner of the database from its first statement to its record",
    ],
    ["RESET ALL", "RESET ALL takes the time limits off that a migration runs with"],
    ["ROLLBACK", "ROLLBACK would end or split the transaction of the migration"],
  ])("%s is told with its line", (sql, message) => {
    expect(problems(offline([[sql, 12]]))).toEqual([`versions/aaaa_aaaa.py:12 ${message}`]);
  });

  test("a setting is none of it: the connection ends with the revision", () => {
    expect(problems(offline([["SET search_path TO app", 12]]))).toEqual([]);
  });
});

describe("what cannot be shown blocks as opaque", () => {
  test.each([
    ["a failure", { failure: { message: "NoneType has no attribute execute", line: 15 } }, 15],
    ["a question for the connection", { asked: true }, 1],
  ])("%s", (_case, more, line) => {
    expect(found(judge(offline([["SELECT 1", 12]], more)).up)).toEqual([
      `versions/aaaa_aaaa.py:${line} needs-connection`,
    ]);
  });

  test("SQL that PostgreSQL does not read", () => {
    expect(found(judge(offline([["INSERT INTO a VALUES (%(b)s)", 12]])).up)).toEqual([
      "versions/aaaa_aaaa.py:12 needs-connection",
    ]);
  });

  test("until it is allowed, anywhere in the file", () => {
    const words = '# pgstead:allow needs-connection reason="counts the rows, and was read by two"';
    const comments = { found: [comment(3, words)], blank: [] };
    expect(found(judge(offline([["SELECT 1", 12]], { asked: true, comments })).up)).toEqual([
      "versions/aaaa_aaaa.py:1 needs-connection allowed",
    ]);
  });
});

describe("a comment of Python acknowledges", () => {
  const drop = '# pgstead:allow drop-table reason="nobody reads it"';
  const one = (lines: readonly ReturnType<typeof comment>[], blank: readonly number[] = []): OfflineSql =>
    offline(
      [
        ["DROP TABLE a", 12],
        ["DROP TABLE b", 12],
      ],
      { comments: { found: lines, blank } },
    );

  test("all that the statement after it sends, over lines without a word", () => {
    const allowed = [
      "versions/aaaa_aaaa.py:12 drop-table allowed",
      "versions/aaaa_aaaa.py:12 drop-table allowed",
    ];
    expect(found(judge(one([comment(11, drop)])).up)).toEqual(allowed);
    expect(found(judge(one([comment(8, drop), comment(10, "# and so on")], [9, 11])).up)).toEqual(allowed);
  });

  test("nothing before another statement", () => {
    expect(found(judge(one([comment(9, drop)])).up)).toHaveLength(2);
    expect(found(judge(one([comment(9, drop)])).up).join()).not.toContain("allowed");
  });

  test("as one in the SQL itself does", () => {
    const sql = '-- pgstead:allow drop-table reason="nobody reads it"\nDROP TABLE a';
    expect(found(judge(offline([[sql, 12]])).up)).toEqual(["versions/aaaa_aaaa.py:12 drop-table allowed"]);
  });

  test.each([
    [comment(11, drop, false), "versions/aaaa_aaaa.py:11 allows something behind a statement"],
    [
      comment(11, '# pgstead:allow truncate reason="nobody reads it"'),
      "versions/aaaa_aaaa.py:11 acknowledges nothing: truncate was not found",
    ],
    [
      comment(11, "# pgstead:allow drop-table"),
      "versions/aaaa_aaaa.py:11 allows without a reason, or in other words",
    ],
  ])("only in its form: %j", (written, problem) => {
    expect(problems(one([written]))).toEqual([problem]);
  });
});
