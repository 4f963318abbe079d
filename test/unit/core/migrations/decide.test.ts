import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { emptyHistory, fileNameOf } from "../../../../components/core/migrations/history";
import type { Migration } from "../../../../components/core/migrations/migration";
import { isSettled } from "../../../../components/core/migrations/settled";
import { after, directory, downgrade, files, historyOf, migration, named, told, upgrade } from "./decided";

describe("an upgrade", () => {
  test("runs all that is pending in order, or as far as it is told", () => {
    const all = files(4);
    expect(named(upgrade(all, emptyHistory))).toEqual(["up 0010", "up 0020", "up 0030", "up 0040"]);
    expect(named(upgrade(all, historyOf(all.slice(0, 2))))).toEqual(["up 0030", "up 0040"]);
    expect(named(upgrade(all, historyOf(all)))).toEqual([]);
    for (const target of ["30", "0030", "n-3", "0030-n-3.sql", `${directory}/0030-n-3.sql`]) {
      expect(named(upgrade(all, historyOf(all.slice(0, 1)), target))).toEqual(["up 0020", "up 0030"]);
    }
    expect(named(upgrade(all, historyOf(all.slice(0, 3)), "30"))).toEqual([]);
  });

  test("refuses a target that there is not, and one that is behind", () => {
    const all = files(3);
    expect(upgrade(all, emptyHistory, "n-33").problems).toEqual([
      { path: "n-33", message: "is no migration", hint: "is n-3 meant?" },
    ]);
    expect(upgrade(all, emptyHistory, "999").problems[0]?.hint).toBe(
      "give a number, a name or a file: there are 0010 to 0030",
    );
    expect(told(upgrade(all, historyOf(all), "10"))).toEqual([
      "0010-n-1.sql: is behind 0030-n-3.sql, which is applied",
    ]);
  });

  const change = (one: Migration, by: Partial<Parameters<typeof migration>[0]>): Migration =>
    migration({ number: Number(one.version), name: one.name, checksum: one.checksum, ...by });

  test.each<[string, (all: Migration[]) => Migration[], string[]]>([
    [
      "an edited file",
      ([a, b, c]) => [a!, change(b!, { checksum: "x" }), c!],
      ["0020-n-2.sql: was edited after it was applied by m on 2026-03-14 15:09:26 UTC: c2 is now x"],
    ],
    [
      "a deleted one",
      ([a, , c]) => [a!, c!],
      ["0020-n-2.sql: was deleted: it is applied by m on 2026-03-14 15:09:26 UTC"],
    ],
    [
      "a renamed one",
      ([a, b, c]) => [a!, change(b!, { name: "other" }), c!],
      ["0020-other.sql: was renamed: it is applied as 0020-n-2.sql by m on 2026-03-14 15:09:26 UTC"],
    ],
    [
      "one with another number",
      ([a, b, c]) => [a!, change(b!, { number: 25 }), c!],
      ["0025-n-2.sql: was renamed: it is applied as 0020-n-2.sql by m on 2026-03-14 15:09:26 UTC"],
    ],
    [
      "one in place of another",
      ([a, b, c]) => [a!, change(b!, { name: "other", checksum: "x" }), c!],
      ["0020-other.sql: has the number of 0020-n-2.sql, which is applied and gone"],
    ],
    [
      "one before the head",
      ([a, b, c]) => [a!, migration({ number: 15, name: "new", checksum: "x" }), b!, c!],
      ["0015-new.sql: was inserted before 0030-n-3.sql, which is applied: other databases ran without it"],
    ],
    [
      "a copy behind the head",
      ([a, b, c]) => [a!, b!, c!, migration({ number: 40, name: "copy", checksum: "c2" })],
      ["0040-copy.sql: is a copy of 0020-n-2.sql, which is applied"],
    ],
    [
      "a head that the files do not know",
      ([a, b]) => [a!, b!],
      ["0030-n-3.sql: is applied by m on 2026-03-14 15:09:26 UTC, and the files do not know it"],
    ],
    [
      "several at once",
      ([a, b]) => [
        change(a!, { checksum: "x" }),
        migration({ number: 15, name: "new", checksum: "y" }),
        change(b!, { name: "other" }),
      ],
      [
        "0010-n-1.sql: was edited after it was applied by m on 2026-03-14 15:09:26 UTC: c1 is now x",
        "0020-other.sql: was renamed: it is applied as 0020-n-2.sql by m on 2026-03-14 15:09:26 UTC",
        "0030-n-3.sql: is applied by m on 2026-03-14 15:09:26 UTC, and the files do not know it",
        "0015-new.sql: was inserted before 0030-n-3.sql, which is applied: other databases ran without it",
      ],
    ],
  ])("refuses %s by name", (_, meddle, expected) => {
    const all = files(3);
    const decision = upgrade(meddle(all), historyOf(all));
    expect(told(decision)).toEqual(expected);
    expect(decision.steps).toEqual([]);
    expect(told(downgrade(meddle(all), historyOf(all), "base"))).toEqual(expected);
  });

  test("names exactly the file that somebody touched, whichever it is", () => {
    const kinds = ["edit", "delete", "rename", "insert", "copy"] as const;
    const arbitrary = fc.integer({ min: 1, max: 12 }).chain((count) =>
      fc.record({
        count: fc.constant(count),
        applied: fc.integer({ min: 1, max: count }),
        kind: fc.constantFrom(...kinds),
        seed: fc.nat(),
      }),
    );
    fc.assert(
      fc.property(arbitrary, ({ count, applied, kind, seed }) => {
        const all = files(count);
        const at = seed % applied;
        const one = all[at]!;
        const touched: Record<typeof kind, [Migration[], string]> = {
          edit: [all.with(at, change(one, { checksum: "x" })), one.path],
          delete: [all.filter((other) => other !== one), one.path],
          rename: [all.with(at, change(one, { name: "other" })), `${directory}/${one.version}-other.sql`],
          insert: (() => {
            const added = migration({ number: Number(one.version) - 5, name: "added", checksum: "x" });
            return [all.toSpliced(at, 0, added), added.path];
          })(),
          copy: (() => {
            const added = migration({ number: 10 * count + 5, name: "copy", checksum: one.checksum });
            return [[...all, added], added.path];
          })(),
        };
        const [changed, path] = touched[kind];
        const { steps, problems } = upgrade(changed, historyOf(all.slice(0, applied)));
        expect(steps).toEqual([]);
        expect(problems.map((problem) => problem.path)).toEqual([path]);
      }),
    );
  });

  test("and a downgrade after it end where they are told to, from anywhere", () => {
    const arbitrary = fc.tuple(fc.integer({ min: 1, max: 10 }), fc.nat(), fc.nat(), fc.nat());
    fc.assert(
      fc.property(arbitrary, ([count, from, to, back]) => {
        const all = files(count);
        const start = historyOf(all.slice(0, from % (count + 1)));
        const target = Math.max(start.applied.length, 1 + (to % count));
        const up = upgrade(all, start, all[target - 1]!.version);
        const reached = after(start, up.steps);
        expect(reached.applied.map(fileNameOf)).toEqual(all.slice(0, target).map(fileNameOf));
        const keep = back % (target + 1);
        const goal = keep === 0 ? ("base" as const) : { to: all[keep - 1]!.name };
        const down = downgrade(all, reached, goal);
        expect(after(reached, down.steps).applied.map(fileNameOf)).toEqual(
          all.slice(0, keep).map(fileNameOf),
        );
        expect(named(downgrade(all, reached, { steps: target - keep }))).toEqual(named(down));
        expect([...up.problems, ...down.problems]).toEqual([]);
      }),
    );
  });
});

