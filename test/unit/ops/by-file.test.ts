import { expect, test } from "vitest";
import type { Plan, Statement } from "../../../components/core/statement";
import { driftOf } from "../../../infra/ops/drift/drift-item";
import { byFile } from "../../../infra/ops/drift/by-file";

const origin = (file: string, direction: "up" | "down" | "repeat"): Statement["migration"] => ({
  file,
  line: 7,
  owner: "shop_owner",
  direction,
  transactional: true,
  version: "0001",
  name: "orders",
  checksum: "x",
});
const statement = (sql: string, migration?: Statement["migration"]): Statement => ({
  sql,
  reason: "it is so",
  risk: "none",
  kind: "migration",
  ...(migration === undefined ? {} : { migration }),
});
const told = (plan: Plan): string[] =>
  driftOf("Migrations shop", byFile(plan)).map(({ subject, message, sql }) =>
    [subject, sql, message].filter((part) => part !== undefined).join(" | "),
  );

test("a file that waits is one difference, whatever it holds and whoever has to acknowledge it", () => {
  const plan: Plan = {
    statements: [
      statement("CREATE TABLE a ()", origin("sql/migrations/0001-orders.sql", "up")),
      statement("CREATE TABLE b ()", origin("sql/migrations/0001-orders.sql", "up")),
      statement("CREATE VIEW c", origin("sql/views/c.sql", "repeat")),
    ],
    refusals: [{ subject: "sql/migrations/0001-orders.sql:9", message: "is a loss", hint: "say so" }],
  };
  expect(told(plan)).toEqual([
    "sql/migrations/0001-orders.sql | waits to be applied: `up` does it",
    "sql/views/c.sql | waits to be applied: `up` does it",
  ]);
});

test("what differs from what was applied, and what is made for the history, is told as it is", () => {
  const plan: Plan = {
    statements: [
      statement("CREATE TABLE pgstead.migration ()"),
      statement("DROP TABLE a", origin("sql/migrations/0001-orders.sql", "down")),
    ],
    refusals: [{ subject: "sql/migrations/0000-first.sql", message: "was edited", hint: "repair it" }],
  };
  expect(driftOf("Migrations shop", byFile(plan)).map(({ kind }) => kind)).toEqual(
    Array(3).fill("migration"),
  );
  expect(told(plan)).toEqual([
    "CREATE TABLE pgstead.migration () | it is so",
    "sql/migrations/0000-first.sql | was edited; repair it",
    "sql/migrations/0001-orders.sql | `up` takes it back",
  ]);
});
