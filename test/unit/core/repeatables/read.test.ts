import { beforeAll, describe, expect, test } from "vitest";
import { loadSqlParser, type SqlParser } from "../../../../components/core/migrations/sql-parser";
import { faultsOf, readTexts } from "./read";

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

const f = (name: string, body = "SELECT 1", returns = "int"): string =>
  `CREATE OR REPLACE FUNCTION app.${name} RETURNS ${returns} LANGUAGE sql AS $$ ${body} $$;`;
const v = (name: string, query: string): string => `CREATE OR REPLACE VIEW app.${name} AS ${query};`;
const order = (texts: Readonly<Record<string, string>>): string[] =>
  readTexts(parser, texts).map(({ name }) => name);

describe("the order of repeatable files", () => {
  test("is functions, then views, by name, where nothing else is said", () => {
    expect(
      order({ "views/a.sql": v("a", "SELECT 1"), "functions/z.sql": f("z()"), "functions/b.sql": f("b()") }),
    ).toEqual(["functions/b.sql", "functions/z.sql", "views/a.sql"]);
  });

  test.each([
    ["a view on a view", { "views/a.sql": v("a", "SELECT * FROM app.b"), "views/b.sql": v("b", "SELECT 1") }],
    ["one without a schema", { "views/a.sql": v("a", "SELECT * FROM b"), "views/b.sql": v("b", "SELECT 1") }],
    [
      "in a WITH",
      {
        "views/a.sql": v("a", "WITH x AS (SELECT * FROM app.b) SELECT * FROM x"),
        "views/b.sql": v("b", "SELECT 1"),
      },
    ],
    [
      "a function on a function, in SQL",
      { "functions/a.sql": f("a()", "SELECT app.b()"), "functions/b.sql": f("b()") },
    ],
    [
      "and with BEGIN ATOMIC",
      {
        "functions/a.sql":
          "CREATE OR REPLACE FUNCTION app.a() RETURNS int LANGUAGE sql BEGIN ATOMIC SELECT app.b(); END;",
        "functions/b.sql": f("b()"),
      },
    ],
    [
      "a function on a view's rows",
      {
        "functions/a.sql": f("a()", "SELECT * FROM app.t", "SETOF app.b"),
        "views/b.sql": v("b", "SELECT 1"),
      },
    ],
    [
      "a variable in PL/pgSQL of a view's rows",
      {
        "functions/a.sql":
          "CREATE OR REPLACE FUNCTION app.a() RETURNS int LANGUAGE plpgsql AS $$ DECLARE r app.b%ROWTYPE; BEGIN RETURN 1; END $$;",
        "views/b.sql": v("b", "SELECT 1"),
      },
    ],
    [
      "a trigger on a view",
      {
        "functions/a.sql":
          '-- pgstead:allow change-trigger reason="it is meant"\nCREATE OR REPLACE TRIGGER a INSTEAD OF INSERT ON app.b FOR EACH ROW EXECUTE FUNCTION app.t();',
        "views/b.sql": v("b", "SELECT 1"),
      },
    ],
    [
      "a default of an argument",
      { "functions/a.sql": f("a(x int DEFAULT app.b())"), "functions/b.sql": f("b()") },
    ],
  ])("has what is needed first: %s", (_what, texts) => {
    expect(order(texts)[1]).toMatch(/\/a\.sql$/);
  });

  test("asks nothing of bodies in PL/pgSQL, which may call each other", () => {
    const calls = (name: string, other: string): string =>
      `CREATE OR REPLACE FUNCTION app.${name}() RETURNS int LANGUAGE plpgsql AS $$ BEGIN RETURN app.${other}(); END $$;`;
    expect(order({ "functions/a.sql": calls("a", "b"), "functions/b.sql": calls("b", "a") })).toEqual([
      "functions/a.sql",
      "functions/b.sql",
    ]);
  });

  test("takes a WITH of the same name for what it is, and its own objects for its own", () => {
    const texts = {
      "views/a.sql": v("a", "WITH b AS (SELECT 1) SELECT * FROM b"),
      "views/b.sql": `${v("b", "SELECT * FROM app.a")}${v("c", "SELECT * FROM app.b")}`,
    };
    expect(order(texts)).toEqual(["views/a.sql", "views/b.sql"]);
  });

  test("tells of a circle with the files that it goes through, and of nobody else", () => {
    expect(
      faultsOf(parser, {
        "views/a.sql": v("a", "SELECT * FROM app.b"),
        "views/b.sql": v("b", "SELECT app.c()"),
        "functions/c.sql": f("c()", "SELECT * FROM app.a"),
        "views/d.sql": v("d", "SELECT * FROM app.a"),
      }),
    ).toEqual([
      "sql/functions/c.sql: needs what needs it: sql/functions/c.sql needs sql/views/a.sql needs sql/views/b.sql needs sql/functions/c.sql",
    ]);
  });
});

