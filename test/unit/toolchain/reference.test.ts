import { describe, expect, test } from "vitest";
import { parse } from "yaml";
import { renderBlocks, replaceBlock } from "../../../infra/toolchain/reference/reference-blocks";

const [project, readme] = renderBlocks();

describe("the generated reference", () => {
  test("declares every key to Pulumi with type, default and description", () => {
    const { config } = parse(project!.text) as { config: Record<string, Record<string, unknown>> };
    expect(Object.keys(config)).toEqual(
      [
        "target",
        "disposable",
        "protect",
        "allowDataLoss",
        "scratch",
        "server",
        "docker",
        "monitoring",
        "backup",
        "drift",
        "security",
        "database",
        "roles",
        "migrations",
        "audit",
        "databases",
      ].map((key) => `pgstead:${key}`),
    );
    for (const entry of Object.values(config)) {
      // A key without a default would be required.
      expect(entry).toMatchObject({
        type: expect.any(String) as string,
        description: expect.any(String) as string,
      });
      expect(entry.default).not.toBeUndefined();
      expect(entry.default).not.toBeNull();
    }
  });

  test("has a row for a key at every depth", () => {
    const rows = [
      "`pgstead:server`",
      "`port`",
      "`passwordVersion`",
      "`template`",
      "`version`",
      "`validUntil`",
    ];
    for (const row of rows) expect(readme!.text).toContain(`\n| ${row}`);
  });

  test("has a table for every key that is a map", () => {
    const { config } = parse(project!.text) as { config: Record<string, { type: string }> };
    const maps = Object.entries(config).filter(([, { type }]) => type === "object");
    const headings = readme!.text.split("\n").filter((line) => line.startsWith("### "));
    const without = maps.filter(
      ([key]) => !headings.some((line) => [key, key.slice(8)].some((name) => line.includes(`\`${name}\``))),
    );
    expect(maps.length).toBeGreaterThan(5);
    expect(without).toEqual([]);
  });

  test("says nothing of undefined", () => {
    expect(readme!.text).not.toContain("undefined");
    expect(project!.text).not.toContain("undefined");
  });
});

describe("the block between the markers", () => {
  const block = { file: "a.md", begin: "<!-- begin -->\n", end: "<!-- end -->\n", text: "new\n" };

  test("is replaced, and nothing else", () => {
    const text = "before\n<!-- begin -->\nold\n<!-- end -->\nafter\n";
    expect(replaceBlock(text, block)).toBe("before\n<!-- begin -->\nnew\n<!-- end -->\nafter\n");
  });

  test.each(["", "<!-- begin -->\n", "<!-- end -->\n<!-- begin -->\n"])(
    "has to have both markers: %j",
    (text) => {
      expect(() => replaceBlock(text, block)).toThrow("the markers of the generated part are missing");
    },
  );
});
