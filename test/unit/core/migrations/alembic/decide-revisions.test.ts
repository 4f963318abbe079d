import { describe, expect, test } from "vitest";
import {
  appliedRevisions,
  compareRevisions,
  decideRevisions,
  decideRevisionsBack,
} from "../../../../../components/core/migrations/alembic/decide-revisions";
import type { RevisionDecision } from "../../../../../components/core/migrations/alembic/decide-revisions";
import { decideTarget } from "../../../../../components/core/migrations/alembic/decide-target";
import { inRunningOrder } from "../../../../../components/core/migrations/alembic/revision";
import { revision, state } from "./revisions";

const ids = ({ steps }: RevisionDecision): string[] => steps.map((step) => step.revision);
const says = ({ problems }: RevisionDecision): string[] =>
  problems.map(({ path, message }) => `${path}: ${message}`);

describe("an upgrade", () => {
  test.each([
    [undefined, ["cccc", "dddd"]],
    ["head", ["cccc", "dddd"]],
    ["heads", ["cccc", "dddd"]],
    ["cccc", ["cccc"]],
    ["cccc_cccc.py", ["cccc"]],
    ["versions/cccc_cccc.py", ["cccc"]],
    ["+1", ["cccc"]],
    ["+9", ["cccc", "dddd"]],
    ["bbbb", []],
  ])("to %s runs %j", (target, steps) => {
    expect(ids(decideRevisions(state(), target))).toEqual(steps);
  });

  test("takes the beginning of an id, as Alembic does, where it means one", () => {
    const revisions = [revision("abcd22", ["abcd11"]), revision("abcd11")];
    const given = state({ revisions, heads: ["abcd22"], current: [], records: [] });
    expect(ids(decideRevisions(given, "abcd1"))).toEqual(["abcd11"]);
    expect(says(decideRevisions(given, "abcd"))).toEqual([
      "abcd: is no revision, or the beginning of several",
    ]);
    expect(says(decideRevisions(given, "abc"))).toEqual(["abc: is no revision, or the beginning of several"]);
  });

  test("does not go back, and says which command does", () => {
    const decided = decideRevisions(state(), "aaaa");
    expect(says(decided)).toEqual(["versions/aaaa_aaaa.py: is behind bbbb, which is applied"]);
    expect(decided.problems[0]?.hint).toContain("migrate downgrade aaaa");
  });

  test("asks which of several heads comes first, and runs the one that is named", () => {
    const revisions = [revision("eeee", ["bbbb"]), ...state().revisions];
    const given = state({ revisions, heads: ["dddd", "eeee"] });
    expect(says(decideRevisions(given))).toEqual([
      "versions/dddd_dddd.py, versions/eeee_eeee.py: are 2 heads: which one comes first is not said",
    ]);
    expect(ids(decideRevisions(given, "eeee"))).toEqual(["eeee"]);
  });

  test("runs a branch that is missing before its merge, and what a revision depends on before it", () => {
    const revisions = [
      revision("ffff", ["dddd", "eeee"]),
      revision("eeee", ["bbbb"], { depends: ["cccc"] }),
      ...state().revisions,
    ];
    expect(ids(decideRevisions(state({ revisions, heads: ["ffff"] })))).toEqual([
      "cccc",
      "eeee",
      "dddd",
      "ffff",
    ]);
    expect(ids(decideRevisions(state({ revisions, heads: ["ffff"], current: ["dddd"] })))).toEqual([
      "eeee",
      "ffff",
    ]);
  });
});

