import { InvalidArgumentError } from "commander";
import { describe, expect, test } from "vitest";
import { momentOf, parseDate, parseMoment } from "../../../infra/ops/moment";

const now = Date.parse("2026-03-01T12:30:00Z");

describe("a moment of an option", () => {
  test.each([
    ["90s", "2026-03-01T12:28:30.000Z"],
    ["30min", "2026-03-01T12:00:00.000Z"],
    ["2h", "2026-03-01T10:30:00.000Z"],
    ["3d", "2026-02-26T12:30:00.000Z"],
    ["2 w", "2026-02-15T12:30:00.000Z"],
    ["today", "2026-03-01T00:00:00.000Z"],
    ["yesterday", "2026-02-28T00:00:00.000Z"],
    ["2026-02-01", "2026-02-01T00:00:00.000Z"],
    ["2026-02-01T12:00Z", "2026-02-01T12:00:00.000Z"],
    ["2026-02-01T12:00:30.5+02:00", "2026-02-01T10:00:30.500Z"],
  ])("%s is %s", (text, moment) => {
    expect(momentOf(parseMoment(text), now).toISOString()).toBe(moment);
  });

  test.each([
    ["without a zone", "2026-03-01T12:00"],
    ["of a day that is not there", "2026-02-30"],
    ["of an hour that is not there", "2026-02-28T25:00Z"],
    ["of no length", "0h"],
    ["of a unit that PostgreSQL has not", "2m"],
    ["of a month", "1mon"],
    ["that is a name of every object", "constructor"],
    ["of nothing", ""],
  ])("is refused where it is one %s: %s", (_what, text) => {
    expect(() => parseMoment(text)).toThrow(InvalidArgumentError);
  });

  test("goes along with the time where it is said from now on back, so that --watch does not stand still", () => {
    const later = now + 86_400_000;
    const shift = (text: string): number =>
      momentOf(parseMoment(text), later).getTime() - momentOf(parseMoment(text), now).getTime();
    expect(["2h", "today", "2026-02-01"].map(shift)).toEqual([86_400_000, 86_400_000, 0]);
  });

  test("of what is dropped is said exactly", () => {
    expect(parseDate("2026-02-01").toISOString()).toBe("2026-02-01T00:00:00.000Z");
    for (const text of ["2h", "today", "2026-02-01T12:00"]) {
      expect(() => parseDate(text)).toThrow(InvalidArgumentError);
    }
  });
});
