import { expect, test } from "vitest";
import { findShrunk } from "../../../../components/core/backup/shrunk";

const at = (bytes: number, before: readonly number[]): string | undefined =>
  findShrunk({ name: "shop_full_2", database: "shop", bytes }, before)?.message;

test("a backup of less than half the median of those before it is told", () => {
  expect(at(499_999, [1_000_000, 1_000_000, 1_000_000])).toContain("less than half");
  expect(at(500_000, [1_000_000, 1_000_000, 1_000_000])).toBeUndefined();
  // One that is large by itself says nothing.
  expect(at(1_000, [1_100, 90_000, 1_050, 980])).toBeUndefined();
  // Once most of the last seven are small, that is its size.
  expect(at(100, [100, 100, 100, 100, 900, 900, 900, 900, 900, 900, 900])).toBeUndefined();
  expect(at(100, [100, 100, 100, 900, 900, 900, 900, 900])).toContain("less than half");
});

test("of few before it nothing is known", () => {
  expect(at(1, [1_000, 1_000])).toBeUndefined();
  expect(at(1, [])).toBeUndefined();
});
