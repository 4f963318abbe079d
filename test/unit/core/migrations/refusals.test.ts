import { beforeAll, describe, expect, test } from "vitest";
import { judgeMigrations } from "../../../../components/core/migrations/gate/judge";
import { parseMigration } from "../../../../components/core/migrations/parse-migration";
import { loadSqlParser, type SqlParser } from "../../../../components/core/migrations/sql-parser";
import { ProblemError } from "../../../../components/core/problem";
import { fileOf, judgeLast, migrationText } from "./judged";

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

const none = "-- transaction: none\n";

/** What is wrong with a file; of acknowledgements as well. */
function told(up: string, header = ""): string[] {
  const { migration, problems } = parseMigration(fileOf("0001-a.sql", migrationText(up, { header })), parser);
  if (migration === undefined) return problems.map(({ message }) => message);
  try {
    judgeMigrations([migration], parser);
    return [];
  } catch (error) {
    if (!(error instanceof ProblemError)) throw error;
    return error.problems.map(({ message }) => message);
  }
}

describe("a transaction is not the file's to end", () => {
  test.each([
    "BEGIN",
    "START TRANSACTION",
    "COMMIT",
    "END",
    "ROLLBACK",
    "ABORT",
    "SAVEPOINT a",
    "RELEASE a",
    "ROLLBACK TO a",
    "PREPARE TRANSACTION 'x'",
    "COMMIT PREPARED 'x'",
  ])("%s", (sql) => {
    for (const header of ["", none])
      expect(told(`${sql};`, header).join()).toContain("would end or split the transaction");
  });

  test("nor a DO block's, but without one", () => {
    const block = "DO $$ BEGIN UPDATE a SET b = 1 WHERE c = 2; COMMIT; END $$;";
    expect(told(block)).toEqual(["COMMIT or ROLLBACK in a DO block cannot run inside of a transaction"]);
    expect(told(block, none)).toEqual([]);
  });
});

describe("a session is not the file's", () => {
  test.each([
    ["SET ROLE app", "runs as the owner"],
    ["SET LOCAL ROLE app", "runs as the owner"],
    ["RESET ROLE", "runs as the owner"],
    ["SET SESSION AUTHORIZATION app", "runs as the owner"],
    ["SELECT set_config('role', 'app', true)", "runs as the owner"],
    ["DO $$ BEGIN SET LOCAL ROLE app; END $$", "runs as the owner"],
    ["DO $$ BEGIN PERFORM set_config('role', 'app', true); END $$", "runs as the owner"],
    ["DO $$ DECLARE x text; BEGIN x := set_config('role', 'app', true); END $$", "runs as the owner"],
    ["DO $$ BEGIN EXECUTE 'SET LOCAL ROLE app'; END $$", "runs as the owner"],
    ["DO $$ BEGIN EXECUTE 'SET work_mem = 64'; END $$", "would hold for what runs after"],
    ["SET LOCAL standard_conforming_strings = off", "read another statement"],
    ["SELECT set_config('standard_conforming_strings', 'off', true)", "read another statement"],
    ["SET LOCAL NAMES 'SJIS'", "read another statement"],
    ["SET LOCAL client_encoding = 'BIG5'", "read another statement"],
    ["SET LOCAL transaction_read_only = on", "has begun already"],
    ["SELECT set_config('transaction_isolation', 'serializable', true)", "has begun already"],
    ["UPDATE pg_catalog.pg_settings SET setting = '0' WHERE name = 'lock_timeout'", "would hold for what"],
    ["SELECT pg_advisory_unlock_all()", "a lock of the session"],
    ["SELECT pg_catalog.pg_try_advisory_lock_shared(1)", "a lock of the session"],
    ["DO $$ BEGIN PERFORM pg_advisory_lock(1); END $$", "a lock of the session"],
    ["RESET ALL", "takes the time limits off"],
    ["DISCARD ALL", "takes the time limits off"],
    ["SET TRANSACTION ISOLATION LEVEL SERIALIZABLE", "has begun already"],
    ["SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", "has begun already"],
    ["SET lock_timeout = '1s'", "would hold for what runs after"],
    ["RESET search_path", "would hold for what runs after"],
    ["SELECT pg_catalog.set_config('search_path', '', false)", "would hold for what runs after"],
    ["COPY a TO STDOUT", "gives rows to nobody"],
  ])("%s", (sql, message) => {
    expect(told(`${sql};`).join()).toContain(message);
  });

  test("what ends with its transaction is", () => {
    const fine =
      "SET LOCAL work_mem = '1GB'; SELECT set_config('work_mem', '1GB', true); SET CONSTRAINTS ALL DEFERRED;";
    expect(told(fine)).toEqual([]);
    expect(told("SELECT pg_advisory_xact_lock(1), pg_try_advisory_xact_lock(2);")).toEqual([]);
    expect(told("CREATE FUNCTION f() RETURNS void LANGUAGE sql RETURN pg_advisory_lock(1);")).toEqual([]);
    expect(told("SET standard_conforming_strings = off;", none).join()).toContain("read another statement");
    expect(told("SET work_mem = '1GB'; CREATE INDEX CONCURRENTLY ON a (x);", none)).toEqual([]);
    expect(told("CREATE FUNCTION f() RETURNS int LANGUAGE sql SET search_path = app RETURN 1;")).toEqual([]);
  });
});

