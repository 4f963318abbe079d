import { describe, expect, test } from "vitest";
import {
  forecastCapacity,
  judgeCapacity,
  slopePerDay,
  type Point,
  type SizeSample,
} from "../../../../components/core/operations/capacity";

const day = 86_400_000;
const hour = day / 24;

const line = (count: number, step: number, value: (index: number) => number): Point[] =>
  Array.from({ length: count }, (_, index) => ({ at: index * step, value: value(index) }));

describe("a rate of growth", () => {
  test("is that of a line", () => {
    expect(slopePerDay(line(96, hour, (index) => 100 + 2 * index))).toBeCloseTo(48);
  });

  test("stays that of the others where one load, one VACUUM FULL or a few odd points are among them", () => {
    const loaded = line(240, hour, (index) => index + (index > 200 ? 1e9 : 0));
    expect(slopePerDay(loaded)).toBeLessThan(40);
    const spiked = line(240, hour, (index) => (index % 5 === 0 ? 1e9 : index));
    expect(slopePerDay(spiked)).toBeCloseTo(24, 0);
  });

  test("is not told of too few points, or of too short a time", () => {
    expect(slopePerDay([])).toBeUndefined();
    expect(slopePerDay(line(9, day, (index) => index))).toBeUndefined();
    expect(slopePerDay(line(71, hour, (index) => index))).toBeUndefined();
    expect(slopePerDay(line(73, hour, (index) => index))).toBeDefined();
  });

  test("is of all points where there are many of them", () => {
    expect(slopePerDay(line(5_000, hour, (index) => index))).toBeCloseTo(24);
  });
});

describe("a forecast", () => {
  const sample = (index: number, change: Partial<SizeSample> = {}): SizeSample => ({
    at: index * day,
    databaseBytes: 1_000 + index,
    serverBytes: 2_000 + 10 * index,
    walBytes: 100,
    walPosition: 1_000 * index,
    connections: 10 + (index % 2),
    connectionLimit: 97,
    xid: 1_000_000 * index,
    xidAge: 144_483_648,
    volumeBytes: 10_000,
    volumeFreeBytes: 5_000 - 100 * index,
    ...change,
  });
  const facts = (change: Partial<SizeSample> = {}) => [
    {
      database: "shop",
      relations: [],
      samples: Array.from({ length: 20 }, (_, index) => sample(index, change)),
    },
  ];

  test("says when the volume is full, and no more writes are taken", () => {
    const data = forecastCapacity(facts(), { days: 30, top: 10 });
    expect(data.databases[0]).toMatchObject({ sampleCount: 20, spanDays: 19, bytesPerDay: 1 });
    expect(data.server.volume).toMatchObject({ used: 6_900, limit: 10_000, perDay: 100, daysLeft: 31 });
    expect(data.server.wraparound).toMatchObject({ perDay: 1_000_000, daysLeft: 2_000 });
    expect(data.server.connections).toMatchObject({ used: 11, limit: 97, daysLeft: null });
    expect(data.server.walBytesPerDay).toBeCloseTo(1_000);
    expect(judgeCapacity(data)).toEqual([]);
  });

  test("names its own samples apart from what grows", () => {
    const points = Array.from({ length: 20 }, (_, index) => ({ at: index * day, value: index * 1_048_576 }));
    const [shop] = facts();
    const relations = [
      { schema: "pgstead", name: "sample_statement", points },
      { schema: "app", name: "sample_statement", points },
    ];
    const data = forecastCapacity([{ ...shop, database: "shop", samples: shop?.samples ?? [], relations }], {
      days: 30,
      top: 10,
    });
    expect(data.databases[0]?.tables.map(({ schema }) => schema)).toEqual(["app"]);
    expect(data.remarks).toEqual([
      "shop: 19 MB of it are the samples, which thin out and are not among the tables",
    ]);
  });

  test("goes by what the user says there is", () => {
    const data = forecastCapacity(facts(), { days: 30, top: 10, size: 2_390 });
    expect(data.server.volume).toMatchObject({ source: "--size", used: 2_290, perDay: 10, daysLeft: 10 });
    expect(judgeCapacity(data)).toMatchObject([{ severity: "warning" }]);
    const soon = forecastCapacity(facts(), { days: 30, top: 10, size: 2_300 });
    expect(judgeCapacity(soon)).toMatchObject([{ severity: "critical" }]);
    const over = forecastCapacity(facts(), { days: 30, top: 10, size: 100 });
    expect(judgeCapacity(over)).toMatchObject([{ message: "is full", severity: "critical" }]);
  });

  test("says nothing of a volume that nobody knows, or that empties", () => {
    const unknown = forecastCapacity(facts({ volumeBytes: null, volumeFreeBytes: null }), {
      days: 30,
      top: 10,
    });
    expect(unknown.server.volume).toBeNull();
    const constant = forecastCapacity(facts({ volumeFreeBytes: 5_000 }), { days: 30, top: 10 });
    expect(constant.server.volume).toMatchObject({ perDay: 0, daysLeft: null });
    expect(judgeCapacity(unknown)).toEqual([]);
  });

  test("says how much is missing for one", () => {
    const [one] = facts();
    const few = [{ database: "shop", relations: [], samples: one?.samples.slice(0, 2) ?? [] }];
    const data = forecastCapacity(few, { days: 30, top: 10 });
    expect(data.remarks).toEqual([
      "shop: a rate needs 10 samples of 3 days; there are 2 samples of 1.0 days",
    ]);
    expect(data.server.volume?.daysLeft).toBeNull();
    expect(forecastCapacity([], { days: 30, top: 10 }).server.volume).toBeNull();
  });
});
