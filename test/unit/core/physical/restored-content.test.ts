import { describe, expect, test } from "vitest";
import { changedTables, compareContent } from "../../../../components/core/physical/restored-content";

const restored = {
  roles: ["app", "old"],
  databases: [
    {
      name: "shop",
      migrationHead: "1",
      tables: [
        { name: "app.a", rows: "5" },
        { name: "app.gone", rows: "1" },
        { name: "app.locked", rows: null },
        { name: "app.same", rows: "2" },
      ],
    },
    { name: "was", migrationHead: null, tables: [] },
  ],
};
const live = {
  roles: ["app", "new"],
  databases: [
    { name: "made", migrationHead: null, tables: [{ name: "public.x", rows: "1" }] },
    {
      name: "shop",
      migrationHead: "2",
      tables: [
        { name: "app.a", rows: "7" },
        { name: "app.locked", rows: null },
        { name: "app.new", rows: "3" },
        { name: "app.same", rows: "2" },
      ],
    },
  ],
};

describe("what a restore changes", () => {
  const { databases, roles } = compareContent(restored, live);

  test("is told by database", () => {
    expect(databases.map(({ name, on }) => [name, on])).toEqual([
      ["made", "live"],
      ["shop", "both"],
      ["was", "restored"],
    ]);
    expect(databases[1]?.migrationHead).toEqual({ restored: "1", live: "2" });
  });

  test("is told by table, where anything of it is another", () => {
    const [, shop] = databases;
    expect(shop && changedTables(shop)).toEqual([
      { name: "app.a", restored: "5", live: "7" },
      { name: "app.gone", restored: "1", live: null },
      { name: "app.locked", restored: "?", live: "?" },
      { name: "app.new", restored: null, live: "3" },
    ]);
  });

  test("is told of roles", () => {
    expect(roles).toEqual({ lost: ["new"], back: ["old"] });
  });
});