describe("what is applied is frozen", () => {
  test("an edited file is told, and nothing runs", () => {
    const given = state({
      revisions: state().revisions.map((one) =>
        one.revision === "aaaa" ? { ...one, checksum: "other" } : one,
      ),
    });
    const message =
      "versions/aaaa_aaaa.py: was edited after it was applied by shop_migrator on 2026-03-14 15:09:26 UTC: sum of aaaa is now other";
    expect(says({ steps: [], problems: compareRevisions(given) })).toEqual([message]);
    expect(decideRevisions(given)).toMatchObject({ steps: [], problems: { length: 1 } });
    expect(decideRevisionsBack(given, "base")).toMatchObject({ steps: [], problems: { length: 1 } });
  });

  test("a version that no file has is told", () => {
    expect(says(decideRevisions(state({ current: ["zzzz"] })))).toEqual([
      "zzzz: is what the database is at, and no file has it",
    ]);
  });

  test("what Alembic applied without ours is applied, and nobody knows by whom", () => {
    expect(appliedRevisions(state({ records: [] }))).toMatchObject([
      { version: "aaaa", name: "aaaa_aaaa.py", origin: "elsewhere", checksum: "", appliedBy: "" },
      { version: "bbbb" },
    ]);
    expect(compareRevisions(state({ records: [] }))).toEqual([]);
  });
});

describe("a downgrade", () => {
  const applied = state({ current: ["dddd"] });

  test.each([
    ["base", ["dddd", "cccc", "bbbb", "aaaa"]],
    [{ steps: 2 }, ["dddd", "cccc"]],
    [{ to: "bbbb" }, ["dddd", "cccc"]],
    [{ to: "dddd" }, []],
  ] as const)("to %j takes back %j", (target, steps) => {
    expect(ids(decideRevisionsBack(applied, target))).toEqual(steps);
  });

  test.each([
    [{ steps: 5 }, "5 steps: are more than the 4 that are applied"],
    [{ to: "nothing" }, "nothing: is no revision, or the beginning of several"],
  ])("to %j is refused", (target, message) => {
    expect(says(decideRevisionsBack(applied, target))).toEqual([message]);
  });

  test("goes back to nothing that is not applied", () => {
    expect(says(decideRevisionsBack(state(), { to: "cccc" }))).toEqual([
      "versions/cccc_cccc.py: is not applied: a downgrade goes back to one that is",
    ]);
  });

  test("does not choose between the ends of a merge, nor between heads", () => {
    const revisions = [revision("ffff", ["dddd", "eeee"]), revision("eeee", ["bbbb"]), ...state().revisions];
    expect(says(decideRevisionsBack(state({ revisions, current: ["ffff"] }), { steps: 1 }))).toEqual([
      "versions/ffff_ffff.py: is a merge: its way back has several ends",
    ]);
    expect(says(decideRevisionsBack(state({ revisions, current: ["dddd", "eeee"] }), { steps: 1 }))).toEqual([
      "dddd, eeee: the database is at 2 heads",
    ]);
  });
});

test("revisions that stand on each other are none", () => {
  expect(() => inRunningOrder([revision("aaaa", ["bbbb"]), revision("bbbb", ["aaaa"])])).toThrow(
    "revisions that stand on each other",
  );
});

describe("the target of a stack", () => {
  const decide = (target: string | undefined, to?: string, current = ["bbbb"]) => {
    const { steps, problems, held, above } = decideTarget(state({ current }), target, to);
    return {
      steps: steps.map(({ revision: id }) => id),
      problems: problems.map(({ message }) => message),
      held,
      above,
    };
  };
  const nothing = { steps: [], problems: [], held: [], above: [] };

  test("is how far a run goes, and what is behind it is held back", () => {
    expect(decide(undefined)).toEqual({ ...nothing, steps: ["cccc", "dddd"] });
    expect(decide("cccc")).toEqual({ ...nothing, steps: ["cccc"], held: ["dddd_dddd.py"] });
  });

  test("takes nothing back: what is applied above it is told", () => {
    expect(decide("aaaa")).toMatchObject({ steps: [], problems: [], above: ["bbbb_bbbb.py"] });
    expect(decide("base")).toMatchObject({
      steps: [],
      problems: [],
      above: ["aaaa_aaaa.py", "bbbb_bbbb.py"],
    });
  });

  test("is not passed by somebody who names a later revision", () => {
    expect(decide("cccc", "dddd")).toMatchObject({
      steps: [],
      problems: ["is above the target of the stack, cccc"],
    });
    expect(decide("dddd", "cccc")).toMatchObject({ steps: ["cccc"], problems: [] });
  });

  test("that nobody knows is told", () => {
    expect(decide("zzzz")).toMatchObject({ problems: ["is no revision, or the beginning of several"] });
  });
});
