import { describe, expect, test } from "vitest";
import { parseSchedule } from "../../../../components/core/ops/timetable";

const from = Date.parse("2030-01-01T12:00:00Z");
const hour = 3_600_000;

describe("a timetable", () => {
  test.each([
    ["0 1 * * *", "UTC", 24],
    ["*/10 * * * * *", "UTC", 10 / 3_600],
    ["0 1 * * 1-5", "UTC", 72],
    ["0 0 1 * *", "UTC", 31 * 24],
    ["@daily", "UTC", 24],
    // On the day on which the clock is set back; none of it is seen where the runs ahead do not reach that far.
    ["0 12 * * 0", "Europe/Berlin", 169],
  ])("%s in %s is silent for %d h at most", (pattern, zone, hours) => {
    expect(parseSchedule(pattern, zone).interval(from)).toBe(hours * hour);
  });

  test("gives the next run, strictly after a moment", () => {
    const timetable = parseSchedule("0 1 * * *", "UTC");
    const run = Date.parse("2030-01-02T01:00:00Z");
    expect(timetable.next(from)).toBe(run);
    expect(timetable.next(run)).toBe(run + 24 * hour);
  });

  test("counts the runs of a time, up to a hundred", () => {
    const timetable = parseSchedule("0 1 * * *", "UTC");
    expect(timetable.count(from, from + 12 * hour)).toBe(0);
    expect(timetable.count(from, from + 13 * hour)).toBe(1);
    expect(timetable.count(from, from + 72 * hour)).toBe(3);
    expect(timetable.count(from, from + 1_000 * 24 * hour)).toBe(100);
  });

  test.each([
    ["61 1 * * *", "Invalid value for minute: 61"],
    ["0 1 * *", "five fields, or six with seconds first"],
    ["0 0 1 * * * 2031", "five fields, or six with seconds first"],
    ["2031-01-01T00:00:00", "five fields, or six with seconds first"],
    ["0 1 31 2 *", "never comes"],
  ])("%s is refused", (pattern, message) => {
    expect(() => parseSchedule(pattern, "UTC")).toThrow(message);
  });

  test("of an unknown time zone is refused", () => {
    expect(() => parseSchedule("0 1 * * *", "Mars/Base")).toThrow("Invalid timezone");
  });
});
