import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  parseManifest,
  renderManifest,
  type BackupManifest,
} from "../../../../components/core/backup/manifest";

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");

const manifest: BackupManifest = {
  name: "shop_full_20261121_020000",
  kind: "full",
  database: "shop",
  dumpFormat: "directory",
  version: "0.1.0",
  stack: "prod",
  startedAt: "2026-11-21T02:00:00.000Z",
  endedAt: "2026-11-21T02:00:04.000Z",
  snapshot: {
    takenAt: "2026-11-21T02:00:01.000Z",
    serverVersion: "17.10",
    systemIdentifier: "7460000000000000001",
    lsn: "0/19D9A28",
    role: "postgres",
    encoding: "UTF8",
    locale: { provider: "libc", collate: "C", ctype: "C.UTF-8", name: null },
    extensions: [{ name: "plpgsql", version: "1.0" }],
    migrationHead: { version: "2", name: "index" },
    roles: [{ name: "shop_app", hasPassword: true }],
    tables: [{ oid: 16_400, schema: "app", name: "orders", kind: "r", rows: "12345678901234567890" }],
  },
  tools: { version: "17.10" },
  passwords: true,
  warnings: [],
  files: [{ path: "dump/toc.dat", bytes: 10, sha256: "0".repeat(64) }],
};
const text = renderManifest(manifest, sha256);

describe("a manifest", () => {
  test("comes back as it was written", () => {
    expect(parseManifest(text, manifest.name, sha256)).toEqual(manifest);
  });

  test("shows every byte that was changed, white space as well", () => {
    const bytes = Buffer.from(text);
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, change) => {
        const damaged = Buffer.from(bytes);
        damaged[at] = (damaged[at] ?? 0) ^ change;
        expect(() => parseManifest(damaged.toString("utf8"), manifest.name, sha256)).toThrow();
      }),
      { numRuns: 2_000 },
    );
  });

  test("shows that it was cut off", () => {
    for (const length of [0, 1, text.length - 1, Math.floor(text.length / 2)]) {
      expect(() => parseManifest(text.slice(0, length), manifest.name, sha256)).toThrow("damaged");
    }
  });

  test("of another version is refused by name, and not taken for damaged", () => {
    const other = text.replace('"format": 1', '"format": 2');
    expect(() => parseManifest(other, manifest.name, sha256)).toThrow(
      "is in format 2; this pgstead reads format 1",
    );
  });

  test("of another backup is refused", () => {
    expect(() => parseManifest(text, "shop_full_20261122_020000", sha256)).toThrow(
      "is that of shop_full_20261121_020000",
    );
  });
});
