import { beforeAll, describe, expect, test } from "vitest";
import { emptyHistory, type MigrationHistory } from "../../../../components/core/migrations/history";
import type { Migration } from "../../../../components/core/migrations/migration";
import { parseMigrations } from "../../../../components/core/migrations/migration-set";
import { loadSqlParser, type SqlParser } from "../../../../components/core/migrations/sql-parser";
import { digest, directory, downgrade, migration, row, told, upgrade } from "./decided";
import { fileOf, migrationText } from "./judged";

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

describe("a file that stopped half-way", () => {
  const text = "CREATE TABLE a (id int);\nCREATE INDEX CONCURRENTLY i ON a (id);\nVACUUM a;";
  const half = (up = text): Migration =>
    parseMigrations(
      {
        path: directory,
        files: [fileOf("0001-half.sql", migrationText(up, { header: "-- transaction: none\n", down: up }))],
        others: [],
      },
      parser,
    )[0]!;
  const unfinished = (by: object = {}): MigrationHistory => ({
    applied: [],
    unfinished: {
      version: "0001",
      name: "half",
      direction: "up",
      done: [digest("CREATE TABLE a (id int)")],
      running: null,
      startedAt: "",
      startedBy: "m",
      ...by,
    },
  });

  test("goes on where it stopped", () => {
    const running = digest("CREATE INDEX CONCURRENTLY i ON a (id)");
    expect(upgrade([half()], unfinished()).steps).toMatchObject([{ resume: { done: 1, running: false } }]);
    expect(upgrade([half()], unfinished({ running })).steps).toMatchObject([
      { resume: { done: 1, running: true } },
    ]);
    const down = {
      applied: [row(half())],
      unfinished: { ...unfinished().unfinished!, direction: "down" as const },
    };
    expect(downgrade([half()], down, "base").steps).toMatchObject([
      { direction: "down", resume: { done: 1 } },
    ]);
  });

  test("may be changed behind what is done, and nowhere else", () => {
    expect(upgrade([half(`${text}\nVACUUM a;`)], unfinished()).problems).toEqual([]);
    expect(told(upgrade([half(text.replace("id int", "id bigint"))], unfinished()))).toEqual([
      "0001-half.sql: is half done, and has another statement 1 now",
    ]);
    expect(
      told(upgrade([half("VACUUM b;")], unfinished({ done: [digest("VACUUM b"), digest("VACUUM a")] }))),
    ).toEqual(["0001-half.sql: is half done, and has another statement 2 now"]);
    expect(
      told(upgrade([half()], unfinished({ running: digest("CREATE INDEX CONCURRENTLY j ON a (id)") }))),
    ).toEqual(["0001-half.sql: was stopped in its statement 2, which is another one now"]);
    expect(told(upgrade([{ ...half(), transactional: true }], unfinished()))).toEqual([
      "0001-half.sql: is half done, and is a transaction now",
    ]);
  });

  test("has names for what it makes beside running writes", () => {
    expect(told(upgrade([half("CREATE INDEX CONCURRENTLY ON a (id);")], emptyHistory))).toEqual([
      "0001-half.sql:7: makes an index CONCURRENTLY without a name",
    ]);
  });

  test("is finished before anything goes the other way, and not forgotten", () => {
    expect(told(downgrade([half()], unfinished(), "base"))).toEqual(["0001-half.sql: is half applied"]);
    expect(told(upgrade([half()], unfinished({ direction: "down" })))).toEqual([
      "0001-half.sql: is half taken back",
    ]);
    expect(told(upgrade([], unfinished()))).toEqual(["0001-half.sql: is half done, and gone"]);
    const other = migration({ number: 0, name: "first", checksum: "x" });
    expect(told(upgrade([other, half()], unfinished(), "0"))).toEqual([
      "0001-half.sql: is half done, and would not be finished",
    ]);
  });
});
