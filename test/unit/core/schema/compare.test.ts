import { expect, test } from "vitest";
import { compareSchemas } from "../../../../components/core/schema/compare";
import { beyondAccess } from "../../../../components/core/schema/covered";
import { describeDifference, subjectOf } from "../../../../components/core/schema/describe";
import { withoutIgnored, withoutMaintained } from "../../../../components/core/schema/ignore";
import { mendSchema } from "../../../../components/core/schema/mend";
import { classOfStatement } from "../../../../components/core/schema/mend-class";
import type { SchemaObject, SchemaSnapshot } from "../../../../components/core/schema/snapshot";
import { loadSqlParser } from "../../../../components/core/migrations/sql-parser";

const object = (
  kind: SchemaObject["kind"],
  name: string,
  properties: Record<string, string> = {},
  more: Partial<SchemaObject> = {},
): SchemaObject => ({ kind, name, properties, details: {}, ...more });
const snapshot = (...objects: SchemaObject[]): SchemaSnapshot => ({ version: 170_000, objects });

const table = object("table", "app.t", { owner: "me" });
const column = (name: string, properties: Record<string, string> = { type: "text" }) =>
  object("column", `app.t.${name}`, properties, { of: "table app.t" });

test("a missing table is one difference, whatever it has", () => {
  const { differences } = compareSchemas(snapshot(table, column("a"), column("b")), snapshot());
  expect(differences.map((one) => `${subjectOf(one)} ${describeDifference(one)}`)).toEqual([
    "table app.t is missing",
  ]);
});

test("what a partition has from its parent is told of the parent alone, and its own is told", () => {
  const root = (value: string) => object("column", "app.p.a", { default: value });
  const part = (properties: Record<string, string>) =>
    object("column", "app.p1.a", properties, { from: "column app.p.a" });
  const expected = snapshot(root("1"), part({ default: "1" }));
  const same = compareSchemas(expected, snapshot(root("2"), part({ default: "2" })));
  expect(same.differences.map(subjectOf)).toEqual(["column app.p.a"]);
  const own = compareSchemas(expected, snapshot(root("2"), part({ default: "2", storage: "main" })));
  expect(own.differences.map((one) => `${subjectOf(one)} ${describeDifference(one)}`)).toEqual([
    "column app.p.a default: expected 1, found 2",
    "column app.p1.a storage: expected none, found main",
  ]);
});

test("columns in another order are a remark, also beside a column too many", () => {
  const expected = snapshot(table, column("a"), column("b"));
  const { differences, remarks } = compareSchemas(
    expected,
    snapshot(table, column("b"), column("x"), column("a")),
  );
  expect(differences.map(subjectOf)).toEqual(["column app.t.x"]);
  expect(remarks).toEqual([{ subject: "table app.t", message: "its columns stand in another order: b, a" }]);
  expect(compareSchemas(expected, snapshot(table, column("a"), column("x"), column("b"))).remarks).toEqual(
    [],
  );
});

test("of a long text the first other line is told", () => {
  const body = (line: string) => object("function", "app.f()", { body: `BEGIN\n  ${line};\nEND\n` });
  const { differences } = compareSchemas(snapshot(body("RETURN 1")), snapshot(body("RETURN 2")));
  expect(differences.map(describeDifference)).toEqual(["body: line 2: expected RETURN 1;, found RETURN 2;"]);
});

test("what a restore writes in another way is the same, and another value is not", () => {
  const check = (definition: string) => snapshot(object("constraint", "c on app.t", { definition }));
  const made =
    "CHECK (((a)::text = ANY ((ARRAY['a'::character varying, 'it''s'::character varying])::text[])))";
  const restored = (value: string) =>
    `CHECK (((a)::text = ANY (ARRAY[('a'::character varying)::text, ('${value}'::character varying)::text])))`;
  expect(compareSchemas(check(made), check(restored("it''s"))).differences).toEqual([]);
  expect(compareSchemas(check(made), check(restored("its"))).differences).toHaveLength(1);
});

test("a rule leaves out what it names with all its parts, and nothing else", () => {
  const other = object("table", "app.tt");
  const index = object("index", "app.t_idx", {}, { of: "constraint c on app.t" });
  const constraint = object("constraint", "c on app.t", {}, { of: "table app.t" });
  const all = snapshot(table, column("a"), constraint, index, other);
  const names = (one: SchemaSnapshot) => one.objects.map(({ name }) => name);
  expect(names(withoutIgnored(all, [{ kind: "table", name: "app.t" }]))).toEqual(["app.tt"]);
  expect(names(withoutIgnored(all, [{ kind: "view", name: "app.*" }]))).toHaveLength(5);
  expect(names(withoutIgnored(all, [{ name: "app.t*" }]))).toEqual([]);
});

