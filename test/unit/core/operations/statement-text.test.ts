import { describe, expect, test } from "vitest";
import { keptText } from "../../../../components/core/operations/statement-text";

describe("the text of a statement that is kept", () => {
  test.each([
    ["SELECT *\n  FROM orders\tWHERE id = $1", "SELECT * FROM orders WHERE id = $1"],
    [`SELECT "it's", 'secret' FROM t`, `SELECT "it's", '…' FROM t`],
    ["SELECT 1 -- 'secret'\n+ 2", "SELECT 1 + 2"],
    ["SELECT /* a /* secret */ b */ 1", "SELECT 1"],
    ["SELECT /* secret", "SELECT"],
    [String.raw`SELECT E'a\'secret', 2`, "SELECT '…', 2"],
    ["SELECT 'it''s secret', $1", "SELECT '…', $1"],
    ["SELECT U&'secret', B'1', x'ff'", "SELECT '…', '…', '…'"],
    ["DO $$ BEGIN secret; END $$", "DO '…'"],
    ["DO $x1$ secret $$ $x1$ LANGUAGE plpgsql", "DO '…' LANGUAGE plpgsql"],
    ["SELECT $1, $2$3", "SELECT $1, $2$3"],
    ["SELECT 'secret", "SELECT '…'"],
    ["SELECT $$secret", "SELECT '…'"],
    // Of a session without standard_conforming_strings: where the constant ends is not known.
    [String.raw`SELECT 'a\' secret', 1`, "SELECT '…'"],
    ["ALTER ROLE app PASSWORD 'secret'", "ALTER ROLE app PASSWORD …"],
    ["create user app with login password 'secret' valid until 'x'", "create user app with login PASSWORD …"],
    [
      "CREATE USER MAPPING FOR app SERVER s OPTIONS (user 'secret')",
      "CREATE USER MAPPING FOR app SERVER s OPTIONS …",
    ],
    [
      "CREATE SUBSCRIPTION s CONNECTION 'password=secret' PUBLICATION p",
      "CREATE SUBSCRIPTION s CONNECTION …",
    ],
    ["/* x */ ALTER ROLE app SET app.key = secret", "ALTER ROLE app SET …"],
  ])("%j", (text, kept) => {
    expect(keptText(text)).toBe(kept);
    expect(keptText(text)).not.toContain("secret");
  });

  test("is of bounded length, and obeys nothing", () => {
    expect(keptText("x".repeat(5_000))).toHaveLength(4_000);
    expect(keptText("abcdef", 4)).toBe("abc…");
    expect(keptText('SELECT "\u001b[31m"')).not.toContain("\u001b");
  });

  test("takes no longer for a text that is made to be slow", () => {
    const from = performance.now();
    keptText(`SELECT ${"'\\".repeat(50_000)}`);
    keptText(`SELECT ${"/*".repeat(50_000)}`);
    keptText(`SELECT ${"$a$".repeat(50_001)}`);
    expect(performance.now() - from).toBeLessThan(2_000);
  });
});
