import { spawnSync } from "node:child_process";
import { Cron } from "croner";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { toCronFields } from "../../../../components/core/host/jobs/cron-line";
import { toOnCalendar } from "../../../../components/core/host/jobs/on-calendar";

describe("a schedule for systemd", () => {
  test.each([
    ["0 2 * * *", ["*-*-* 02:00:00 UTC"]],
    ["* * * * *", ["*-*-* *:*:00 UTC"]],
    ["*/15 */6 * * *", ["*-*-* 00,06,12,18:00,15,30,45:00 UTC"]],
    ["30 */20 * * * *", ["*-*-* *:00,20,40:30 UTC"]],
    ["@daily", ["*-*-* 00:00:00 UTC"]],
    ["@weekly", ["Sun *-*-* 00:00:00 UTC"]],
    ["0 4 * * mon-fri", ["Mon,Tue,Wed,Thu,Fri *-*-* 04:00:00 UTC"]],
    ["0 4 * * 7", ["Sun *-*-* 04:00:00 UTC"]],
    ["0 4 1,15 jan,JUL *", ["*-01,07-01,15 04:00:00 UTC"]],
    // Either is enough: two values.
    ["0 4 1 * 1", ["*-*-01 04:00:00 UTC", "Mon *-*-* 04:00:00 UTC"]],
    ["0 4 L * *", ["*-*~01 04:00:00 UTC"]],
    ["0 4 1,L * *", ["*-*-01 04:00:00 UTC", "*-*~01 04:00:00 UTC"]],
    ["0 4 * * 1#2", ["Mon *-*-08..14 04:00:00 UTC"]],
    ["0 4 * * 5L", ["Fri *-*~07/1 04:00:00 UTC"]],
    ["0 4 13 * +5", ["Fri *-*-13 04:00:00 UTC"]],
  ])("%s is %j", (pattern, expected) => {
    expect(toOnCalendar(pattern, "UTC")).toEqual(expected);
  });

  test.each([
    ["0 4 15W * *", /nearest to a date \(W\)/],
    ["0 4 LW * *", /nearest to a date \(W\)/],
    ["0 4 13 * +5#2", /both of them \(\+\)/],
    ["61 * * * *", /CronPattern/],
    ["@reboot", /@reboot/],
  ])("%s is refused", (pattern, why) => {
    expect(() => toOnCalendar(pattern, "UTC")).toThrow(why);
  });
});

describe("a schedule for cron", () => {
  test.each([
    ["0 2 * * *", "0 2 * * *"],
    ["0 0 2 * * *", "0 2 * * *"],
    ["@daily", "0 0 * * *"],
    ["*/15 * * jan-mar mon,WED", "0,15,30,45 * * 1,2,3 1,3"],
    // Vixie's cron would ask for both, as a field begins with a star.
    ["0 4 */10 * 1", "0 4 1,11,21,31 * 1"],
    ["0 4 * * 7", "0 4 * * 0"],
  ])("%s is %s", (pattern, expected) => {
    expect(toCronFields(pattern)).toBe(expected);
  });

  test.each([
    ["30 0 2 * * *", /no seconds/],
    ["* * * * * *", /no seconds/],
    ["0 4 L * *", /no last day/],
    ["0 4 * * 1#1", /no nth weekday/],
    ["0 4 13 * +5", /at once/],
  ])("%s is refused", (pattern, why) => {
    expect(() => toCronFields(pattern)).toThrow(why);
  });
});

const count = 400;
const base = new Date("2026-02-11T10:17:31Z");
const runs = 6;

/** A field as people write it. */
function field(least: number, greatest: number): fc.Arbitrary<string> {
  const one = fc.integer({ min: least, max: greatest });
  const range = fc.tuple(one, one).map(([a, b]) => [Math.min(a, b), Math.max(a, b)] as const);
  return fc.oneof(
    fc.constant("*"),
    one.map(String),
    range.map(([from, to]) => `${from}-${to}`),
    fc.integer({ min: 2, max: Math.floor((greatest - least) / 2) }).map((step) => `*/${step}`),
    range.map(([from, to]) => (from === to ? String(from) : `${from},${to}`)),
    range.map(([from, to]) => (to - from < 4 ? `${from}-${to}` : `${from}-${to}/2`)),
  );
}

