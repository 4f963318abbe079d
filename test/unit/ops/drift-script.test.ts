import { expect, test } from "vitest";
import type { DriftItem } from "../../../infra/ops/drift/drift-item";
import { mendScript } from "../../../infra/ops/drift/script";

const items: readonly DriftItem[] = [
  {
    kind: "column",
    resource: "Schema shop",
    subject: "column app.t.a",
    message: "is there",
    mend: [{ sql: "ALTER TABLE app.t\n  DROP COLUMN a", class: "data-loss", place: 1 }],
  },
  {
    kind: "view",
    resource: "Schema shop",
    subject: "view app.v",
    message: "definition",
    mend: [{ sql: "DROP VIEW app.v", class: "breaking", place: 0 }],
  },
  { kind: "owner", resource: "Access shop", message: "other", sql: "ALTER TABLE x OWNER TO y" },
];

test("the script has its statements in the order in which they can run, and no loss without its word", () => {
  const careful = mendScript(items, { allowDataLoss: false });
  expect(careful).toContain("DROP VIEW app.v;  -- breaking\n\n-- column app.t.a: is there\n");
  expect(careful).toContain("-- ALTER TABLE app.t\n--   DROP COLUMN a;\n");
  expect(careful).not.toContain("OWNER TO");
  expect(mendScript(items, { allowDataLoss: true })).toContain(
    "\nALTER TABLE app.t\n  DROP COLUMN a;  -- data-loss\n",
  );
});

test("without anything to mend there is no script", () => {
  expect(mendScript(items.slice(2), { allowDataLoss: true })).toBe("");
});
