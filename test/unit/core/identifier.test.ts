import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { identifierBytes, quoteIdentifier, quoteLiteral } from "../../../components/core/identifier";

const text = fc.string({ unit: "grapheme", maxLength: 40 }).filter((value) => !value.includes("\0"));

describe("a name", () => {
  test.each([
    ["app", '"app"'],
    ["Order Items", '"Order Items"'],
    ["select", '"select"'],
    ['a"b', '"a""b"'],
    ["a.b; DROP TABLE x --", '"a.b; DROP TABLE x --"'],
  ])("%s is quoted", (name, sql) => {
    expect(quoteIdentifier(name)).toBe(sql);
  });

  test("reads back as what it was, whatever is in it", () => {
    fc.assert(
      fc.property(text.filter(Boolean), (name) => {
        const sql = quoteIdentifier(name);
        expect(sql).toMatch(/^"(?:[^"]|"")*"$/s);
        expect(sql.slice(1, -1).replaceAll('""', '"')).toBe(name);
      }),
      { verbose: true },
    );
  });

  test("is refused where it is empty or has a zero byte", () => {
    expect(() => quoteIdentifier("")).toThrow("an empty name is not an identifier");
    expect(() => quoteIdentifier("a\0b")).toThrow("zero byte");
    expect(() => quoteLiteral("a\0b")).toThrow("zero byte");
  });

  test("has its length in bytes", () => {
    expect(identifierBytes("straße")).toBe(7);
    expect(identifierBytes("a".repeat(63))).toBe(63);
  });
});

describe("a literal", () => {
  test.each([
    ["it's", "'it''s'"],
    ["", "''"],
    ["a\\b'c", " E'a\\\\b''c'"],
  ])("%s is quoted", (value, sql) => {
    expect(quoteLiteral(value)).toBe(sql);
  });

  test("reads back as what it was, under both rules for backslashes", () => {
    fc.assert(
      fc.property(text, (value) => {
        const sql = quoteLiteral(value).trimStart();
        const escaped = sql.startsWith("E");
        expect(escaped).toBe(value.includes("\\"));
        const inner = sql.slice(escaped ? 2 : 1, -1).replaceAll("''", "'");
        expect(escaped ? inner.replaceAll("\\\\", "\\") : inner).toBe(value);
      }),
      { verbose: true },
    );
  });
});