// The 29th and later of a month that has none never comes: that is refused before.
const days = fc.oneof(
  { weight: 5, arbitrary: field(1, 28) },
  { weight: 1, arbitrary: fc.constantFrom("L", "3,L") },
);
const weekdays = fc.oneof(
  { weight: 5, arbitrary: field(0, 6) },
  { weight: 1, arbitrary: fc.constantFrom("1#2", "5L", "3#5", "0#1", "7") },
);
const five = fc
  .tuple(field(0, 59), field(0, 23), days, field(1, 12), weekdays)
  .map((fields) => fields.join(" "));
const six = fc.tuple(field(0, 59), five).map((fields) => fields.join(" "));
const pattern = fc.oneof({ weight: 3, arbitrary: five }, { weight: 1, arbitrary: six });
const seed = Date.now() % 1_000_000;
const patterns = fc.sample(pattern, { numRuns: count, seed });

test(`what cron.d is given comes whenever the schedule does (${count} random ones, seed ${seed})`, () => {
  const fields = (pattern: string): string | undefined => {
    try {
      return toCronFields(pattern);
    } catch {
      return undefined;
    }
  };
  const told = patterns.flatMap((pattern) => {
    const line = fields(pattern);
    return line === undefined ? [] : [{ pattern, line }];
  });
  expect(told.length).toBeGreaterThan(count / 10);
  for (const { pattern, line } of told) expect(next(line), `${pattern} as ${line}`).toEqual(next(pattern));
});

// Debian has systemd-analyze in package systemd.
const hasAnalyze = spawnSync("systemd-analyze", ["--version"]).status === 0;

test.skipIf(!hasAnalyze)(
  `systemd elapses whenever the schedule comes (${count} random ones, seed ${seed})`,
  { timeout: 120_000 },
  () => {
    const values = patterns.map((pattern) => ({ pattern, lines: toOnCalendar(pattern, "UTC") }));
    const elapses = analyze(values.flatMap(({ lines }) => lines));
    for (const { pattern, lines } of values) {
      const all = lines.flatMap((line) => elapses.get(line) ?? []);
      const found = [...new Set(all)].toSorted().slice(0, runs);
      expect(found, `${pattern} as ${lines.join(" | ")}, seed ${seed}`).toEqual(next(pattern));
    }
  },
);

/** The moments at which the scheduler of the ops container would run it. */
function next(pattern: string): string[] {
  const cron = new Cron(pattern, { timezone: "UTC", paused: true, mode: "5-or-6-parts" });
  return cron.nextRuns(runs, base).map((run) => run.toISOString().slice(0, 19));
}

/** The next moments of each value, as systemd itself tells them. */
function analyze(values: readonly string[]): Map<string, string[]> {
  const found = new Map<string, string[]>();
  const all = [...new Set(values)];
  for (let at = 0; at < all.length; at += 200) {
    const some = all.slice(at, at + 200);
    const at0 = base.toISOString().slice(0, 19).replace("T", " ");
    const { stdout, stderr } = spawnSync(
      "systemd-analyze",
      ["calendar", `--base-time=${at0} UTC`, `--iterations=${runs}`, ...some],
      { encoding: "utf8", env: { ...process.env, TZ: "UTC", LC_ALL: "C", SYSTEMD_COLORS: "0" } },
    );
    expect(stderr).toBe("");
    const blocks = stdout.split(/\n\n/).filter((block) => block.trim() !== "");
    expect(blocks).toHaveLength(some.length);
    for (const [index, block] of blocks.entries()) {
      const moments = [...block.matchAll(/(?:Next elapse|Iter(?:ation|\.) #\d+): \w{3} (\S+) (\S+) UTC/g)];
      found.set(
        some[index] ?? "",
        moments.map(([, day, time]) => `${day}T${time}`),
      );
    }
  }
  return found;
}
