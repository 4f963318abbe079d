import { describe, expect, test } from "vitest";
import {
  findPrevious,
  neededBytes,
  nextGeneration,
  oldGenerations,
  parseDataVolume,
  planSettling,
  type DataVolume,
  type RestoreRecord,
} from "../../../../components/core/physical/generations";

const record: RestoreRecord = {
  generation: 2,
  from: 1,
  kind: "restore",
  target: 5,
  step: "made",
  madeAt: 6,
};

function volume(
  current: number,
  second?: Partial<RestoreRecord>,
  halves: readonly string[] = [],
): DataVolume {
  const restore = second === undefined ? {} : { restore: { ...record, ...second } };
  return {
    current,
    halves,
    freeBytes: 10,
    generations: [
      { number: 1, bytes: 1 },
      { number: 2, bytes: 2, ...restore },
    ],
  };
}

const nothing = { remove: [], leave: [], start: false };

describe("a data volume", () => {
  test("is read from its listing; a record that was cut off is none", () => {
    const text = `current 2\nfree 77\ngeneration 2 20\ngeneration 1 10\nhalf 3.partial\nrecord ${JSON.stringify(record)}\nrecord {"gen`;
    expect(parseDataVolume(text)).toEqual({
      current: 2,
      freeBytes: 77,
      halves: ["3.partial"],
      generations: [
        { number: 1, bytes: 10 },
        { number: 2, bytes: 20, restore: record },
      ],
    });
    expect(parseDataVolume("free 1\n").current).toBeUndefined();
  });

  test("gets generations by the next number, never by one that is half made", () => {
    expect(nextGeneration(volume(1))).toBe(3);
    expect(nextGeneration(volume(1, undefined, ["7.partial"]))).toBe(8);
  });

  test("has a generation before, and older ones", () => {
    expect(findPrevious(volume(2, { step: "done" }))?.number).toBe(1);
    expect(findPrevious(volume(1))).toBeUndefined();
    expect(oldGenerations(volume(2)).map(({ number }) => number)).toEqual([1]);
  });

  test("needs more room than the backup is large", () => {
    expect(neededBytes(1e9)).toBeGreaterThan(1.1e9);
  });
});

describe("what a killed run has left", () => {
  test("is nothing where none was killed", () => {
    expect(planSettling(volume(1), false)).toEqual(nothing);
    expect(planSettling(volume(2, { step: "done" }), false)).toEqual(nothing);
    expect(planSettling(volume(1, { step: "done" }), false)).toEqual(nothing);
  });

  test("is taken away where nothing was put in place, and the server is not touched", () => {
    expect(planSettling(volume(1, { step: "made" }, ["3.partial"]), false)).toEqual({
      ...nothing,
      remove: ["3.partial", "2"],
    });
  });

  test("stays where it is kept to be looked into", () => {
    expect(planSettling(volume(1, { step: "made" }), true)).toEqual(nothing);
  });

  test("is taken away, and the server started, where it was to be stopped", () => {
    expect(planSettling(volume(1, { step: "swapping" }), false)).toEqual({
      ...nothing,
      remove: ["2"],
      start: true,
    });
  });

  test("is brought to its end once the link leads to it", () => {
    const { finish, ...rest } = planSettling(volume(2, { step: "swapping" }), false);
    expect(finish?.generation).toBe(2);
    expect(rest).toEqual(nothing);
  });

  test("never takes an older generation away that was to be taken again", () => {
    expect(planSettling(volume(1, { step: "swapping", kind: "undo" }), false)).toEqual({
      ...nothing,
      leave: [2],
      start: true,
    });
  });
});