test("partitions that maintenance makes are left out in its schemas alone", () => {
  const part = (schema: string) => object("table", `${schema}.p1`, { "partition of": `${schema}.p` });
  const left = withoutMaintained(snapshot(part("audit"), part("app")), ["audit"]);
  expect(left.objects.map(({ name }) => name)).toEqual(["app.p1"]);
});

test("what Access tells is not told again; what it does not know is", () => {
  const cover = { schemas: ["app", 'odd"name'], privileges: true };
  const of = (name: string, owner: string, select: string) =>
    object("table", name, { owner }, { privileges: { r: select } });
  const names = ["app.t", "by_hand.t", '"odd""name".t'];
  const expected = snapshot(...names.map((name) => of(name, "a", "SELECT")), object("extension", "x"));
  const actual = snapshot(...names.map((name) => of(name, "b", "none")), object("schema", "by_hand"));
  const told = beyondAccess(compareSchemas(expected, actual).differences, cover);
  expect(told.map(subjectOf)).toEqual(["table by_hand.t"]);
  const kept = beyondAccess(compareSchemas(expected, actual).differences, { ...cover, privileges: false });
  expect(kept.map(subjectOf)).toEqual(['table "odd""name".t', "table app.t", "table by_hand.t"]);
  expect(kept.map(describeDifference).slice(0, 1)).toEqual(["owner: expected a, found b"]);
});

test("of an extension the comment is told, unless another version brought another one", () => {
  const cover = { schemas: [], privileges: true };
  const of = (version: string, comment: string) => snapshot(object("extension", "x", { version, comment }));
  const told = (version: string) =>
    beyondAccess(compareSchemas(of("1", "a"), of(version, "b")).differences, cover).map(describeDifference);
  expect(told("1")).toEqual(["comment: expected a, found b"]);
  expect(told("2")).toEqual([]);
});

test("a statement has the class that the gate gives it", async () => {
  const parser = await loadSqlParser();
  const { differences } = compareSchemas(snapshot(table), snapshot(table, column("a")));
  const [drop] = mendSchema({ differences }, snapshot(table));
  expect(drop).toEqual({ subject: "column app.t.a", sql: "ALTER TABLE app.t DROP COLUMN a" });
  expect(classOfStatement(drop?.sql ?? "", parser)).toBe("data-loss");
  expect(classOfStatement("COMMENT ON TABLE app.t IS 'x'", parser)).toBe("safe");
});

test("which partitions by time there are is a remark, and what one of them has is compared", () => {
  const part = (name: string, day: string, properties: Record<string, string> = {}) =>
    object("table", name, {
      "partition of": "app.visits",
      bound: `FOR VALUES FROM ('${day} 00:00:00+00') TO ('2027-02-01 00:00:00+00')`,
      ...properties,
    });
  const [old, kept] = [
    part("app.visits_p20261101", "2026-11-01"),
    part("app.visits_p20261201", "2026-12-01"),
  ];
  const changed = part("app.visits_p20261201", "2026-12-01", { unlogged: "yes" });
  const ahead = [part("app.visits_p20270101", "2027-01-01"), part("app.visits_p20270201", "2027-02-01")];
  const column = object("column", "app.visits_p20261101.id", {}, { of: "table app.visits_p20261101" });
  expect(compareSchemas(snapshot(old, column, kept), snapshot(kept, ...ahead))).toEqual({
    differences: [],
    remarks: [
      {
        subject: "table app.visits",
        message:
          "has more partitions by time than when its migrations ran: app.visits_p20270101, app.visits_p20270201",
      },
      {
        subject: "table app.visits",
        message: "has fewer partitions by time than when its migrations ran: app.visits_p20261101",
      },
    ],
  });
  const told = (expected: SchemaSnapshot, actual: SchemaSnapshot): string[] =>
    compareSchemas(expected, actual).differences.map(subjectOf);
  expect(told(snapshot(kept), snapshot(changed))).toEqual(["table app.visits_p20261201"]);
  // A name alone makes none.
  expect(told(snapshot(), snapshot(part("app.visits_p20261101", "2025-01-01")))).toEqual([
    "table app.visits_p20261101",
  ]);
});
