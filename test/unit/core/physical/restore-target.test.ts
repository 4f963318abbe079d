import { describe, expect, test } from "vitest";
import { parseRestoreTarget } from "../../../../components/core/physical/restore-target";

const half = Date.UTC(2026, 10, 20, 14, 30);

describe("what a server is restored to", () => {
  test.each([
    ["2026-11-20 14:30:00+00", half],
    ["2026-11-20 14:30+00", half],
    ["2026-11-20T14:30:00Z", half],
    ["2026-11-20 14:30:00 UTC", half],
    ["2026-11-20 16:30:00+02", half],
    ["2026-11-20 20:00:00+05:30", half],
    ["2026-11-20 11:00:00-0330", half],
    ["2026-11-20 14:30:00.25+00", half + 250],
    ["2026-11-20 14:30:00.123000+00", half + 123],
  ])("%s is a moment", (text, at) => {
    expect(parseRestoreTarget(text)).toEqual({ kind: "moment", at });
  });

  test("latest is everything", () => {
    expect(parseRestoreTarget("latest")).toEqual({ kind: "latest" });
  });

  test.each([
    ["2026-11-20 14:30:00", /has no zone.*\n.*"2026-11-20 14:30:00\+00" is UTC/],
    ["yesterday", /no moment/],
    ["2026-11-20", /no moment/],
    ["2026-02-30 14:30:00+00", /no moment that there is/],
    ["2026-11-20 25:00:00+00", /no moment that there is/],
    ["2026-11-20 14:30:00 CET", /no moment that there is/],
    ["2026-11-20 14:30:00+99", /no moment that there is/],
    ["2026-11-20 14:30:00.1234+00", /finer than a thousandth/],
  ])("%s is refused", (text, message) => {
    expect(() => parseRestoreTarget(text)).toThrow(message);
  });
});
