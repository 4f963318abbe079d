import { beforeAll, expect, test } from "vitest";
import { madeBy } from "../../../../components/core/migrations/made-objects";
import { loadSqlParser, type SqlParser } from "../../../../components/core/migrations/sql-parser";

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

test.each<[string, readonly unknown[]]>([
  ["CREATE TABLE app.orders (id int)", [{ kind: "r", schema: "app", name: "orders" }]],
  ["CREATE TABLE orders AS SELECT 1 AS id", [{ kind: "r", name: "orders" }]],
  ["CREATE VIEW app.v AS SELECT 1", [{ kind: "r", schema: "app", name: "v" }]],
  ["CREATE MATERIALIZED VIEW app.m AS SELECT 1", [{ kind: "r", schema: "app", name: "m" }]],
  ["CREATE SEQUENCE app.s", [{ kind: "S", schema: "app", name: "s" }]],
  [
    "CREATE FUNCTION app.f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
    [{ kind: "f", schema: "app", name: "f" }],
  ],
  ["CREATE TYPE app.mood AS ENUM ('a')", [{ kind: "T", schema: "app", name: "mood" }]],
  ["CREATE DOMAIN app.d AS int", [{ kind: "T", schema: "app", name: "d" }]],
  ["ALTER TABLE app.a RENAME TO b", [{ kind: "r", schema: "app", name: "b" }]],
  ["ALTER TABLE app.a ADD COLUMN c int", [{ kind: "r", schema: "app", name: "a", column: "c" }]],
  ["CREATE TEMPORARY TABLE t (id int)", []],
  ["CREATE INDEX i ON app.orders (id)", []],
  ["DO $$ BEGIN CREATE TABLE app.hidden (id int); END $$", []],
])("%s", (sql, made) => {
  expect(parser.parse(sql).flatMap(({ node }) => madeBy(node))).toEqual(made);
});
