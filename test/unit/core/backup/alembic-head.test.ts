import { describe, expect, test } from "vitest";
import { compareHeads, renderHeads, renderVersions } from "../../../../components/core/backup/alembic-head";

const at = (...versions: readonly string[]) => ({ schema: "app", table: "alembic_version", versions });

describe("the head of an Alembic history", () => {
  test("is shown beside that of our own runner, and alone", () => {
    expect(renderHeads({ migrationHead: "0007", alembic: [at("a1"), at("b2", "c3")] })).toBe(
      "0007, a1, b2, c3",
    );
    expect(renderHeads({ migrationHead: null, alembic: [at("a1")] })).toBe("a1");
    expect(renderHeads({ migrationHead: "0007" })).toBe("0007");
    expect(renderHeads({ migrationHead: null, alembic: [at()] })).toBeNull();
    expect(renderHeads({ migrationHead: null, alembic: null })).toBeNull();
  });

  test("differs where a table is elsewhere, is there on one side alone, and never where nothing is known", () => {
    expect(compareHeads([at("a1")], [at("a1")])).toEqual([]);
    expect(compareHeads(undefined, [at("a1")])).toEqual([]);
    expect(compareHeads([at("a1")], [at("b2")])).toEqual([
      { table: "app.alembic_version", backup: ["a1"], now: ["b2"] },
    ]);
    expect(compareHeads([], [at()])).toEqual([{ table: "app.alembic_version", backup: null, now: [] }]);
    expect(compareHeads([at("a1")], [])).toEqual([
      { table: "app.alembic_version", backup: ["a1"], now: null },
    ]);
  });

  test("is told in words", () => {
    expect([null, [], ["a1", "b2"]].map(renderVersions)).toEqual([
      "not there",
      "before the first revision",
      "at a1, b2",
    ]);
  });
});
