import { execFileSync } from "node:child_process";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { renderDuration } from "../../../components/core/duration";
import { quoteShell } from "../../../components/core/shell";
import { renderSize } from "../../../components/core/size";
import { isNewerVersion } from "../../../components/core/version-order";
import { maskPassword } from "../../../infra/ops/commands/connection";

describe("sizes", () => {
  test.each([
    [0, "0 bytes"],
    [1023, "1023 bytes"],
    [1024, "1.0 kB"],
    [8192, "8.0 kB"],
    [7_700_000, "7.3 MB"],
    [10_239, "10 kB"],
    [1_048_575, "1.0 MB"],
    [3 * 1024 ** 4, "3.0 TB"],
    [5000 * 1024 ** 5, "5000 PB"],
  ])("%i is %s", (bytes, text) => {
    expect(renderSize(bytes)).toBe(text);
  });
});

describe("durations", () => {
  test.each([
    [0, "0 s"],
    [59.9, "59 s"],
    [60, "1 min"],
    [3_725, "1 h 2 min"],
    [172_800, "2 d"],
    [90_061, "1 d 1 h"],
    [-5, "0 s"],
  ])("%d seconds is %s", (seconds, text) => {
    expect(renderDuration(seconds)).toBe(text);
  });
});

describe("versions", () => {
  test.each([
    ["1.10", "1.9", true],
    ["1.9", "1.10", false],
    ["1.6", "1.6", false],
    ["2.0", "2", false],
    ["1.0-beta", "1.0", true],
  ])("%s is newer than %s: %s", (candidate, than, newer) => {
    expect(isNewerVersion(candidate, than)).toBe(newer);
  });
});

describe("words for a shell", () => {
  test("a URI of letters and digits stays plain", () => {
    const uri = "postgresql://shop_app:aB3@127.0.0.1:54320/shop";
    expect(quoteShell(uri)).toBe(uri);
  });

  test.each(["", "a b", "it's", "$(id)", "`id`", "a;b", "a&b", "~", "a\nb", "#x", "!!", '"'])(
    "%j is quoted",
    (text) => {
      expect(quoteShell(text)).toMatch(/^'.*'$/s);
    },
  );

  test("a shell reads back exactly what was written", () => {
    const words = fc.sample(
      fc.string({ unit: "binary" }).filter((text) => !/[\0\uD800-\uDFFF]/.test(text)),
      40,
    );
    const script = words.map((word, index) => `w${index}=${quoteShell(word)}; printf '%s\\0' "$w${index}"`);
    const read = execFileSync("sh", ["-c", script.join("\n")], { encoding: "utf8" });
    expect(read.split("\0").slice(0, -1)).toEqual(words);
  });

  test("a zero byte is refused", () => {
    expect(() => quoteShell("a\0b")).toThrow("zero byte");
  });
});

test("a masked URI has everything but the password", () => {
  expect(maskPassword("postgresql://shop%40x:pa%3Ass@127.0.0.1:54320/shop")).toBe(
    "postgresql://shop%40x:***@127.0.0.1:54320/shop",
  );
});
