import { beforeAll, expect, test } from "vitest";
import {
  concurrentBuilds,
  leftIndexProblem,
} from "../../../../../components/core/migrations/alembic/left-indexes";
import { loadSqlParser, type SqlParser } from "../../../../../components/core/migrations/sql-parser";
import { judgeParts } from "../judged";

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

const build = 'CREATE INDEX CONCURRENTLY IF NOT EXISTS "By name" ON app.people (name);';
const buildsOf = (sql: string) => concurrentBuilds(judgeParts(parser, [sql], { transaction: false }));

test("an invalid index of a build that is to come is told, with what takes it away", () => {
  const [found] = buildsOf(build);
  expect(leftIndexProblem(found!, { state: "invalid", copies: [] })).toEqual({
    path: expect.stringMatching(/:\d+$/) as unknown,
    message: expect.stringContaining("an earlier build of the index By name failed") as unknown,
    hint: 'as its owner, outside of a transaction: DROP INDEX CONCURRENTLY IF EXISTS "app"."By name"; Then run this again',
  });
});

test("one that is valid, absent or another table's is not", () => {
  const [found] = buildsOf(build);
  for (const state of ["valid", "absent", "elsewhere"] as const)
    expect(leftIndexProblem(found!, { state, copies: [] })).toBeUndefined();
});

test("a file that drops it by itself needs nobody, and neither does a build within a transaction", () => {
  expect(buildsOf(`DROP INDEX CONCURRENTLY IF EXISTS app."By name";\n${build}`)).toEqual([]);
  expect(buildsOf(`DROP INDEX CONCURRENTLY IF EXISTS app.other;\n${build}`)).toHaveLength(1);
  expect(buildsOf("CREATE INDEX by_name ON app.people (name);")).toEqual([]);
});
