import { beforeAll, describe, expect, test } from "vitest";
import type { BackupManifest } from "../../../../components/core/backup/manifest";
import { loadSqlParser, type SqlParser } from "../../../../components/core/migrations/sql-parser";
import { readContents } from "../../../../components/core/move/contents";
import {
  checkColumns,
  parseMaskedColumn,
  sayFailure,
  type FoundColumn,
} from "../../../../components/core/move/masking";
import { looksPersonal } from "../../../../components/core/move/personal";
import { planCopy } from "../../../../components/core/move/plan";
import { checkTarget } from "../../../../components/core/move/target";

let parser: SqlParser;
beforeAll(async () => {
  parser = await loadSqlParser();
});

const table = (name: string, kind: "r" | "p" | "f", rows: string | null) => ({
  oid: 1,
  schema: "app",
  name,
  kind,
  rows,
});
const manifest = {
  name: "shop_full_20260101_000000",
  snapshot: {
    takenAt: "2026-01-01T00:00:00.000Z",
    extensions: [{ name: "pg_cron", version: "1" }],
    roles: [{ name: "both" }, { name: "only_there" }],
    tables: [
      table("visits", "p", null),
      table("visits_1", "p", null),
      table("visits_1_a", "r", "5"),
      table("visits_2", "r", "2"),
    ],
  },
} as unknown as BackupManifest;
const facts = {
  ...{ isSuperuser: true, isThere: true, size: 7, sessions: 1, subscriptions: [], slots: ["reader"] },
  ...{ roles: ["both", "own"], extensions: ["pg_cron"] },
};
const schema = [
  "CREATE TABLE app.visits (\n    id bigint,\n    email text,\n    email_sent boolean,\n    note character varying(9)\n)\nPARTITION BY RANGE (id);",
  "CREATE TABLE app.visits_1 (\n    id bigint,\n    email text\n)\nPARTITION BY RANGE (id);",
  "ALTER TABLE ONLY app.visits ATTACH PARTITION app.visits_1 FOR VALUES FROM ('1') TO ('2');",
  "ALTER TABLE ONLY app.visits_1 ATTACH PARTITION app.visits_1_a FOR VALUES FROM ('1') TO ('2');",
  "ALTER TABLE ONLY app.visits ATTACH PARTITION app.visits_2 FOR VALUES FROM ('2') TO ('3');",
  "CREATE SUBSCRIPTION incoming CONNECTION 'password=x' PUBLICATION p;",
  "ALTER DATABASE shop SET work_mem TO '7MB';",
];

describe("the plan of a copy", () => {
  const rules = [{ schema: "app", table: "visits", column: "note", expression: "NULL" }];

  test("counts the rows of all partitions, and tells what is left out and what has no rule", () => {
    const contents = readContents(schema, parser);
    expect(planCopy({ manifest, contents, rules, facts, now: Date.parse("2026-01-01T01:00:00Z") })).toEqual({
      ...{ backup: manifest.name, takenAt: "2026-01-01T00:00:00.000Z", age: 3_600 },
      masking: [{ column: "app.visits.note", rows: "7" }],
      looksPersonal: ["app.visits.email"],
      leftOut: ["subscription incoming", "setting work_mem of the other database"],
      roles: { there: ["both"], made: ["only_there"] },
      replaced: { size: 7, sessions: 1, subscriptions: [], slots: ["reader"] },
    });
  });

  test("says what it cannot know where the backup has no schema beside its dump", () => {
    const plan = planCopy({ manifest, contents: undefined, rules, facts, now: 0 });
    expect(plan).toMatchObject({ masking: [{ rows: null }], looksPersonal: null, leftOut: null, age: 0 });
  });
});

describe("a target", () => {
  test("is refused with all that it lacks", () => {
    expect(checkTarget(facts, manifest, "shop")).toEqual([]);
    const problems = checkTarget({ ...facts, isSuperuser: false, extensions: [] }, manifest, "postgres");
    expect(problems.map(({ path }) => path)).toEqual([
      "database postgres",
      "the managing login",
      "extension pg_cron",
    ]);
  });
});

describe("a rule", () => {
  test("names its column with dots where they are in quotes", () => {
    expect(parseMaskedColumn('app."a.b"."say ""c"""')).toEqual({
      schema: "app",
      table: "a.b",
      column: 'say "c"',
    });
    expect(parseMaskedColumn("app.a.b.c")).toBeUndefined();
    expect(parseMaskedColumn('app."a.b')).toBeUndefined();
  });

  test("is refused for rows on another server, and beside one of the whole table", () => {
    const rule = (name: string) => ({ schema: "app", table: name, column: "email", expression: "NULL" });
    const column = (name: string, change: Partial<FoundColumn> = {}): FoundColumn => ({
      ...{ schema: "app", table: name, kind: "r", column: "email", isGenerated: false, isIdentity: false },
      ...{ foreignKey: null, elsewhere: null, parents: [], ...change },
    });
    const found = [
      column("a", { elsewhere: "app.far" }),
      column("b", { kind: "p" }),
      column("b_1", { parents: ["app.b"] }),
    ];
    expect(checkColumns([rule("a"), rule("b"), rule("b_1")], found)).toMatchObject([
      { path: "app.a.email", message: expect.stringContaining("app.far") as string },
      { path: "app.b_1.email", message: expect.stringContaining("masked with app.b") as string },
    ]);
  });

  test("that fails for a row tells no value of it", () => {
    expect(sayFailure({ code: "22P02", message: 'invalid: "ada@example.org"' })).not.toContain("ada");
    expect(sayFailure({ code: "P0001", message: "ada@example.org" })).not.toContain("ada");
    expect(sayFailure({ code: "23505", message: "duplicate key" })).toBe("duplicate key");
  });
});

describe("a column looks personal", () => {
  test.each(["email", "userEmail", "first_name", "name", "phone_number", "api_key", "IBAN"])(
    "%s",
    (column) => {
      expect(looksPersonal({ column, type: "text" })).toBe(true);
    },
  );
  test.each([
    ["email_verified", "bool"],
    ["email_sent_at", "timestamptz"],
    ["title", "text"],
    ["filename", "text"],
    ["address_id", "int8"],
  ])("%s of type %s does not", (column, type) => {
    expect(looksPersonal({ column, type })).toBe(false);
  });
});
