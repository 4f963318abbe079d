import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  draftEnding,
  logBytes,
  planLogs,
  type LogFile,
  type LogVolume,
} from "../../../../components/core/ops/log-files";

const megabyte = 1024 ** 2;
const day = 86_400_000;
const now = Date.parse("2030-01-31T00:00:00Z");
const limits = { maxDays: 14, maxBytes: 100 * megabyte, minFreePercent: 10 };

/** A file of so many megabytes whose last line is so many days old. */
function file(name: string, size: number, days = 0): LogFile {
  return { name, size: size * megabyte, modifiedAt: now - days * day };
}

function volume(files: readonly LogFile[], other: Partial<LogVolume> = {}): LogVolume {
  return { files, written: [], volumeSize: 10_000 * megabyte, volumeFree: 9_000 * megabyte, now, ...other };
}

describe("log files", () => {
  test("that are finished are compressed, and those that are written are left alone", () => {
    const files = [
      file("postgresql-1.json", 1, 3),
      file("postgresql-1.log", 1, 3),
      file("postgresql-2.json", 1, 2),
      file("postgresql-3.json.gz", 1, 1),
      file("postgresql-4.json", 1),
      file("postgresql-4.log", 0),
    ];
    const plan = planLogs(volume(files, { written: ["postgresql-4.json"] }), limits);
    expect(plan).toEqual({
      discard: [],
      remove: [],
      compress: ["postgresql-1.json", "postgresql-1.log", "postgresql-2.json"],
    });
  });

  test("that PostgreSQL names are written, however old their last line is", () => {
    const files = [file("old.json", 1, 30), file("new.json", 1)];
    expect(planLogs(volume(files, { written: ["old.json"] }), limits)).toEqual({
      discard: [],
      remove: [],
      compress: [],
    });
  });

  test("of another kind are left alone, and count for nothing", () => {
    const files = [file("jobs.tar", 500, 300), file("notes.txt.gz", 500, 300)];
    expect(planLogs(volume(files), limits)).toEqual({ discard: [], remove: [], compress: [] });
    expect(logBytes([...files, file("a.json.gz", 2), file(`b.json${draftEnding}`, 1)])).toBe(3 * megabyte);
  });

  test("beyond the days go for their age", () => {
    const files = [
      file("a.json.gz", 1, 15),
      file("b.json", 1, 14.5),
      file("c.json.gz", 1, 13),
      file("d.json", 1),
    ];
    const plan = planLogs(volume(files), limits);
    expect(plan.remove.map(({ name, reason }) => [name, reason])).toEqual([
      ["a.json.gz", "age"],
      ["b.json", "age"],
    ]);
    expect(plan.compress).toEqual([]);
  });

  test("beyond the size go from the oldest on, until the rest fits", () => {
    const files = [
      file("a.json.gz", 30, 4),
      file("b.json.gz", 30, 3),
      file("c.json.gz", 30, 2),
      file("d.json", 50),
    ];
    const plan = planLogs(volume(files), limits);
    expect(plan.remove.map(({ name, reason }) => [name, reason])).toEqual([
      ["a.json.gz", "size"],
      ["b.json.gz", "size"],
    ]);
  });

  test("go where the volume runs full, until its share is free", () => {
    const files = [
      file("a.json.gz", 200, 4),
      file("b.json", 200, 3),
      file("c.json", 200, 2),
      file("d.json", 200),
    ];
    const generous = { ...limits, maxBytes: 10_000 * megabyte };
    const plan = planLogs(volume(files, { volumeFree: 700 * megabyte }), generous);
    expect(plan.remove.map(({ name, reason }) => [name, reason])).toEqual([
      ["a.json.gz", "space"],
      ["b.json", "space"],
    ]);
    expect(plan.compress).toEqual(["c.json"]);
    expect(plan.notice).toBeUndefined();
  });

  test("that are few stay where something else fills the volume, and it is told", () => {
    const files = [file("a.json.gz", 30, 4), file("b.json", 30)];
    const plan = planLogs(volume(files, { volumeFree: 100 * megabyte }), limits);
    expect(plan.remove).toEqual([]);
    expect(plan.rotate).toBeUndefined();
    expect(plan.notice).toBe(
      "1.0% of the volume is free, 10% has to be, and the log files are not what fills it",
    );
  });
});