describe("a repeatable file", () => {
  test.each([
    f("a()"),
    "CREATE OR REPLACE PROCEDURE app.p() LANGUAGE sql AS 'SELECT 1';",
    v("a", "SELECT 1"),
    "DROP VIEW IF EXISTS app.a;\nCREATE OR REPLACE VIEW app.a AS SELECT 1;",
    "DROP FUNCTION IF EXISTS app.a;\nCREATE OR REPLACE FUNCTION app.a(int) RETURNS int LANGUAGE sql AS 'SELECT 1';",
    "DROP MATERIALIZED VIEW IF EXISTS app.m;\nCREATE MATERIALIZED VIEW app.m AS SELECT 1 AS id;\nCREATE UNIQUE INDEX m_id ON app.m (id);\nCOMMENT ON MATERIALIZED VIEW app.m IS 'x';\nGRANT SELECT ON app.m TO shop_app;",
    `${f("a(int)")}\nALTER FUNCTION app.a(int) SET search_path = pg_catalog;\nREVOKE EXECUTE ON FUNCTION app.a(int) FROM PUBLIC;\nGRANT EXECUTE ON FUNCTION app.a(int) TO shop_app;\nCOMMENT ON FUNCTION app.a(int) IS 'x';`,
  ])("may be %j, and is safe", (text) => {
    const [file] = readTexts(parser, { "functions/x.sql": text });
    expect(file!.statements.map(({ judged }) => judged.class)).toEqual(file!.statements.map(() => "safe"));
  });

  test.each([
    [
      "CREATE FUNCTION app.a() RETURNS int LANGUAGE sql AS 'SELECT 1';",
      "function app.a() is made once: a second run would fail",
    ],
    ["CREATE VIEW app.a AS SELECT 1;", "view app.a is made once: a second run would fail"],
    ["CREATE OR REPLACE VIEW a AS SELECT 1;", "view a has no schema"],
    ["CREATE OR REPLACE TEMP VIEW a AS SELECT 1;", "a temporary view cannot be applied again and again"],
    [
      "CREATE MATERIALIZED VIEW app.m AS SELECT 1;",
      "materialized view app.m is made once: a second run would fail",
    ],
    [
      "DROP MATERIALIZED VIEW IF EXISTS app.m; CREATE MATERIALIZED VIEW IF NOT EXISTS app.m AS SELECT 1;",
      "materialized view app.m would keep its old text",
    ],
    ["DROP VIEW IF EXISTS app.a;", "drops view app.a, which this file does not make anew"],
    [`DROP VIEW app.a; ${v("a", "SELECT 1")}`, "drops what may not be there"],
    [`DROP VIEW IF EXISTS app.a CASCADE; ${v("a", "SELECT 1")}`, "drops with CASCADE whatever depends on it"],
    [`${v("a", "SELECT 1")} DROP VIEW IF EXISTS app.a;`, "drops view app.a after it was made"],
    ["DROP TABLE IF EXISTS app.t;", "DROP of this cannot be applied again and again"],
    ["CREATE TABLE app.t ();", "this statement cannot be applied again and again"],
    ["INSERT INTO app.t VALUES (1);", "this statement cannot be applied again and again"],
    ["DO $$ BEGIN NULL; END $$;", "this statement cannot be applied again and again"],
    ["CREATE INDEX i ON app.t (a);", "index i: this file does not make it"],
    ["GRANT SELECT ON app.t TO x;", "a privilege on t: this file does not make it"],
    [
      "GRANT SELECT ON ALL TABLES IN SCHEMA app TO x;",
      "a privilege on all of a kind cannot be applied again and again",
    ],
    ["ALTER FUNCTION app.g() STABLE;", "ALTER FUNCTION g: this file does not make it"],
    [
      "CREATE TRIGGER t BEFORE INSERT ON app.t FOR EACH ROW EXECUTE FUNCTION app.f();",
      "trigger t on app.t is made once: a second run would fail",
    ],
    ["COMMIT;", "COMMIT would end or split the transaction of the migration"],
    [
      '-- pgstead:allow drop-table reason="it is meant"\nCREATE OR REPLACE VIEW app.a AS SELECT 1;',
      "acknowledges nothing: drop-table was not found",
    ],
    [
      "CREATE OR REPLACE VIEW app.a AS SELEC 1;",
      'syntax error at or near "SELEC", in: CREATE OR REPLACE VIEW app.a AS SELEC 1;',
    ],
    ["-- nothing", "does nothing"],
    ["\\i other.sql", '"\\i other.sql" is a command of psql'],
    ["SELECT 'open", "unterminated quoted string at or near \"'open\", in: SELECT 'open"],
  ])("may not be %j: %s", (text, message) => {
    expect(
      faultsOf(parser, { "functions/x.sql": text }).map((fault) => fault.replace(/^[^ ]+ /, "")),
    ).toContain(message);
  });

  test("is told with its line, and all faults of all files come at once", () => {
    expect(
      faultsOf(
        parser,
        {
          "functions/x.sql": `${f("a()")}\n\nINSERT INTO t VALUES (1);`,
          "views/y.sql": "CREATE VIEW app.y AS SELECT 1;",
        },
        ["sql/views/notes.txt"],
      ),
    ).toEqual([
      "sql/views/notes.txt: is no repeatable file",
      "sql/functions/x.sql:3: this statement cannot be applied again and again",
      "sql/views/y.sql:1: view app.y is made once: a second run would fail",
    ]);
  });

  test("makes nothing that another one makes; functions may share a name", () => {
    expect(faultsOf(parser, { "functions/a.sql": f("a(int)"), "functions/b.sql": f("a(text)") })).toEqual([]);
    expect(
      faultsOf(parser, { "functions/a.sql": f("a(int)"), "functions/b.sql": f("a(x integer)") }),
    ).toEqual(["sql/functions/b.sql: makes function app.a(int4), as does sql/functions/a.sql"]);
  });

  test("is judged by the gate as a migration is", () => {
    const [file] = readTexts(parser, {
      "functions/x.sql":
        "CREATE OR REPLACE FUNCTION app.x() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'DELETE FROM app.t';",
    });
    expect(
      file!.statements[0]!.judged.findings.map(({ rule, line, file: path, blocks }) => [
        rule,
        path,
        line,
        blocks,
      ]),
    ).toEqual([
      ["security-definer", "sql/functions/x.sql", 1, true],
      ["function-body", "sql/functions/x.sql", 1, true],
    ]);
  });
});
