import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  backupFiles,
  newBackupName,
  parseBackupName,
  renderBackupName,
} from "../../../../components/core/backup/name";

const takenAt = Date.parse("2026-11-21T02:00:00Z");

describe("the name of a backup", () => {
  test("says database, kind and time", () => {
    expect(renderBackupName({ database: "shop", kind: "full", takenAt })).toBe("shop_full_20261121_020000");
  });

  test("comes back from any name of a database, and is a name of one file", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme", minLength: 1, maxLength: 60 }), (database) => {
        fc.pre(!/\p{Surrogate}/u.test(database));
        const name = renderBackupName({ database, kind: "full", takenAt });
        expect(name).toMatch(/^[A-Za-z0-9_%-]+$/);
        expect(parseBackupName(name)).toEqual({ database, kind: "full", takenAt });
      }),
    );
  });

  test.each([
    "shop",
    "shop_full_20261121_020000.partial",
    "shop_full_20261121_020000.removed",
    "shop_full_20261321_020000",
    "shop_other_20261121_020000",
    "../x_full_20261121_020000",
    "%zz_full_20261121_020000",
    "lost+found",
  ])("is not %s", (text) => {
    expect(parseBackupName(text)).toBeUndefined();
  });

  test("is another one for a backup that begins in the same second", () => {
    const first = newBackupName("shop", takenAt, []);
    expect(newBackupName("shop", takenAt, [first])).toBe("shop_full_20261121_020001");
    expect(newBackupName("shop", takenAt, [`${first}.partial`])).toBe("shop_full_20261121_020001");
  });

  test("is in the names of plain files, as scripts know them", () => {
    expect(backupFiles("plain", { database: "shop", kind: "full", takenAt })).toEqual({
      dump: "shop_full_20261121_020000.sql.gz",
      globals: "shop_globals_20261121_020000.sql.gz",
      schema: "shop_schema_20261121_020000.sql.gz",
    });
  });
});