test("files are settled only where each of them is applied as it is, and nothing else is there", () => {
  const all = files(3);
  const read = all.map(({ file: name, path, checksum }) => ({ name, path, checksum, text: "" }));
  const at = (applied: Migration[], others: string[] = []) =>
    isSettled({ path: directory, files: read, others }, historyOf(applied));
  expect(at(all)).toBe(true);
  expect(at(all, [".gitkeep"])).toBe(true);
  expect(at(all, ["notes.txt"])).toBe(false);
  expect(at(all.slice(0, 2))).toBe(false);
  expect(at([...all, migration({ number: 40, name: "x", checksum: "x" })])).toBe(false);
  expect(at(all.with(1, migration({ number: 20, name: "n-2", checksum: "x" })))).toBe(false);
  expect(at(all.with(1, migration({ number: 20, name: "other", checksum: "c2" })))).toBe(false);
});

test("nor where a repeatable file is not applied as it is, or something of it is gone or left", () => {
  const file = {
    directory: "views" as const,
    name: "views/v.sql",
    path: "sql/views/v.sql",
    text: "",
    checksum: "c",
  };
  const record = { path: "views/v.sql", checksum: "c", objects: ["view app.v"], left: [], missing: [] };
  const when = { appliedAt: "2026-03-14T15:09:26.000Z", appliedBy: "m", durationMs: 1 };
  const at = (change: object, others: string[] = [], files = [file]) =>
    isSettled(
      { path: directory, files: [], others: [] },
      { applied: [], repeatables: [{ ...record, ...when, ...change }] },
      undefined,
      { files, others },
    );
  expect(at({})).toBe(true);
  expect(at({ checksum: "other" })).toBe(false);
  expect(at({ missing: ["view app.v"] })).toBe(false);
  expect(at({ left: ["view app.w"] })).toBe(false);
  expect(at({ path: "views/w.sql" })).toBe(false);
  expect(at({}, ["sql/views/x.txt"])).toBe(false);
  expect(at({}, [], [])).toBe(false);
});

describe("a downgrade", () => {
  test("takes back from the last one on", () => {
    const all = files(3);
    expect(named(downgrade(all, historyOf(all), { steps: 2 }))).toEqual(["down 0030", "down 0020"]);
    expect(named(downgrade(all, historyOf(all), { to: "20" }))).toEqual(["down 0030"]);
    expect(named(downgrade(all, historyOf(all), "base"))).toEqual(["down 0030", "down 0020", "down 0010"]);
    expect(named(downgrade(all, emptyHistory, "base"))).toEqual([]);
  });

  test("refuses what is irreversible with its reason, what is not applied, and more than there is", () => {
    const [a, b, c] = files(3) as [Migration, Migration, Migration];
    const all = [a, { ...b, irreversible: "the rows are gone", down: [] }, c];
    expect(told(downgrade(all, historyOf(all), "base"))).toEqual([
      "0020-n-2.sql: is irreversible: the rows are gone",
    ]);
    expect(named(downgrade(all, historyOf(all), { to: "20" }))).toEqual(["down 0030"]);
    expect(told(downgrade(all, historyOf([a]), { to: "30" }))).toEqual([
      "0030-n-3.sql: is not applied: a downgrade goes back to one that is",
    ]);
    expect(told(downgrade(all, historyOf([a]), { to: "no-such-name" }))).toEqual([
      "no-such-name: is no migration",
    ]);
    expect(told(downgrade(all, historyOf([a]), { steps: 2 }))).toEqual([
      "2 steps: are more than the 1 that are applied",
    ]);
  });
});