describe("the file that is being written", () => {
  test("is rotated where it alone breaks the size, and not removed", () => {
    const plan = planLogs(volume([file("a.json.gz", 1, 1), file("b.json", 101)]), limits);
    expect(plan.remove.map(({ name }) => name)).toEqual(["a.json.gz"]);
    expect(plan.rotate).toBe(
      `b.json alone has ${101 * megabyte} bytes, all log files together may have ${100 * megabyte}`,
    );
  });

  test("is rotated where it fills the volume and nothing finished is left", () => {
    const small = { volumeSize: 64 * megabyte, volumeFree: 1 * megabyte };
    const plan = planLogs(volume([file("a.json.gz", 1, 1), file("b.json", 60)], small), limits);
    expect(plan.remove.map(({ name }) => name)).toEqual(["a.json.gz"]);
    expect(plan.rotate).toContain("1.6% of the volume is free, 10% has to be");
    expect(plan.notice).toBeUndefined();
  });
});

test("drafts of a run that was killed are discarded", () => {
  const draft = `a.json${draftEnding}`;
  expect(planLogs(volume([file(draft, 1), file("b.json", 1)]), limits).discard).toEqual([draft]);
});

test("whatever there is, what is written stays, the oldest go first, and the limits hold where they can", () => {
  const anyFile = fc.record({
    base: fc.integer({ min: 0, max: 40 }),
    ending: fc.constantFrom(".json", ".json.gz", ".log", ".log.gz", ".csv", ".txt"),
    size: fc.integer({ min: 0, max: 60 * megabyte }),
    modifiedAt: fc.integer({ min: now - 30 * day, max: now }),
  });
  const anyVolume = fc.record({
    files: fc.uniqueArray(anyFile, { selector: ({ base, ending }) => `${base}${ending}`, maxLength: 30 }),
    written: fc.array(fc.integer({ min: 0, max: 40 }), { maxLength: 2 }),
    volumeSize: fc.integer({ min: 10 * megabyte, max: 10_000 * megabyte }),
    free: fc.double({ min: 0, max: 1, noNaN: true }),
  });
  fc.assert(
    fc.property(anyVolume, ({ files, written, volumeSize, free }) => {
      const all = files.map(({ base, ending, ...rest }) => ({ name: `${base}${ending}`, ...rest }));
      const open = written.map((base) => `${base}.json`);
      const plan = planLogs(
        volume(all, { written: open, volumeSize, volumeFree: volumeSize * free }),
        limits,
      );
      const gone = new Set(plan.remove.map(({ name }) => name));
      expect(gone.size).toBe(plan.remove.length);
      for (const name of [...gone, ...plan.compress]) {
        expect(open).not.toContain(name);
        expect(name).not.toMatch(/\.txt$/);
      }
      expect(plan.compress.filter((name) => gone.has(name) || name.endsWith(".gz"))).toEqual([]);
      // What goes is a beginning of what could go, by age.
      const newest = Math.max(
        ...all.filter(({ name }) => gone.has(name)).map(({ modifiedAt }) => modifiedAt),
      );
      const rest = all.filter(({ name }) => !gone.has(name) && !name.endsWith(".txt"));
      const isPlain = (name: string): boolean => /\.(?:json|log|csv)$/.test(name);
      const kept = rest.filter(({ name }) => name.endsWith(".gz") || plan.compress.includes(name));
      expect(kept.every(({ modifiedAt }) => modifiedAt >= newest)).toBe(true);
      // All that can go has gone where the limit does not hold.
      const total = rest.reduce((sum, { size }) => sum + size, 0);
      if (total > limits.maxBytes)
        expect(rest.every(({ name }) => isPlain(name) && !plan.compress.includes(name))).toBe(true);
      expect(kept.every(({ modifiedAt }) => now - modifiedAt <= limits.maxDays * day)).toBe(true);
    }),
    { verbose: true },
  );
});
