import { expect, test } from "vitest";
import type { BackedUpTable, BackupManifest } from "../../../../components/core/backup/manifest";
import { compareFacts, type RestoredTable } from "../../../../components/core/restore/compare";

const table = (name: string, rows: string | null, kind: "r" | "p" = "r"): BackedUpTable => ({
  ...{ oid: 1, schema: "app", name, kind, rows },
});

function faults(tables: readonly BackedUpTable[], found: readonly RestoredTable[]): string[] {
  const snapshot = { tables, extensions: [], roles: [], alembic: [] };
  const manifest = { snapshot } as unknown as BackupManifest;
  return compareFacts(manifest, { tables: found, extensions: [], roles: [], alembic: [] });
}

const parts = [table("moods", null, "p"), table("moods_0", "6"), table("moods_1", "9"), table("others", "3")];

test("rows may be in another partition of the same table where they are spread by hash", () => {
  const hashed = (name: string, rows: string): RestoredTable => ({ ...table(name, rows), hashed: "77" });
  const [parent, , , other] = parts as [BackedUpTable, BackedUpTable, BackedUpTable, BackedUpTable];
  expect(faults(parts, [parent, hashed("moods_0", "15"), hashed("moods_1", "0"), other])).toEqual([]);
  expect(faults(parts, [parent, hashed("moods_0", "6"), hashed("moods_1", "8"), other])).toEqual([
    "table app.moods_1 has 8 rows, and the backup has 9",
  ]);
  expect(faults(parts, [parent, hashed("moods_0", "15"), other])).toEqual([
    "table app.moods_0 has 15 rows, and the backup has 6",
    "table app.moods_1 is missing",
  ]);
});

test("rows in another partition are a fault where nothing is spread by hash", () => {
  const [parent, , , other] = parts as [BackedUpTable, BackedUpTable, BackedUpTable, BackedUpTable];
  expect(faults(parts, [parent, table("moods_0", "15"), table("moods_1", "0"), other])).toHaveLength(2);
});
