import { describe, expect, test } from "vitest";
import { decideDeclared } from "../../../../components/core/migrations/decide-declared";
import { changesSince, headOf, noteSteps } from "../../../../components/core/migrations/head-notes";
import type { MigrationHistory } from "../../../../components/core/migrations/history";
import type { Migration } from "../../../../components/core/migrations/migration";
import { isSettled } from "../../../../components/core/migrations/settled";
import { directory, files, historyOf, named, told } from "./decided";

const all = files(3);
const decide = (applied: number, target?: string, downgrade: "allow" | "refuse" = "refuse") =>
  decideDeclared(
    { migrations: all, history: historyOf(all.slice(0, applied)), directory, digest: (text) => text },
    { ...(target === undefined ? {} : { target }), downgrade },
  );

describe("a declared target", () => {
  test("is the last file where none is said", () => {
    expect(named(decide(1))).toEqual(["up 0020", "up 0030"]);
  });

  test("ends an upgrade, and base allows none", () => {
    expect(named(decide(1, "20"))).toEqual(["up 0020"]);
    expect(named(decide(0, "base"))).toEqual([]);
    expect(decide(0, "base").problems).toEqual([]);
  });

  test("below the head takes nothing back without the word, and all of it with the word", () => {
    expect(named(decide(3, "10"))).toEqual([]);
    expect(decide(3, "10")).toMatchObject({
      problems: [],
      above: [{ version: "0020" }, { version: "0030" }],
    });
    expect(noteSteps(decide(3, "10"), { target: "10", downgrade: "refuse" })).toEqual([
      expect.stringMatching(
        /^0020-n-2\.sql, 0030-n-3\.sql are applied above the target 10; `migrate downgrade 10`/,
      ),
    ]);
    expect(named(decide(3, "10", "allow"))).toEqual(["down 0030", "down 0020"]);
    expect(named(decide(2, "base", "allow"))).toEqual(["down 0020", "down 0010"]);
  });

  test("that there is not is told", () => {
    expect(told(decide(1, "99"))).toEqual(["99: is no migration"]);
  });
});

describe("what changed since the last run", () => {
  const names = all.map(({ file }) => file);
  const found = (history: MigrationHistory, digest = "d") => ({ history, names, digest });
  const of = (applied: number): MigrationHistory => historyOf(all.slice(0, applied));
  const known = headOf(found(of(2)));

  test("is nothing where nothing did, and where there was none", () => {
    expect(changesSince(known, found(of(2)), {})).toEqual({ differs: [], notes: [] });
    expect(changesSince(undefined, found(of(2)), {})).toEqual({ differs: [], notes: [] });
  });

  test("has the names of what was taken back and of what was applied", () => {
    expect(changesSince(known, found(of(0), "e"), {}).notes).toEqual(
      ["0010-n-1.sql", "0020-n-2.sql"].map(
        (name) => `${name} was applied at the last \`up\`, and was taken back since`,
      ),
    );
    expect(changesSince(known, found(of(3), "e"), {})).toEqual({
      differs: ["head", "applied", "digest"],
      notes: ["0030-n-3.sql was applied since the last `up`, by m on 2026-03-14 15:09:26 UTC"],
    });
  });

  test("is a record, where neither the head nor the number did", () => {
    const { differs, notes } = changesSince(known, found(of(2), "e"), {});
    expect(differs).toEqual(["digest"]);
    expect(notes).toEqual([expect.stringContaining("a record of the history was changed")]);
  });

  test("is nothing where the database is at the target that is declared", () => {
    expect(changesSince(known, found(of(1), "e"), { target: "10" })).toEqual({ differs: [], notes: [] });
    expect(changesSince(known, found(of(0), "e"), { target: "base" }).differs).toEqual([]);
    expect(changesSince(known, found(of(1), "e"), { target: "20" }).differs).not.toEqual([]);
  });
});

test("names and checksums tell all up to a target, and nothing where they do not", () => {
  const settled = (applied: readonly Migration[], target?: string): boolean =>
    isSettled(
      {
        path: directory,
        files: all.map(({ file, checksum }) => ({ name: file, path: file, text: "", checksum })),
        others: [],
      },
      historyOf(applied),
      target,
    );
  expect(settled(all)).toBe(true);
  expect(settled(all.slice(0, 2), "20")).toBe(true);
  expect(settled([], "base")).toBe(true);
  expect(settled(all.slice(0, 2))).toBe(false);
  expect(settled(all, "20")).toBe(false);
  expect(settled(all.slice(0, 2), "nowhere")).toBe(false);
});
