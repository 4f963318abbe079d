import fc from "fast-check";
import { expect, test } from "vitest";
import { quoteIdentifier } from "../../../../components/core/identifier";
import { normalizeTypes, parseSqlName } from "../../../../components/core/privileges/name";

test.each<[string, readonly string[], string?]>([
  ["orders", ["orders"]],
  ["app.Orders", ["app", "orders"]],
  ['app."Orders"', ["app", "Orders"]],
  ['"My schema" . "a""b.c"', ["My schema", 'a"b.c']],
  ["app.Größe", ["app", "größe"]],
  ["app.price()", ["app", "price"], ""],
  ["app.price(INT, Text [])", ["app", "price"], "integer,text[]"],
  [
    'app.price(app."Mood, bad"[], timestamptz)',
    ["app", "price"],
    'app."Mood, bad"[],timestamp with time zone',
  ],
])("%s is read as SQL reads it", (written, path, args) => {
  expect(parseSqlName(written)).toEqual({ path, ...(args === undefined ? {} : { args }) });
});

test.each(["", "app.", ".orders", "app..orders", 'app."', "app.orders)", "app.price(", "a b", 'a"b"'])(
  "%o is no name",
  (written) => {
    expect(parseSqlName(written)).toBeUndefined();
  },
);

test("types are the same however they are spelt", () => {
  expect(normalizeTypes("int,  Boolean,varchar, double  precision[] [], app.Mood")).toBe(
    "integer,boolean,character varying,double precision[][],app.mood",
  );
});

test("any name that is quoted is read back", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ minLength: 1 }), { minLength: 1, maxLength: 3 }), (names) => {
      fc.pre(names.every((name) => !name.includes("\0")));
      expect(parseSqlName(names.map(quoteIdentifier).join("."))).toEqual({ path: names });
    }),
  );
});
