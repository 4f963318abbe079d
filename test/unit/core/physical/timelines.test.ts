import { describe, expect, test } from "vitest";
import {
  firstTimeline,
  isOnTimeline,
  knownTimelines,
  parseHistory,
  timelineAt,
} from "../../../../components/core/physical/timelines";
import { historyFiles, parseRepositoryList } from "../../../../components/core/physical/repository-list";

const second = { id: 2, since: 100, parents: parseHistory("1\t0/406D300\tbefore 2026-11-22 02:11:37+00\n") };
// An undo: the first line goes on where it was left.
const third = { id: 3, since: 200, parents: [{ id: 1, end: "1/0" }] };
const lines = [firstTimeline, second, third];

describe("lines of the log", () => {
  test("are read from their histories", () => {
    expect(second.parents).toEqual([{ id: 1, end: "0/406D300" }]);
    expect(parseHistory("# a remark\n\n1\t0/1\tx\n2\tA/FF\ty\n")).toEqual([
      { id: 1, end: "0/1" },
      { id: 2, end: "A/FF" },
    ]);
  });

  test.each([
    [-5, 1],
    [99, 1],
    [100, 2],
    [199, 2],
    [200, 3],
  ])("at %i the server was on line %i", (moment, id) => {
    expect(timelineAt(lines, moment).id).toBe(id);
  });

  test("a backup leads along its own line, and along those that left it after its end", () => {
    const early = { timeline: 1, stopLsn: "0/406D300" };
    const late = { timeline: 1, stopLsn: "0/406D301" };
    expect([isOnTimeline(early, firstTimeline), isOnTimeline(late, firstTimeline)]).toEqual([true, true]);
    expect([isOnTimeline(early, second), isOnTimeline(late, second)]).toEqual([true, false]);
    expect(isOnTimeline(late, third)).toBe(true);
    expect(isOnTimeline({ timeline: 2, stopLsn: "0/1" }, third)).toBe(false);
    expect(isOnTimeline({ timeline: 1 }, second)).toBe(false);
  });

  test("one whose history is gone is known by its backups", () => {
    const known = knownTimelines({ timelines: [firstTimeline] }, [{ timeline: 4, startedAt: 300 }]);
    expect(known.map(({ id }) => id)).toEqual([1, 4]);
    expect(timelineAt(known, 301)).toEqual({ id: 4, since: 300, parents: [] });
  });

  test("are found in the list of a repository by their files", () => {
    const text =
      '{".":{"type":"path"},"0000000A.history":{"type":"file","size":1,"time":7},"0000000100000000":{"type":"path"}}';
    expect(historyFiles(parseRepositoryList(text))).toEqual([
      { id: 10, name: "0000000A.history", since: 7_000 },
    ]);
    expect(() => parseRepositoryList("nothing")).toThrow("cannot be understood");
  });
});
