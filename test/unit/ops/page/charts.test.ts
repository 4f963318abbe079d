import { describe, expect, test } from "vitest";
import type { Dashboard, Panel } from "../../../../components/core/monitoring/dashboards/panel";
import { defaultThresholds } from "../../../../components/core/monitoring/thresholds";
import type { SizeSample } from "../../../../components/core/operations/capacity";
import { chartsOf, questionsOf, spanOf } from "../../../../infra/ops/page/from-prometheus";
import { sampledCharts } from "../../../../infra/ops/page/from-samples";
import { axisScale, renderValue } from "../../../../infra/ops/page/units";

const panel: Panel = {
  title: "Transactions",
  description: "In a second.",
  unit: "perSecond",
  kind: "lines",
  queries: [
    { expression: 'sum(rate(x{datname=~"$database"}[$__rate_interval]))', legend: "{{datname}} in all" },
  ],
};
const board = (...panels: readonly Panel[]): Dashboard[] => [
  { uid: "pgstead-overview", title: "pgstead: overview", question: "?", panels },
];
const now = new Date("2026-11-22T14:00:00Z");
const day = spanOf(new Date("2026-11-21T14:00:00Z"), now, 15);

describe("charts from Prometheus", () => {
  test("ask for about two hundred points, never between two scrapes, with a range that holds four of them", () => {
    expect(day.step).toBe(432);
    // Asked a while after it was said since when: the last point is now all the same.
    const { from, to, step } = spanOf(new Date(now.getTime() - 86_415_000), now, 15);
    expect([to, (to - from) % step, step]).toEqual([now.getTime() / 1_000, 0, 433]);
    const hour = spanOf(new Date("2026-11-22T13:00:00Z"), now, 60);
    expect(hour.step).toBe(60);
    expect(questionsOf(board(panel), hour, 60)[0]).toEqual({
      expression: 'sum(rate(x{datname=~".*"}[240s]))',
      over: "span",
    });
    expect(questionsOf(board({ ...panel, kind: "number" }), day, 15)[0]).toMatchObject({ over: "now" });
    expect(questionsOf(board(panel), day, 15)[0]?.expression).toContain("[447s]");
  });

  test("have lines by their legends, the largest first, and gaps where nothing was measured", () => {
    const { from, step } = day;
    const series = (datname: string, ...values: (number | null)[]) => ({
      labels: { datname },
      points: values.map((value, index) => ({ time: from + index * step, value })),
    });
    const gap = {
      labels: { datname: "c" },
      points: [
        { time: from, value: 1 },
        { time: from + 5 * step, value: 2 },
      ],
    };
    const [found] = chartsOf(board(panel), [{ series: [series("a", 1, 2), series("b", 3, null), gap] }], day);
    const lines = found?.charts[0]?.lines ?? [];
    expect(lines.map(({ name }) => name)).toEqual(["b in all", "a in all", "c in all"]);
    expect(lines[2]?.points.map(({ value }) => value)).toEqual([1, null, 2]);
  });

  test("are none where nothing was measured: that is told, with the reason", () => {
    const quiet = { ...panel, title: "Slots", nothing: "there is no slot" };
    const nan = { labels: {}, points: [{ time: day.from, value: null }] };
    const [found] = chartsOf(
      board(panel, quiet, { ...panel, title: "Slow" }, { ...panel, title: "Last" }),
      [{ series: [] }, { series: [nan] }, { fault: "Prometheus says: too much" }, { series: [] }],
      day,
    );
    expect(found?.charts).toEqual([]);
    expect(found?.untold.map(({ what, reason, isFine }) => [what, reason, isFine])).toEqual([
      ["Transactions", "Prometheus has no data for it", false],
      ["Slots", "there is no slot", true],
      ["Slow", "Prometheus says: too much", false],
      ["Last", "Prometheus has no data for it", false],
    ]);
  });

  test("know a threshold that there is not", () => {
    const thresholds = { warning: 5, critical: Number.POSITIVE_INFINITY };
    const series = [{ labels: {}, points: [{ time: day.from, value: 1 }] }];
    const [found] = chartsOf(board({ ...panel, thresholds }), [{ series }], day);
    expect(found?.charts[0]?.thresholds).toEqual({ warning: 5, critical: null, below: false });
  });
});

describe("charts from samples", () => {
  const hour = 3_600_000;
  const sample = (index: number, change: Partial<SizeSample> = {}): SizeSample => ({
    ...{ at: now.getTime() - (10 - index) * hour, databaseBytes: 1_000, serverBytes: null, walBytes: null },
    ...{ walPosition: index * 3_600_000, connections: 10, connectionLimit: 100, xid: index, xidAge: 5 },
    ...{ volumeBytes: null, volumeFreeBytes: null },
    ...change,
  });
  const charts = (samples: readonly SizeSample[]) =>
    sampledCharts(
      [{ database: "shop", samples, relations: [], load: [] }],
      now.getTime() - 24 * hour,
      defaultThresholds,
    ).map(({ chart }) => chart);

  test("have rates between two samples, and none over a figure that began anew", () => {
    const restored = [sample(1), sample(2), sample(3, { walPosition: 5 }), sample(4)];
    const log = charts(restored).find(({ title }) => title === "Written to the log");
    expect(log?.lines[0]?.points.map(({ value }) => value)).toEqual([
      1_000,
      null,
      (4 * 3_600_000 - 5) / 3_600,
    ]);
    expect(charts([sample(1), sample(2)]).map(({ title }) => title)).not.toContain("Size of the log");
  });

  test("are none of a single sample, or of older ones", () => {
    expect(charts([sample(1)])).toEqual([]);
    expect(charts([sample(-20), sample(-19)])).toEqual([]);
  });

  test("have a gap where samples are missing", () => {
    const some = [sample(1), sample(2), sample(3), sample(9)];
    const size = charts(some).find(({ title }) => title === "Size of databases");
    expect(size?.lines[0]?.points.map(({ value }) => value)).toEqual([1_000, 1_000, 1_000, null, 1_000]);
  });
});

describe("units", () => {
  test.each([
    [0, "bytes", "0 bytes"],
    [1_536, "bytes", "1.5 kB"],
    [-2_048, "bytesPerSecond", "-2.0 kB/s"],
    [12.34, "percent", "12.3%"],
    [0.0004, "seconds", "400 µs"],
    [0.25, "seconds", "250 ms"],
    [3_700, "seconds", "1 h 1 min"],
    [1_234_567, "transactions", "1.23 million"],
    [1_500, "perSecond", "1.5 k/s"],
    [0, "timestamp", "never"],
    [1_795_352_400, "timestamp", "2026-11-22 13:00"],
    [1, "upDown", "up"],
    [0, "upDown", "down"],
    [0.0001, "count", "0.0001"],
    [Number.POSITIVE_INFINITY, "seconds", "unlimited"],
  ] as const)("%s %s is %s", (value, unit, text) => {
    expect(renderValue(value, unit)).toBe(text);
  });

  test("of an axis are those of its greatest value", () => {
    expect(axisScale(5 * 1_024 ** 3, "bytes")).toEqual({ factor: 1_024 ** 3, suffix: "GB" });
    expect(axisScale(0.02, "seconds")).toEqual({ factor: 0.001, suffix: "ms" });
    expect(axisScale(90 * 86_400, "seconds")).toEqual({ factor: 86_400, suffix: "d" });
    expect(axisScale(2_000_000, "transactions").suffix).toBe("million");
  });
});