describe("what cannot run inside of a transaction", () => {
  test.each([
    "CREATE INDEX CONCURRENTLY ON a (x)",
    "DROP INDEX CONCURRENTLY i",
    "REINDEX INDEX CONCURRENTLY i",
    "REINDEX SCHEMA s",
    "VACUUM a",
    "VACUUM FULL a",
    "ALTER SYSTEM SET work_mem = '1GB'",
    "CREATE DATABASE d",
    "DROP DATABASE d",
    "CREATE TABLESPACE t LOCATION '/x'",
    "DROP TABLESPACE t",
    "ALTER TABLE a DETACH PARTITION b CONCURRENTLY",
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p",
    "DROP SUBSCRIPTION s",
    "ALTER SUBSCRIPTION s REFRESH PUBLICATION",
    "CLUSTER",
    "ALTER DATABASE d SET TABLESPACE t",
  ])("%s is told", (sql) => {
    expect(told(`${sql};`).join()).toContain("cannot run inside of a transaction");
    expect(told(`${sql};`, none).join()).not.toContain("transaction");
  });

  test.each([
    "CREATE INDEX ON a (x)",
    "REINDEX TABLE a",
    "REINDEX (CONCURRENTLY false) TABLE a",
    "ANALYZE",
    "CLUSTER a",
    "REFRESH MATERIALIZED VIEW CONCURRENTLY m",
    "ALTER TABLE a DETACH PARTITION b",
    "CREATE SUBSCRIPTION s CONNECTION 'x' PUBLICATION p WITH (create_slot = false)",
    "ALTER TYPE m ADD VALUE 'x'",
  ])("%s is not", (sql) => {
    expect(told(`${sql};`)).toEqual([]);
  });

  test("a new value of a type is used after its transaction", () => {
    const used = "ALTER TYPE m ADD VALUE 'late'; INSERT INTO a VALUES ('late');";
    expect(told(used)).toEqual([
      "'late' is a new value of a type, and cannot be used before its transaction has ended",
    ]);
    expect(told(used, none)).toEqual([]);
    expect(told(`CREATE TYPE m AS ENUM ('a'); ${used}`)).toEqual([]);
    expect(told("ALTER TYPE m ADD VALUE 'late'; ALTER TYPE m ADD VALUE 'later' AFTER 'late';")).toEqual([]);
  });
});

describe("an acknowledgement", () => {
  const allow = (target: string): string =>
    `-- pgstead:allow ${target} reason="nobody reads it"\nDROP TABLE a CASCADE;`;

  test("of a rule lets its findings through, of a class all of them", () => {
    const [table, cascade] = judgeLast(parser, [allow("drop-table")]).findings;
    expect(table).toMatchObject({
      blocks: false,
      needs: "backup",
      acknowledged: { target: "drop-table", reason: "nobody reads it", line: 6 },
    });
    expect(cascade).toMatchObject({ blocks: true, acknowledged: null });
    expect(judgeLast(parser, [allow("data-loss")]).findings.map(({ blocks }) => blocks)).toEqual([
      false,
      false,
    ]);
  });

  test("stands beside others before its statement, and for no other one", () => {
    const both = '-- pgstead:allow drop-cascade reason="seen by two"\n-- more words\n' + allow("drop-table");
    expect(judgeLast(parser, [both]).findings.every(({ blocks }) => !blocks)).toBe(true);
    expect(judgeLast(parser, [`${both}\nDROP TABLE b;`]).findings.every(({ blocks }) => blocks)).toBe(true);
  });

  test.each([
    ["-- pgstead:allow drop-table\nDROP TABLE a;", "allows without a reason, or in other words"],
    ["-- pgstead:allow\nDROP TABLE a;", "allows without a reason, or in other words"],
    ['-- pgstead:allow drop-table reason=""\nDROP TABLE a;', 'the reason "" tells nobody anything'],
    ['-- pgstead:allow drop-table reason="ok"\nDROP TABLE a;', 'the reason "ok" tells nobody anything'],
    ['-- pgstead:allow drop-tabel reason="not used"\nDROP TABLE a;', "drop-tabel is no class and no rule"],
    ['-- pgstead:alow drop-table reason="not used"\nDROP TABLE a;', "is no directive"],
    ['/* pgstead:allow drop-table reason="not used" */\nDROP TABLE a;', "is no directive"],
    [
      '-- pgstead:allow drop-column reason="not used"\nDROP TABLE a;',
      "acknowledges nothing: drop-column was not found",
    ],
    [
      '-- pgstead:allow data-loss reason="not used"\nSELECT 1;',
      "acknowledges nothing: data-loss was not found",
    ],
    [
      'DROP TABLE a; -- pgstead:allow drop-table reason="not used"\nSELECT 1;',
      "allows something behind a statement",
    ],
    ['DROP TABLE a;\n-- pgstead:allow drop-table reason="not used"\n', "it is before no statement"],
    ['DROP TABLE\n-- pgstead:allow drop-table reason="not used"\na;', "it is before no statement"],
  ])("%j is refused", (sql, message) => {
    expect(told(sql).join()).toContain(message);
  });

  test("in the header is refused", () => {
    expect(told("SELECT 1;", '-- pgstead:allow drop-table reason="not used"\n').join()).toContain(
      "it is before no statement",
    );
  });
});
