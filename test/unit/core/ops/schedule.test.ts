import { describe, expect, test } from "vitest";
import { describeMissed, greatestInterval, whyNotLive } from "../../../../components/core/ops/schedule";

const from = Date.parse("2030-01-01T12:00:00Z");
const hour = 3_600_000;

test("the greatest interval of less than two runs is none", () => {
  expect(greatestInterval([])).toBe(0);
  expect(greatestInterval([from])).toBe(0);
});

test("missed runs are told with the last attempt", () => {
  expect(describeMissed(1, "2030-01-01T01:00:00.000Z")).toBe(
    "1 run was missed while the container was down, the last attempt began at 2030-01-01T01:00:00.000Z; it runs now",
  );
  expect(describeMissed(100, "x")).toMatch(/^at least 100 runs were missed/);
});

describe("a scheduler is live", () => {
  const pulse = { now: from, isStopped: false, lastTick: from - 1_000, jobs: [{ name: "logs" }] };

  test("while it looks at the clock", () => {
    expect(whyNotLive(pulse)).toBeUndefined();
  });

  test.each([
    [{ isStopped: true }, "the scheduler is stopped"],
    [{ lastTick: from - 31_000 }, "the scheduler has not looked at the clock for 31 s"],
    [
      { jobs: [{ name: "logs" }, { name: "status", hangsSince: from - hour }] },
      "job status did not end at its time-out and cannot run again; the run began at 2030-01-01T11:00:00.000Z",
    ],
  ])("and not with %j", (change, reason) => {
    expect(whyNotLive({ ...pulse, ...change })).toBe(reason);
  });
});
