import { describe, expect, test } from "vitest";
import {
  findNewStatements,
  findRegressions,
  findSlowStatements,
  judgeRegressions,
  renderMs,
  topStatements,
  type StatementFigures,
} from "../../../../components/core/operations/statements";

function statement(change: Partial<StatementFigures> = {}): StatementFigures {
  const { calls = 100, meanMs = 10 } = change;
  return {
    database: "shop",
    role: "app",
    queryId: "1",
    topLevel: true,
    text: "SELECT $1",
    calls,
    totalMs: calls * meanMs,
    meanMs,
    deviationMs: 0,
    maxMs: null,
    share: 1,
    rows: calls,
    rowsPerCall: 1,
    hitRatio: 1,
    blocksRead: 0,
    blocksWritten: 0,
    tempBytes: 0,
    ioMs: 0,
    walBytes: 0,
    ...change,
  };
}

describe("statements that got slower", () => {
  const compare = (before: Partial<StatementFigures>, after: Partial<StatementFigures>) =>
    findRegressions([statement(before)], [statement(after)]);

  test("are those whose mean has grown, at enough calls of both spans", () => {
    expect(compare({ meanMs: 10 }, { meanMs: 16 })).toMatchObject([{ factor: 1.6, addedMs: 600 }]);
    expect(compare({ meanMs: 10 }, { meanMs: 14 })).toEqual([]);
    expect(compare({ meanMs: 10, calls: 19 }, { meanMs: 100 })).toEqual([]);
    expect(compare({ meanMs: 10 }, { meanMs: 100, calls: 19 })).toEqual([]);
    expect(compare({ meanMs: 10, role: "other" }, { meanMs: 100 })).toEqual([]);
    expect(compare({ meanMs: 10, topLevel: false }, { meanMs: 100 })).toEqual([]);
    expect(compare({ meanMs: 10, queryId: null }, { meanMs: 100, queryId: null })).toEqual([]);
  });

  test("come with what costs most first, and without what costs nothing", () => {
    const before = ["1", "2", "3"].map((queryId) => statement({ queryId }));
    const after = [
      statement({ queryId: "1", meanMs: 20 }),
      statement({ queryId: "2", meanMs: 200 }),
      statement({ queryId: "3", meanMs: 40, calls: 20_000 }),
    ];
    const found = findRegressions(before, after);
    expect(found.map(({ after: { queryId } }) => queryId)).toEqual(["3", "2"]);
    expect(judgeRegressions(found, after).map(({ subject }) => subject)).toEqual(["statement 3 of shop"]);
  });

  test("are no finding where it is about milliseconds", () => {
    const [before, after] = [[statement({ meanMs: 0.1 })], [statement({ meanMs: 1 })]];
    const found = findRegressions(before, after);
    expect(found).toHaveLength(1);
    expect(judgeRegressions(found, after)).toEqual([]);
  });

  test("are told apart from new ones", () => {
    const after = [statement(), statement({ queryId: "2" }), statement({ queryId: "3", meanMs: 0.001 })];
    expect(findNewStatements([statement()], after).map(({ queryId }) => queryId)).toEqual(["2"]);
  });
});

describe("slow statements", () => {
  const find = (change: Partial<StatementFigures>) =>
    findSlowStatements([statement(change)], { slowQuery: 1 });

  test("are those over the threshold, at enough calls", () => {
    expect(find({ meanMs: 1_001 })).toMatchObject([{ message: "takes 1.0 s on average, in 100 calls" }]);
    expect(find({ meanMs: 1_000 })).toEqual([]);
    expect(find({ meanMs: 9_999, calls: 19 })).toEqual([]);
  });

  test.each([
    "VACUUM orders",
    "COPY orders TO stdout",
    "CREATE INDEX CONCURRENTLY i ON t (a)",
    "REFRESH MATERIALIZED VIEW v",
  ])("are not what maintains: %s", (text) => {
    expect(find({ text, meanMs: 60_000 })).toEqual([]);
  });
});

test("statements are put in order by what is asked for", () => {
  const all = [
    statement({ queryId: "1", calls: 1, meanMs: 900 }),
    statement({ queryId: "2", calls: 1_000, meanMs: 1 }),
    statement({ queryId: "3", calls: 10, meanMs: 1, tempBytes: 1 }),
    statement({ queryId: null, calls: 1e9, meanMs: 1e9 }),
  ];
  const first = (by: Parameters<typeof topStatements>[1]) => topStatements(all, by, 1)[0]?.queryId;
  expect([first("total"), first("mean"), first("calls"), first("temp"), first("wal")]).toEqual([
    "2",
    "1",
    "2",
    "3",
    undefined,
  ]);
});

test("times are told with three figures at most", () => {
  expect([0.123, 1.26, 12.6, 999, 1_260, 60_000, 660_000, 4e7].map(renderMs)).toEqual([
    "0.12 ms",
    "1.3 ms",
    "13 ms",
    "999 ms",
    "1.3 s",
    "60 s",
    "11 min",
    "11 h",
  ]);
});
